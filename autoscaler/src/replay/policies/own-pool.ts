import type { SimNode } from '../../simulate/sim-node.ts';
import { roomOnEmpty } from '../../simulate/world.ts';
import type { Decision, Policy, PolicyView } from '../policy.ts';
import { newNodesFor } from './first-fit.ts';

/** Says how many Pods' room should be free beyond what is there; keeps what it learns. */
export interface BufferRule {
  readonly name: string;
  /** Free room wanted over the lead time, in Pods of the typical request, beside room for what waits; ≥ 0. */
  bufferPods(view: PolicyView): number;
  forecastError?(): number | undefined;
}

/** How an own pool turns a wanted buffer into nodes. */
export interface OwnPoolOptions {
  readonly tickSeconds: number;
  /** An empty node that is not wanted goes after this time, so that a short dip doesn't cost a boot. */
  readonly removeAfterSeconds: number;
  /** Without the soft taint nodes are removed where they happen to be empty. */
  readonly softTaint: boolean;
}

/**
 * What {@link ownPoolPolicy} does when nothing is said. Empty nodes stay 105 s: on both loads of capacity.md §5 less costs more boots,
 * more costs idle nodes.
 */
export const OWN_POOL: OwnPoolOptions = { tickSeconds: 10, removeAfterSeconds: 105, softTaint: true };

/** How far back arrivals are counted for the room that stays open. */
const RECENT_SECONDS = 300;
/** Two standard deviations of arrivals that come in pushes of about five. */
const OPEN_SPREAD = 2;
const PUSH_SIZE = 5;

interface Ranked {
  readonly node: Readonly<SimNode>;
  readonly room: number;
}

/** Ready nodes, fullest first; among equals the open ones, then the older, so that nothing flaps. */
function byFullness(view: PolicyView): readonly Ranked[] {
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
function openRoom(view: PolicyView, tickSeconds: number): number {
  const { arrivals, nowSeconds } = view;
  let recent = 0;
  while ((arrivals[arrivals.length - 1 - recent] ?? -Infinity) > nowSeconds - RECENT_SECONDS) recent += 1;
  const perTick = (recent * tickSeconds) / RECENT_SECONDS;
  return PUSH_SIZE + perTick + OPEN_SPREAD * Math.sqrt(PUSH_SIZE * perTick);
}

function taints(ranked: readonly Ranked[], open: number): Pick<Decision, 'taint' | 'untaint'> {
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

/** Empty nodes that the wanted room can do without, longest empty first. */
function removable(
  ranked: readonly Ranked[],
  spareRoom: number,
  emptyBefore: number,
): readonly Readonly<SimNode>[] {
  let spare = spareRoom;
  return ranked
    .filter(({ node }) => node.pods === 0 && node.emptySince <= emptyBefore)
    .sort((one, other) => one.node.emptySince - other.node.emptySince)
    .flatMap(({ node, room }) => {
      if (room > spare) return [];
      spare -= room;
      return [node];
    });
}

function decide(view: PolicyView, bufferPods: number, options: OwnPoolOptions): Decision {
  const ranked = byFullness(view);
  const perNode = Math.max(1, roomOnEmpty(view.nodeSpec, view.typicalRequest));
  const booting = view.nodes.length - ranked.length;
  const room = ranked.reduce((sum, each) => sum + each.room, booting * perNode);
  const wantedRoom = Math.ceil(view.waitingTotal + bufferPods);
  const missing = Math.ceil(Math.max(0, wantedRoom - room) / perNode);
  const stuck = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
  const order = Math.max(missing, stuck);
  const remove =
    order > 0
      ? []
      : removable(
          ranked,
          room - booting * perNode - wantedRoom,
          view.nowSeconds - options.removeAfterSeconds,
        );
  const marks = options.softTaint
    ? taints(ranked, view.waitingTotal + openRoom(view, options.tickSeconds))
    : { taint: [], untaint: [] };
  return { ...marks, remove, order, wanted: view.nodes.length + order - remove.length };
}

/**
 * A pool that we own: keeps a buffer of free room, leaves open what the next moments need, marks all other nodes softly,
 * emptiest last, and takes empty ones that nobody will miss. No build is evicted, and no Pod waits for a taint.
 *
 * @see capacity.md §5.1, `soft-taint`
 */
export function ownPoolPolicy(rule: BufferRule, options: OwnPoolOptions = OWN_POOL): Policy {
  return {
    name: rule.name,
    tickSeconds: options.tickSeconds,
    readyAtStart: 0,
    tick: (view) => decide(view, rule.bufferPods(view), options),
    forecastError: () => rule.forecastError?.(),
  };
}
