import { PUSH_SIZE } from '../capacity/pushes.ts';
/** What came lately and what waits. */
export interface Arrivals {
  /** Pods that arrived in a second, lately. */
  readonly perSecond: number;
  readonly waiting: number;
  readonly tickSeconds: number;
}

/** Two standard deviations of arrivals in such pushes. */
const SPREAD = 2;
/** So much beyond it must be open before one more node is marked: a build that comes and goes moves no mark. */
export const SLACK_ROOM = 2;

/**
 * Room that stays without a mark, in Pods: what may arrive until the next tick. Less than the buffer, since a mark keeps nobody
 * waiting; the same rule as the replayed own pool has.
 */
export function openRoomFor({ perSecond, waiting, tickSeconds }: Arrivals): number {
  const perTick = perSecond * tickSeconds;
  return Math.ceil(waiting + PUSH_SIZE + perTick + SPREAD * Math.sqrt(PUSH_SIZE * perTick));
}
