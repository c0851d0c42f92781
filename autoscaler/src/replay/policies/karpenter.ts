import { podsOnEmptyNode } from '../../capacity/node-spec.ts';
import { newNodesFor } from '../../capacity/packing.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';
import type { BufferSource } from './served-buffer.ts';

/** Karpenter's own settings and defaults (scheduling-and-scaling §1.2 and §5.1). */
export interface KarpenterOptions {
  readonly tickSeconds: number;
  /** An empty node is picked no sooner than this after its last Pod. */
  readonly consolidateAfterSeconds: number;
  /** From picking empty nodes until those that are still empty are removed. */
  readonly validationSeconds: number;
  /** Until it looks again when no node was empty. */
  readonly pollSeconds: number;
  /** Share of the nodes that may be removed at once. */
  readonly budgetShare: number;
}

/** Defaults: consolidateAfter 0, its 15 s validation, its poll every 10 s, a budget of 10 %. */
export const KARPENTER: KarpenterOptions = {
  tickSeconds: 5,
  consolidateAfterSeconds: 0,
  validationSeconds: 15,
  pollSeconds: 10,
  budgetShare: 0.1,
};

type Nodes = readonly Readonly<SimNode>[];

/** Karpenter's removal of empty nodes, one group at a time: it picks them, waits for its validation, and removes those that are still empty. */
class EmptyNodes {
  readonly #options: KarpenterOptions;
  #picked: Nodes = [];
  #nextAt = -Infinity;

  constructor(options: KarpenterOptions) {
    this.#options = options;
  }

  /** Nodes that go now. @param held nodes with a part of the buffer, which do not count as empty */
  going({ nowSeconds, nodes }: PolicyView, held: ReadonlySet<Readonly<SimNode>> = new Set()): Nodes {
    if (nowSeconds < this.#nextAt) return [];
    const { consolidateAfterSeconds, validationSeconds, pollSeconds, budgetShare } = this.#options;
    const isEmpty = (node: Readonly<SimNode>): boolean =>
      node.state === 'ready' && node.pods === 0 && !held.has(node);
    const going = this.#picked.filter(isEmpty);
    const left = nodes.filter((node) => node.state === 'ready' && !going.includes(node));
    this.#picked = left
      .filter((node) => isEmpty(node) && nowSeconds - node.emptySince >= consolidateAfterSeconds)
      .slice(0, Math.ceil(left.length * budgetShare));
    this.#nextAt = nowSeconds + (this.#picked.length > 0 ? validationSeconds : pollSeconds);
    return going;
  }
}

const decisionOf = ({ nodes }: PolicyView, order: number, remove: Nodes): Decision => ({
  untaint: [],
  taint: [],
  remove,
  order,
  wanted: nodes.length + order - remove.length,
});

/**
 * A dynamic NodePool under Karpenter: new nodes for waiting Pods; empty nodes are removed after its validation, within its budget.
 * Build Pods carry do-not-disrupt, so that nothing else is consolidated.
 */
export function karpenterPolicy(options: KarpenterOptions = KARPENTER): ScalingPolicy {
  const empty = new EmptyNodes(options);
  const tick = (view: PolicyView): Decision => {
    const booting = view.nodes.filter(({ state }) => state === 'booting').length;
    const order = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
    return decisionOf(view, order, empty.going(view));
  };
  return { name: 'karpenter', tickSeconds: options.tickSeconds, readyAtStart: 0, tick };
}

/** 2³² divided by the golden ratio: its multiples are about evenly distributed. */
const SPREAD = 0x9e3779b1;

/** Karpenter tries nodes by name. Names are random, so any order that is independent of age is suitable. */
const nameOf = ({ id }: Readonly<SimNode>): number => Math.imul(id, SPREAD) >>> 0;

/**
 * Ready nodes that hold Pods of the buffer: Karpenter puts each on the first node by name that has room, whether it is empty or
 * not, and a node that holds one does not count as empty. So it keeps some empty nodes though there is room for the buffer
 * elsewhere.
 * @param bufferPods of the typical request; ≥ 0
 */
export function holdersOf(view: PolicyView, bufferPods: number): ReadonlySet<Readonly<SimNode>> {
  const holders = new Set<Readonly<SimNode>>();
  const ready = view.nodes.filter(({ state }) => state === 'ready');
  let left = bufferPods;
  for (const node of ready.sort((one, other) => nameOf(one) - nameOf(other))) {
    if (left <= 0) break;
    const room = view.roomOn(node);
    if (room > 0) holders.add(node);
    left -= room;
  }
  return holders;
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
function nodesMissing(view: PolicyView, wantedRoom: number): number {
  const { booting, perNode, ready } = roomIn(view);
  const missing = Math.ceil(Math.max(0, wantedRoom - ready - booting * perNode) / perNode);
  const stuck = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
  return Math.max(missing, stuck);
}

/**
 * The same NodePool with a CapacityBuffer: Karpenter keeps room for this many more Pods, and removes an empty node when none of them is
 * assigned to it.
 */
export function karpenterBufferPolicy(
  buffer: BufferSource,
  options: KarpenterOptions = KARPENTER,
): ScalingPolicy {
  const empty = new EmptyNodes(options);
  const tick = (view: PolicyView): Decision => {
    const bufferPods = buffer.podsAt(view);
    const order = nodesMissing(view, view.waitingTotal + bufferPods);
    return decisionOf(view, order, empty.going(view, holdersOf(view, bufferPods)));
  };
  return {
    name: 'karpenter-buffer',
    tickSeconds: options.tickSeconds,
    readyAtStart: 0,
    tick,
    forecastError: (fromSeconds) => buffer.forecastError?.(fromSeconds),
  };
}
