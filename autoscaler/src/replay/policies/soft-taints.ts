import { PUSH_SIZE } from '../../capacity/pushes.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import { RecentArrivals } from '../../forecast/arrivals.ts';
import type { Decision, Policy, PolicyView } from '../policy.ts';

/** How far back arrivals are counted for the room that stays open. */
const RECENT_SECONDS = 300;
/** Two standard deviations of arrivals that come in pushes. */
const OPEN_SPREAD = 2;
/** Marks are set anew at least so often: what stays open is what may come until then. */
const MARK_SECONDS = 10;

/** A ready node and what still fits on it, in Pods of the typical request. */
export interface Ranked {
  readonly node: Readonly<SimNode>;
  readonly room: number;
}

/** Ready nodes, fullest first; among equals the open ones, then the older, so that nothing flaps. */
export function byFullness(view: PolicyView): readonly Ranked[] {
  return view.nodes
    .filter(({ state }) => state === 'ready')
    .map((node) => ({ node, room: view.roomOn(node) }))
    .sort((one, other) => rank(one.node) - rank(other.node) || one.node.id - other.node.id);
}

const rank = ({ pods, softTainted }: Readonly<SimNode>): number => (softTainted ? 1 : 0) - pods * 2;

/**
 * Room that stays without a taint: what may arrive until the next tick. It is less than the buffer, because a soft taint keeps
 * nobody waiting: the less is open, the tighter builds pack, and the more nodes empty.
 */
function openRoom(perSecond: number, tickSeconds: number): number {
  const perTick = perSecond * tickSeconds;
  return PUSH_SIZE + perTick + OPEN_SPREAD * Math.sqrt(PUSH_SIZE * perTick);
}

function marks(ranked: readonly Ranked[], open: number): Pick<Decision, 'taint' | 'untaint'> {
  let room = 0;
  const taint: Readonly<SimNode>[] = [];
  const untaint: Readonly<SimNode>[] = [];
  for (const { node, room: here } of ranked) {
    const stays = room < open || here === 0;
    room += here;
    if (stays && node.softTainted) untaint.push(node);
    if (!stays && !node.softTainted) taint.push(node);
  }
  return { taint, untaint };
}

/**
 * The same policy in a pool where surplus nodes are marked softly: open is what the next moments need, fullest nodes first; all
 * others carry the taint. No Pod waits for it. Marks that the policy sets itself are not set.
 *
 * @see scheduling-and-scaling §5.1, `soft-taint`
 */
export function softlyPlaced(policy: Policy): Policy {
  const recent = new RecentArrivals(RECENT_SECONDS);
  const tickSeconds = Math.min(policy.tickSeconds, MARK_SECONDS);
  return {
    ...policy,
    tickSeconds,
    tick: (view) => {
      for (const at of view.arrivals) recent.add(at, 1);
      const open = view.waitingTotal + openRoom(recent.perSecond(view.nowSeconds), tickSeconds);
      return { ...policy.tick(view), ...marks(byFullness(view), open) };
    },
  };
}
