import { podsOnEmptyNode } from '../../capacity/node-spec.ts';
import { newNodesFor } from '../../capacity/packing.ts';
import type { BufferRule } from '../../forecast/buffer-rule.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';
import { byFullness, type Ranked } from './soft-taints.ts';

/** How a static pool turns a wanted buffer into nodes. */
export interface StaticPoolOptions {
  readonly tickSeconds: number;
  /** An empty node that is not wanted is removed after this time, so that a short dip doesn't cost a boot. */
  readonly removeAfterSeconds: number;
}

/** The defaults of {@link staticPoolPolicy}. Empty nodes stay for three ticks; the rule decides what is worth keeping longer. */
export const STATIC_POOL: StaticPoolOptions = { tickSeconds: 10, removeAfterSeconds: 30 };

/** Empty nodes that the wanted room does not need, longest empty first. */
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

/** Free room in Pods: the target, and the minimum below which no node is removed. Both in addition to room for waiting Pods. */
interface FreeRoom {
  readonly bufferPods: number;
  readonly keepPods: () => number;
}

/** The room of a pool, in Pods of the typical request. */
interface Room {
  readonly booting: number;
  readonly perNode: number;
  /** On nodes that are ready. */
  readonly ready: number;
}

function roomIn(view: PolicyView): Room {
  const ready = view.nodes.filter(({ state }) => state === 'ready');
  return {
    booting: view.nodes.length - ready.length,
    perNode: Math.max(1, podsOnEmptyNode(view.nodeSpec, view.typicalRequest)),
    ready: ready.reduce((sum, node) => sum + view.roomOn(node), 0),
  };
}

/**
 * Nodes to order, so that together with booting ones there is room for `wantedRoom` Pods, and for the waiting Pods as they pack.
 *
 * @param wantedRoom in Pods of the typical request, waiting ones included; ≥ 0
 */
export function nodesMissing(view: PolicyView, wantedRoom: number): number {
  const { booting, perNode, ready } = roomIn(view);
  const missing = Math.ceil(Math.max(0, wantedRoom - ready - booting * perNode) / perNode);
  const stuck = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
  return Math.max(missing, stuck);
}

function spareRoom(view: PolicyView, wantedRoom: number, { keepPods }: FreeRoom): number {
  return roomIn(view).ready - Math.max(wantedRoom, Math.ceil(view.waitingTotal + keepPods()));
}

function decide(view: PolicyView, free: FreeRoom, { removeAfterSeconds }: StaticPoolOptions): Decision {
  const wantedRoom = Math.ceil(view.waitingTotal + free.bufferPods);
  const order = nodesMissing(view, wantedRoom);
  const emptyBefore = view.nowSeconds - removeAfterSeconds;
  const isEmpty = view.nodes.some(
    ({ state, pods, emptySince }) => state === 'ready' && pods === 0 && emptySince <= emptyBefore,
  );
  const remove =
    order > 0 || !isEmpty ? [] : removable(byFullness(view), spareRoom(view, wantedRoom, free), emptyBefore);
  return { taint: [], untaint: [], remove, order, wanted: view.nodes.length + order - remove.length };
}

/**
 * A static pool: keeps a buffer of free room, and removes empty nodes that are not needed. No build is evicted. The placement
 * (`softlyPlaced`) decides which nodes become empty.
 */
export function staticPoolPolicy(
  rule: BufferRule<PolicyView>,
  options: StaticPoolOptions = STATIC_POOL,
): ScalingPolicy {
  const freeRoom = (view: PolicyView): FreeRoom => {
    const bufferPods = rule.bufferPods(view);
    return { bufferPods, keepPods: () => rule.keepPods?.(view) ?? bufferPods };
  };
  return {
    name: rule.name,
    tickSeconds: options.tickSeconds,
    readyAtStart: 0,
    tick: (view) => decide(view, freeRoom(view), options),
    forecastError: (fromSeconds) => rule.forecastError?.(fromSeconds),
  };
}
