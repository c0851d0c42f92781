/** What came lately and what waits, of one pool. */
export interface Arrivals {
  /** Pods that arrived within `recentSeconds`. */
  readonly recent: number;
  readonly recentSeconds: number;
  readonly waiting: number;
  readonly tickSeconds: number;
}

/** Builds come in pushes of about so many. */
const PUSH_SIZE = 5;
/** Two standard deviations of arrivals in such pushes. */
const SPREAD = 2;

/**
 * Room that stays without a mark, in Pods: what may arrive until the next tick. Less than the buffer, since a mark keeps nobody
 * waiting; the same rule as the replayed own pool has.
 */
export function openRoomFor({ recent, recentSeconds, waiting, tickSeconds }: Arrivals): number {
  const perTick = (recent * tickSeconds) / recentSeconds;
  return Math.ceil(waiting + PUSH_SIZE + perTick + SPREAD * Math.sqrt(PUSH_SIZE * perTick));
}
