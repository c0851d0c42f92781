/** Builds come in pushes, since one push to a repository starts several Pods at once: of about so many. */
export const PUSH_SIZE = 5;

/** Pods that arrive within this time are one push. */
export const PUSH_SECONDS = 3;

/** What came lately and what waits. */
export interface RecentLoad {
  /** Pods that arrived in a second, lately. */
  readonly perSecond: number;
  readonly waiting: number;
  readonly tickSeconds: number;
  /** It is known which nodes are empty soon. */
  readonly endsKnown: boolean;
}

/** Two standard deviations of arrivals in such pushes. */
const SPREAD = 2;

/**
 * Room of a pool that stays without a mark, in Pods: what usually arrives until the next tick, and one push more. Less than the
 * buffer, since a mark keeps nobody waiting. Where it is not known which nodes are empty soon, packing builds so tightly empties few nodes
 * and lets builds wait (decision 25): there the spread of arrivals is added.
 */
export function unmarkedPodsFor({ perSecond, waiting, tickSeconds, endsKnown }: RecentLoad): number {
  const perTick = perSecond * tickSeconds;
  const spread = endsKnown ? 0 : SPREAD * Math.sqrt(PUSH_SIZE * perTick);
  return waiting + PUSH_SIZE + perTick + spread;
}
