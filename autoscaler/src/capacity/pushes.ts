/** Builds come in pushes, since one push to a repository starts several Pods at once: of about so many. */
export const PUSH_SIZE = 5;

/** Pods that arrive within this time are one push. */
export const PUSH_SECONDS = 3;

/** What came lately and what waits. */
export interface Arrivals {
  /** Pods that arrived in a second, lately. */
  readonly perSecond: number;
  readonly waiting: number;
  readonly tickSeconds: number;
}

/**
 * Room of a pool that stays without a mark, in Pods: what usually arrives until the next tick, and one push more. Less than the
 * buffer, since a mark keeps nobody waiting.
 */
export const unmarkedPodsFor = ({ perSecond, waiting, tickSeconds }: Arrivals): number =>
  waiting + PUSH_SIZE + perSecond * tickSeconds;
