import { unmarkedPodsFor } from '../../capacity/pushes.ts';
import { RecentArrivals } from '../../forecast/arrivals.ts';
import { NamedRunTimes } from '../../forecast/named-run-times.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';

/** The period over which arrivals are counted for the room that stays untainted. */
const RECENT_SECONDS = 300;
/** Marks are updated at least this often: the untainted room covers the arrivals until then. */
const MARK_SECONDS = 10;

/** A ready node, its free room in Pods of the typical request, and when it is expected to be empty. */
interface Ranked {
  readonly node: Readonly<SimNode>;
  readonly room: number;
  readonly emptyAt: number;
}

/** Ready nodes, the one that is expected to be empty last first; then fuller, untainted and older ones, so that the order is stable. */
function byEnd(view: PolicyView, emptyAt?: ReadonlyMap<Readonly<SimNode>, number>): readonly Ranked[] {
  return view.nodes
    .filter(({ state }) => state === 'ready')
    .map((node) => ({ node, room: view.roomOn(node), emptyAt: emptyAt?.get(node) ?? 0 }))
    .sort(
      (one, other) =>
        other.emptyAt - one.emptyAt || rank(one.node) - rank(other.node) || one.node.id - other.node.id,
    );
}

const rank = ({ pods, softTainted }: Readonly<SimNode>): number => (softTainted ? 1 : 0) - pods * 2;

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
 * The same policy in a pool where surplus nodes get a soft taint: the room for the next moments stays untainted, on the nodes that
 * are expected to be empty last; all other nodes carry the taint. No Pod waits because of it. The policy's own marks are ignored.
 *
 * @see scheduling-and-scaling §5.1, `soft-taint`
 */
export function softlyPlaced(policy: ScalingPolicy): ScalingPolicy {
  const recent = new RecentArrivals(RECENT_SECONDS);
  const tickSeconds = Math.min(policy.tickSeconds, MARK_SECONDS);
  const runTimes = new NamedRunTimes();
  return {
    ...policy,
    tickSeconds,
    tick: (view) => {
      for (const at of view.arrivals) recent.add(at, 1);
      for (const build of view.finished) runTimes.ended(build);
      const perSecond = recent.perSecond(view.nowSeconds);
      const emptyAt = runTimes.emptyAt(view.running, view.nowSeconds);
      const endsKnown = emptyAt !== undefined;
      const open = unmarkedPodsFor({ perSecond, waiting: view.waitingTotal, tickSeconds, endsKnown });
      return { ...policy.tick(view), ...marks(byEnd(view, emptyAt), open) };
    },
  };
}
