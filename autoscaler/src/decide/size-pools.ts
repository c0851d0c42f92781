import type { EngineFacts } from '../advise/engines.ts';
import { poolScaler } from '../advise/proposals.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { packInto, percent } from '../capacity/packing.ts';
import type { NodeUsage, Pool } from '../capacity/pools.ts';
import { admitsPod, type PodConstraints } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import { classesOf } from '../capacity/size-class.ts';
import type { CapacityPolicy, PolicyDecision, PolicySnapshot, PoolShare } from './capacity-policy.ts';
import { changeText, counted } from './counted.ts';
import type { PoolNeed } from './pool-need.ts';
import { nodesForObjective, poolWait } from './pool-wait.ts';
import { priceOf } from './price.ts';
import type { PoolSize, Spend } from './recommendation.ts';
import type { Arrivals } from './size-shapes.ts';
import { type SpendLimit, withinSpend } from './spend.ts';
import { typicalPods } from './typical-pods.ts';

/** A Pod or stage that needs room, and the nodes it may run on. */
export interface PodToPlace {
  readonly request: Resources;
  readonly constraints: PodConstraints;
}

/** The input for sizing live pools. */
export interface PoolQuestion extends Omit<PolicySnapshot, 'pools'> {
  readonly pools: readonly Pool[];
  /** Pods without a node and stages without a Pod. */
  readonly podsToPlace: readonly PodToPlace[];
  /** Of all pools; the typical Pod of each is that of `typicalOn`. */
  readonly arrivals: Arrivals;
  /** The typical Pod among those that fit on such a node. */
  readonly typicalOn: (node: NodeSpec) => Resources;
  /** Names of pools in the order in which pending work is assigned to them; others follow, larger ones first. */
  readonly order: readonly string[];
  readonly grewAtMs: ReadonlyMap<string, number>;
  readonly money: SpendLimit;
  /** The cost of the pools; undefined: none of them has a price. */
  readonly spend: Spend | undefined;
  /** The node scalers that were detected. */
  readonly surroundings: EngineFacts;
}

const buildsOn = ({ nodes }: Pool): number => nodes.reduce((sum, { builds }) => sum + builds, 0);

function ranked({ pools, order }: PoolQuestion): readonly Pool[] {
  const place = ({ name }: Pool): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...pools].sort(
    (one, other) =>
      place(one) - place(other) || buildsOn(other) - buildsOn(one) || other.nodes.length - one.nodes.length,
  );
}

/** Whether a node of the pool may and can hold the Pod. */
export const takes = (pool: Pool, { request, constraints }: PodToPlace): boolean =>
  podsOnEmptyNode(pool.spec, request) > 0 && admitsPod(pool.spec.traits ?? {}, constraints);

/** Assigns each Pod to the first pool that may and can hold it. */
function shareOut(
  pools: readonly Pool[],
  podsToPlace: readonly PodToPlace[],
): ReadonlyMap<string, readonly PodToPlace[]> {
  return Map.groupBy(podsToPlace, (pod) => pools.find((pool) => takes(pool, pod))?.name ?? '');
}

/** Future arrivals are divided like running builds; where none run, the first pool gets all. */
function shareOf(pool: Pool, pools: readonly Pool[]): number {
  const all = pools.reduce((sum, one) => sum + buildsOn(one), 0);
  if (all === 0) return pool === pools[0] ? 1 : 0;
  return buildsOn(pool) / all;
}

/** The free part of a node: its builds use room as DaemonSets do. */
function leftOf({ spec }: Pool, { used, builds }: NodeUsage): NodeSpec {
  const held = spec.daemonSets ?? { cpuMillicores: 0, memoryBytes: 0, pods: 0 };
  const daemonSets = {
    cpuMillicores: held.cpuMillicores + used.cpuMillicores,
    memoryBytes: held.memoryBytes + used.memoryBytes,
    pods: held.pods + builds,
  };
  return { ...spec, daemonSets };
}

/** The work assigned to one pool. */
interface Assigned {
  readonly podsToPlace: readonly PodToPlace[];
  /** The part of future arrivals that it gets, 0 to 1. */
  readonly share: number;
}

/** A node that is not ready after this many boot times is considered lost: its room is not counted. */
const LOST_AFTER_BOOTS = 3;

/** Nodes that boot, and nodes that are considered lost. */
function notReady({ nodes }: Pool, nowMs: number, bootSeconds: number) {
  const absent = nodes.filter(({ ready }) => !ready);
  const lost = absent.filter(({ createdMs }) => nowMs - createdMs > LOST_AFTER_BOOTS * bootSeconds * 1000);
  return { booting: absent.length - lost.length, lost: lost.length };
}

/** A pool with its part of the work. */
interface Sizing {
  readonly pool: Pool;
  readonly assigned: Assigned;
  readonly arrivals: Arrivals;
  readonly state: PoolShare;
  readonly lostNodes: number;
}

function sizingOf(pool: Pool, assigned: Assigned, question: PoolQuestion): Sizing {
  const { nowMs, grewAtMs } = question;
  const typical = question.typicalOn(pool.spec);
  const arrivals = { ...question.arrivals, typical };
  const { podsToPlace, share } = assigned;
  const { booting, lost } = notReady(pool, nowMs, arrivals.leadSeconds);
  const open = pool.nodes.filter(({ closed, ready }) => ready && !closed);
  const left = open.map((node) => leftOf(pool, node));
  // Room in many small pieces holds no large Pod: waiting Pods are packed into the pieces as they are.
  const pieces = [...left.map((node) => ({ node, nodes: 1 })), { node: pool.spec, nodes: booting }];
  const waiting = classesOf(podsToPlace.map(({ request }) => request));
  const perSecond = arrivals.perSecond * share;
  return {
    pool,
    assigned,
    arrivals,
    lostNodes: lost,
    state: {
      nodes: pool.nodes.length,
      bootingNodes: booting,
      emptyNodes: open.filter(({ builds }) => builds === 0).length,
      readyRoomPods: left.reduce((sum, node) => sum + podsOnEmptyNode(node, typical), 0),
      podsPerNode: podsOnEmptyNode(pool.spec, typical),
      newNodesForWaiting: packInto(waiting, pieces, pool.spec).opened,
      grewAtMs: grewAtMs.get(pool.name),
      allocatable: pool.spec.allocatable,
      waitingPods: podsToPlace.reduce((sum, pod) => sum + typicalPods(pod.request, typical), 0),
      share,
      objective: (bufferPods) => nodesForObjective(pool, { waiting, bufferPods, perSecond }, arrivals),
    },
  };
}

/** What the room of a pool demands, as text. */
function roomReasons(
  { state, assigned, lostNodes }: Sizing,
  need: PoolNeed,
  bufferPods: number,
): readonly string[] {
  const { nodes, bootingNodes, emptyNodes, podsPerNode, waitingPods } = state;
  if (podsPerNode === 0) return ['no Pod of the usual size fits on its nodes: it is left unchanged'];
  const room = state.readyRoomPods + bootingNodes * podsPerNode;
  const lost = lostNodes > 0 ? `, ${lostNodes} not ready for long` : '';
  return [
    `capacity for ${counted(Math.floor(room), 'Pod')} on ${counted(nodes, 'node')} (${bootingNodes} booting, ${emptyNodes} empty${lost}); required: capacity for ${counted(Math.ceil(waitingPods + bufferPods), 'Pod')}: ${assigned.podsToPlace.length} unschedulable or known and a buffer of ${Math.ceil(bufferPods)}`,
    changeText(podsPerNode, need.changeByRoom),
  ];
}

function objectiveReasons({ objective }: PoolNeed, { objectiveSeconds }: Arrivals): readonly string[] {
  if (objective === undefined || objective.added === 0) return [];
  return [
    `${objective.nodes} at least, ${objective.added} of them because the simulated wait is longer than ${objectiveSeconds} s at the 95th percentile without`,
  ];
}

function sizeOf(sizing: Sizing, need: PoolNeed, bufferPods: number, question: PoolQuestion): PoolSize {
  const { pool, assigned, arrivals } = sizing;
  const { podsToPlace } = assigned;
  const tooLarge = podsToPlace.filter(({ request }) => podsOnEmptyNode(pool.spec, request) === 0).length;
  const tooLargeShare = podsToPlace.length === 0 ? 0 : tooLarge / podsToPlace.length;
  const misfit =
    tooLarge === 0 ? [] : [`${percent(tooLargeShare)} of the waiting Pods do not fit on its nodes at all`];
  return {
    pool: pool.name,
    owner: poolScaler(pool, question.surroundings),
    actualNodes: pool.nodes.length,
    readyNodes: pool.nodes.filter(({ ready }) => ready).length,
    emptyNodes: pool.nodes.filter(({ builds }) => builds === 0).length,
    desiredNodes: need.desiredNodes,
    needNodes: need.needNodes,
    shrinkToNodes: need.shrinkToNodes,
    shortNodes: need.shortNodes,
    spareNodes: need.spareNodes,
    nodePerHour: priceOf(question.money.prices, pool.name),
    waitP95Seconds: undefined,
    tooLargeShare,
    because: [
      ...roomReasons(sizing, need, bufferPods),
      ...objectiveReasons(need, arrivals),
      ...need.held,
      ...misfit,
    ],
  };
}

/** How waiting and future work is divided among the pools. */
function assignedTo(pools: readonly Pool[], podsToPlace: readonly PodToPlace[]) {
  const byPool = shareOut(pools, podsToPlace);
  const assigned = pools.map((pool): readonly [Pool, Assigned] => [
    pool,
    { podsToPlace: byPool.get(pool.name) ?? [], share: shareOf(pool, pools) },
  ]);
  return { assigned, homeless: byPool.get('')?.length ?? 0 };
}

/** The simulated wait of a pool with its wanted nodes. */
function waitOf({ pool, assigned, arrivals }: Sizing, { desiredNodes }: PoolSize): number | undefined {
  const waiting = classesOf(assigned.podsToPlace.map(({ request }) => request));
  return poolWait(pool, { waiting, perSecond: arrivals.perSecond * assigned.share }, arrivals, desiredNodes);
}

/** Sizes of live pools, and the number of Pods that no pool can hold. */
export interface SizedPools extends Omit<PolicyDecision, 'pools'> {
  /** By name. */
  readonly pools: readonly PoolSize[];
  readonly homeless: number;
}

/** Sizes live pools by the policy, within the daily spend limit. The same input gives the same answer. */
export function sizePools(question: PoolQuestion, policy: CapacityPolicy): SizedPools {
  const { spend, money, nowMs } = question;
  const { assigned, homeless } = assignedTo(ranked(question), question.podsToPlace);
  const sizings = assigned.map(([pool, work]) => sizingOf(pool, work, question));
  const decision = policy.decide({ ...question, pools: sizings.map(({ state }) => state) });
  const sized = sizings.flatMap((sizing, nth) => {
    const need = decision.pools[nth];
    const bufferPods = decision.buffer.pods * sizing.assigned.share;
    return need === undefined ? [] : [sizeOf(sizing, need, bufferPods, question)];
  });
  const { stepDown } = policy.settings.rails;
  const held = spend === undefined ? sized : withinSpend(sized, spend, money, { nowMs, stepDown });
  const pools = sizings.flatMap((sizing, nth) => {
    const size = held[nth];
    return size === undefined ? [] : [{ ...size, waitP95Seconds: waitOf(sizing, size) }];
  });
  return { ...decision, pools: pools.toSorted((one, other) => (one.pool < other.pool ? -1 : 1)), homeless };
}
