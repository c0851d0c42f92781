import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { CLOSING_TAINT, hasTaint, isPaused, type PoolNode } from '../capacity/pool-node.ts';

/** Which nodes of a pool shall be marked as surplus now, and which no longer. Those that are empty soonest first to mark, those that are empty last first to open. */
export interface TaintChanges {
  readonly mark: readonly PoolNode[];
  readonly open: readonly PoolNode[];
}

/** How much stays open. */
export interface SurplusOptions {
  /** Room, in Pods of the typical request, that stays without a mark: what may arrive until the next tick, and what waits. ≥ 0. */
  readonly openRoom: number;
  /** A node is marked only when so much room beyond `openRoom` is open without it, so that nothing flaps. ≥ 0. */
  readonly slackRoom: number;
}

/** A node is marked only while this much beyond the open room is open: a build that comes and goes moves no mark. */
export const MARK_HYSTERESIS_PODS = 2;

const isMarked = (node: PoolNode): boolean => hasTaint(node, SURPLUS_TAINT);

/** Not ours to mark: nodes that are cordoned, closing, not ready, or paused by annotation. */
const isOurs = (node: PoolNode): boolean =>
  node.ready && !node.unschedulable && !hasTaint(node, CLOSING_TAINT) && !isPaused(node.annotations);

/** The one that is expected to be empty last first; among equals the fullest, the open one, then by name: the same nodes give the same order. */
function byEnd(one: PoolNode, other: PoolNode): number {
  const ends = (other.emptyAt ?? 0) - (one.emptyAt ?? 0);
  const marked = Number(isMarked(one)) - Number(isMarked(other));
  const fullness = other.builds - one.builds || one.room - other.room;
  return ends || fullness || marked || compareText(one.name, other.name);
}

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

/**
 * Decides which nodes of one pool carry the soft taint: from the one that is expected to be empty last on, nodes stay open until
 * their room is enough; the rest are marked, and become empty. The less is open, the tighter builds pack; since the mark is soft, no
 * Pod waits.
 *
 * @see scheduling-and-scaling §5.1, `soft-taint`
 */
export function decideTaints(nodes: readonly PoolNode[], options: SurplusOptions): TaintChanges {
  const mark: PoolNode[] = [];
  const open: PoolNode[] = [];
  let roomBefore = 0;
  for (const node of nodes.filter(isOurs).toSorted(byEnd)) {
    const bound = options.openRoom + (isMarked(node) ? 0 : options.slackRoom);
    // A full node needs no mark, and the next build that ends there makes it the one to fill.
    const staysOpen = roomBefore < bound || (node.room === 0 && node.builds > 0);
    roomBefore += node.room;
    if (staysOpen && isMarked(node)) open.push(node);
    if (!staysOpen && !isMarked(node)) mark.push(node);
  }
  return { mark: mark.reverse(), open };
}
