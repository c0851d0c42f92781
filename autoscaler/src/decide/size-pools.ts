import type { EngineFacts } from '../advise/engines.ts';
import { poolScaler } from '../advise/proposals.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { packInto, percent } from '../capacity/packing.ts';
import type { NodeUsage, Pool } from '../capacity/pools.ts';
import { admitsPod, type PodConstraints } from '../capacity/scheduling.ts';
import type { Resources } from '../capacity/shape.ts';
import { classesOf } from '../capacity/size-class.ts';
import { type Guardrails, guarded } from './guardrails.ts';
import { nodesForObjective, type PoolWork, poolWait } from './pool-wait.ts';
import { priceOf } from './price.ts';
import type { PoolSize, Spend } from './recommendation.ts';
import type { Outlook } from './size-shapes.ts';
import { type SpendLimit, withinSpend } from './spend.ts';

/** A Pod or stage that needs room, and the nodes it may run on. */
export interface PodToPlace {
  readonly request: Resources;
  readonly constraints: PodConstraints;
}

/** The input for sizing live pools. */
export interface PoolQuestion {
  readonly nowMs: number;
  readonly pools: readonly Pool[];
  /** Pods without a node and stages without a Pod. */
  readonly podsToPlace: readonly PodToPlace[];
  readonly outlook: Outlook;
  /** The typical Pod among those that fit on such a node. */
  readonly typicalOn: (node: NodeSpec) => Resources;
  /** Names of pools in the order in which pending work is assigned to them; others follow, larger ones first. */
  readonly order: readonly string[];
  readonly grewAtMs: ReadonlyMap<string, number>;
  readonly rails: Guardrails;
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

/** A Pod's size in Pods of the typical request: a large one needs the room of several. */
const weight = ({ request }: PodToPlace, typical: Resources): number =>
  Math.max(
    request.cpuMillicores / Math.max(1, typical.cpuMillicores),
    request.memoryBytes / Math.max(1, typical.memoryBytes),
  );

interface Raw {
  readonly wanted: number;
  readonly spareNodes: number;
  readonly because: readonly string[];
}

/** The work assigned to one pool. */
interface Share extends PoolWork {
  readonly podsToPlace: readonly PodToPlace[];
  /** Room in Pods, beside what waits, below which no empty node is given up. */
  readonly keepPods: number;
}

/** A node that is not ready after this many boot times is considered lost: its room is not counted. */
const LOST_AFTER_BOOTS = 3;

/** Nodes that boot, and nodes that are considered lost. */
function notReady({ nodes }: Pool, nowMs: number, bootSeconds: number) {
  const absent = nodes.filter(({ ready }) => !ready);
  const lost = absent.filter(({ createdMs }) => nowMs - createdMs > LOST_AFTER_BOOTS * bootSeconds * 1000);
  return { booting: absent.length - lost.length, lost: lost.length };
}

function rawSize(pool: Pool, share: Share, { nowMs, outlook }: PoolQuestion): Raw {
  const { podsToPlace, bufferPods, keepPods } = share;
  const { typical } = outlook;
  const open = pool.nodes.filter(({ closed, ready }) => ready && !closed);
  const { booting, lost } = notReady(pool, nowMs, outlook.leadSeconds);
  const perNode = podsOnEmptyNode(pool.spec, typical);
  if (perNode === 0)
    return {
      wanted: pool.nodes.length,
      spareNodes: 0,
      because: ['not one Pod of the usual size fits on its nodes: it is left unchanged'],
    };
  const left = open.map((node) => leftOf(pool, node));
  const room = left.reduce((sum, node) => sum + podsOnEmptyNode(node, typical), booting * perNode);
  const wantedRoom = podsToPlace.reduce((sum, pod) => sum + weight(pod, typical), 0) + bufferPods;
  // Room in many small pieces holds no large Pod: waiting Pods are packed into the pieces as they are.
  const pieces = [...left.map((node) => ({ node, nodes: 1 })), { node: pool.spec, nodes: booting }];
  const stuck = packInto(classesOf(podsToPlace.map(({ request }) => request)), pieces, pool.spec).opened;
  const missing = Math.max(stuck, Math.ceil((wantedRoom - room) / perNode - 1e-9), 0);
  const empty = open.filter(({ builds }) => builds === 0).length;
  const keptRoom = wantedRoom + Math.max(0, keepPods - bufferPods);
  const spare =
    missing > 0 ? 0 : Math.min(empty, Math.max(0, Math.floor((room - keptRoom) / perNode + 1e-9)));
  const reasons = `room for ${Math.floor(room)} Pods on ${pool.nodes.length} nodes (${booting} booting, ${empty} empty${lost > 0 ? `, ${lost} not ready for long` : ''}), room for ${Math.ceil(wantedRoom)} is needed: ${podsToPlace.length} unschedulable or known and a buffer of ${Math.ceil(bufferPods)}`;
  const act =
    missing > 0 ? `${missing} more` : spare > 0 ? `${spare} empty ones can be removed` : 'unchanged';
  return {
    wanted: pool.nodes.length + missing - spare,
    spareNodes: Math.ceil(bufferPods / perNode - 1e-9),
    because: [reasons, `${perNode} Pods to a node: ${act}`],
  };
}

/** The size by room, or the size that the objective needs where that is larger. */
function heldToObjective(pool: Pool, share: Share, question: PoolQuestion): Raw {
  const { outlook } = question;
  const raw = rawSize(pool, share, question);
  if (podsOnEmptyNode(pool.spec, outlook.typical) === 0) return raw;
  const { nodes, added } = nodesForObjective(pool, share, outlook);
  if (added === 0) return raw;
  const why = `${nodes} at least, ${added} of them because the simulated wait is longer than ${outlook.objectiveSeconds} s at the 95th percentile without`;
  return {
    wanted: Math.max(raw.wanted, nodes),
    spareNodes: raw.spareNodes + added,
    because: [...raw.because, why],
  };
}

function sizeOne(pool: Pool, share: Share, question: PoolQuestion): PoolSize {
  const { wanted, spareNodes, because } = heldToObjective(pool, share, question);
  const { nodes, held } = guarded(
    wanted,
    {
      nodes: pool.nodes.length,
      grewAtMs: question.grewAtMs.get(pool.name),
      nowMs: question.nowMs,
      node: pool.spec.allocatable,
    },
    question.rails,
  );
  const tooLarge = question.podsToPlace.filter(
    ({ request }) => podsOnEmptyNode(pool.spec, request) === 0,
  ).length;
  const tooLargeShare = question.podsToPlace.length === 0 ? 0 : tooLarge / question.podsToPlace.length;
  const misfit =
    tooLarge === 0 ? [] : [`${percent(tooLargeShare)} of the waiting Pods don't fit on its nodes at all`];
  return {
    pool: pool.name,
    owner: poolScaler(pool, question.surroundings),
    actualNodes: pool.nodes.length,
    readyNodes: pool.nodes.filter(({ ready }) => ready).length,
    emptyNodes: pool.nodes.filter(({ builds }) => builds === 0).length,
    wantedNodes: nodes,
    shortNodes: Math.max(0, wanted - nodes),
    spareNodes: Math.min(nodes, spareNodes),
    nodePerHour: priceOf(question.money.prices, pool.name),
    waitP95Seconds: undefined,
    tooLargeShare,
    because: [...because, ...held, ...misfit],
  };
}

/** How waiting and future work is divided among the pools. */
function sharesOf(pools: readonly Pool[], { podsToPlace, outlook }: PoolQuestion) {
  const byPool = shareOut(pools, podsToPlace);
  const shares = new Map(
    pools.map((pool): [string, Share] => {
      const own = byPool.get(pool.name) ?? [];
      const part = shareOf(pool, pools);
      const waiting = classesOf(own.map(({ request }) => request));
      const coming = {
        bufferPods: outlook.bufferPods * part,
        keepPods: (outlook.keepPods ?? 0) * part,
        perSecond: outlook.perSecond * part,
      };
      return [pool.name, { podsToPlace: own, waiting, ...coming }];
    }),
  );
  return { shares, homeless: byPool.get('') ?? [] };
}

const NO_SHARE: Share = { podsToPlace: [], waiting: [], bufferPods: 0, keepPods: 0, perSecond: 0 };

/** Sizes of live pools, and the number of Pods that no pool can hold. The same input gives the same answer. */
export function sizePools(question: PoolQuestion): {
  readonly pools: readonly PoolSize[];
  readonly homeless: number;
} {
  const pools = ranked(question);
  const { shares, homeless } = sharesOf(pools, question);
  const { spend, money, nowMs, rails, typicalOn } = question;
  const shareFor = (name: string): Share => shares.get(name) ?? NO_SHARE;
  const outlookFor = ({ spec }: Pool): Outlook => ({ ...question.outlook, typical: typicalOn(spec) });
  const sizes = pools.map((pool) =>
    sizeOne(pool, shareFor(pool.name), { ...question, outlook: outlookFor(pool) }),
  );
  const held =
    spend === undefined ? sizes : withinSpend(sizes, spend, money, { nowMs, stepDown: rails.stepDown });
  const waitAt = ({ pool: name, wantedNodes }: PoolSize): number | undefined => {
    const pool = pools.find((one) => one.name === name);
    return pool && poolWait(pool, shareFor(name), outlookFor(pool), wantedNodes);
  };
  return {
    pools: held
      .map((size) => ({ ...size, waitP95Seconds: waitAt(size) }))
      .toSorted((one, other) => (one.pool < other.pool ? -1 : 1)),
    homeless: homeless.length,
  };
}
