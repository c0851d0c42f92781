import { podsOnEmptyNode } from '../../capacity/node-spec.ts';
import { newNodesFor } from '../../capacity/packing.ts';
import type { BufferRule } from '../../forecast/buffer-rule.ts';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { Decision, PolicyView, ScalingPolicy } from '../policy.ts';
import { bufferReplicas } from './buffer-replicas.ts';

/** Karpenter's own settings and defaults (scheduling-and-scaling §1.2 and §5.1). */
export interface KarpenterOptions {
  readonly tickSeconds: number;
  readonly validationSeconds: number;
  /** Share of the nodes that may be removed at once. */
  readonly budgetShare: number;
}

/** Defaults: consolidateAfter 0, its 15 s validation, a budget of 10 %. */
export const KARPENTER: KarpenterOptions = { tickSeconds: 5, validationSeconds: 15, budgetShare: 0.1 };

type Nodes = readonly Readonly<SimNode>[];

/** Nodes that were empty for the whole validation and that hold no buffer, as many as the budget allows. */
function goingOf(
  { nowSeconds, nodes }: PolicyView,
  { validationSeconds, budgetShare }: KarpenterOptions,
  held: ReadonlySet<Readonly<SimNode>> = new Set(),
): Nodes {
  return nodes
    .filter(({ state, pods }) => state === 'ready' && pods === 0)
    .filter((node) => nowSeconds - node.emptySince >= validationSeconds && !held.has(node))
    .slice(0, Math.ceil(nodes.length * budgetShare));
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
  const tick = (view: PolicyView): Decision => {
    const booting = view.nodes.filter(({ state }) => state === 'booting').length;
    const order = view.waitingTotal > 0 ? newNodesFor(view.waiting, booting, view.nodeSpec) : 0;
    return decisionOf(view, order, goingOf(view, options));
  };
  return { name: 'karpenter', tickSeconds: options.tickSeconds, readyAtStart: 0, tick };
}

/** How often the replicas of a buffer are set: at each tick of the service. */
const SET_REPLICAS_SECONDS = 10;

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
 * The same NodePool with a CapacityBuffer whose `spec.replicas` a rule sets: Karpenter keeps room for this many more Pods, and
 * removes an empty node when none of them is assigned to it.
 */
export function karpenterBufferPolicy(
  rule: BufferRule<PolicyView>,
  options: KarpenterOptions = KARPENTER,
): ScalingPolicy {
  const replicas = bufferReplicas(rule, SET_REPLICAS_SECONDS);
  const tick = (view: PolicyView): Decision => {
    const bufferPods = replicas.bufferPods(view);
    const order = nodesMissing(view, view.waitingTotal + bufferPods);
    return decisionOf(view, order, goingOf(view, options, holdersOf(view, bufferPods)));
  };
  return {
    name: 'karpenter-buffer',
    tickSeconds: options.tickSeconds,
    readyAtStart: 0,
    tick,
    forecastError: (fromSeconds) => rule.forecastError?.(fromSeconds),
  };
}
