import { PUSH_SIZE } from '../../capacity/pushes.ts';
import { RecentArrivals } from '../../forecast/arrivals.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';

/** The period over which arrivals are counted for the room that stays untainted. */
const RECENT_SECONDS = 300;
/** Two standard deviations of arrivals in pushes. */
const OPEN_SPREAD = 2;
/** Marks are updated at least this often: the untainted room covers the arrivals until then. */
const MARK_SECONDS = 10;

/** A ready node and its free room, in Pods of the typical request. */
export interface Ranked {
  readonly node: Readonly<SimNode>;
  readonly room: number;
}

/** Ready nodes, fullest first; then untainted ones, then older ones, so that the order is stable. */
export function byFullness(view: PolicyView): readonly Ranked[] {
  return view.nodes
    .filter(({ state }) => state === 'ready')
    .map((node) => ({ node, room: view.roomOn(node) }))
    .sort((one, other) => rank(one.node) - rank(other.node) || one.node.id - other.node.id);
}

const rank = ({ pods, softTainted }: Readonly<SimNode>): number => (softTainted ? 1 : 0) - pods * 2;

/**
 * Room that stays without a taint: what may arrive until the next tick. It is less than the buffer, because a soft taint delays no
 * Pod: the less room is untainted, the more tightly builds are packed, and the more nodes become empty.
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
 * The same policy in a pool where surplus nodes get a soft taint: the room for the next moments stays untainted, fullest nodes
 * first; all other nodes carry the taint. No Pod waits because of it. The policy's own marks are ignored.
 *
 * @see scheduling-and-scaling §5.1, `soft-taint`
 */
export function softlyPlaced(policy: ScalingPolicy): ScalingPolicy {
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
