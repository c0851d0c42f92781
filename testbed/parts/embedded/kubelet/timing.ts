/** How slow the kubelet is here. The real one's figures, for comparison: relist 1 s, back-offs 10 s to 5 min. */
export interface KubeletTiming {
  /** From a container's end or start to its status. */
  readonly relistMs: number;
  /** First wait after a failed pull, mount or start; doubles up to ten times this. */
  readonly backoffMs: number;
  /** Real: spec.terminationGracePeriodSeconds. Graces here are cut to this, so that tests need not wait. */
  readonly longestGraceMs: number;
}

export const QUICK_TIMING: KubeletTiming = { relistMs: 20, backoffMs: 100, longestGraceMs: 2000 };
