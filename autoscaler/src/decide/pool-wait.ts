import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { packed } from '../capacity/packing.ts';
import type { Pool } from '../capacity/pools.ts';
import type { SizeClass } from '../capacity/size-class.ts';
import { meetObjective } from './meet-objective.ts';
import type { ObjectiveNodes } from './pool-need.ts';
import { simulatedWaitP95 } from './simulate-wait.ts';
import type { Arrivals } from './size-shapes.ts';

/** The part of the work that is assigned to one pool. */
export interface PoolWork {
  /** Pods assigned to it that wait and fit on its nodes. */
  readonly waiting: readonly SizeClass[];
  /** Pods that arrive at it per second. */
  readonly perSecond: number;
}

/** The node without taints and labels: the Pods given to a pool have already been matched against them. */
const bare = ({ spec }: Pool): NodeSpec => ({
  allocatable: spec.allocatable,
  ...(spec.daemonSets === undefined ? {} : { daemonSets: spec.daemonSets }),
});

/** Builds on its nodes, of their mean size. */
function runningOn({ nodes }: Pool): readonly SizeClass[] {
  const sum = (of: (node: Pool['nodes'][number]) => number): number =>
    nodes.reduce((all, node) => all + of(node), 0);
  const count = sum(({ builds }) => builds);
  if (count === 0) return [];
  const request = {
    cpuMillicores: Math.ceil(sum(({ used }) => used.cpuMillicores) / count),
    memoryBytes: Math.ceil(sum(({ used }) => used.memoryBytes) / count),
  };
  return [{ request, count }];
}

/** The simulated p95 wait over the lead time when the pool has `nodes` nodes, in seconds; undefined: not simulated. */
export function poolWait(pool: Pool, work: PoolWork, outlook: Arrivals, nodes: number): number | undefined {
  const { typical, pushSize, podSeconds, leadSeconds, seed } = outlook;
  const node = bare(pool);
  return simulatedWaitP95({
    groups: [{ node, nodes }],
    running: runningOn(pool).filter(({ request }) => podsOnEmptyNode(node, request) > 0),
    waiting: work.waiting,
    typical,
    perSecond: podsOnEmptyNode(node, typical) > 0 ? work.perSecond : 0,
    pushSize,
    podSeconds,
    horizonSeconds: leadSeconds,
    seed,
  });
}

/**
 * The nodes that a pool needs to meet the objective, found as for a shape. The result depends on the work alone, never on the
 * current number of nodes: the same work needs the same number, however often this is computed and whatever was ordered before, so
 * that an order never causes the next one.
 */
export function nodesForObjective(
  pool: Pool,
  work: PoolWork & { readonly bufferPods: number },
  outlook: Arrivals,
): ObjectiveNodes {
  const buffer = { request: outlook.typical, count: Math.ceil(work.bufferPods) };
  const first = packed([...runningOn(pool), ...work.waiting, buffer], bare(pool)).nodes;
  const { size } = meetObjective(
    first,
    (nodes, twentieths) => nodes + Math.max(1, Math.ceil((first * twentieths) / 20)),
    (nodes) => poolWait(pool, work, outlook, nodes),
    outlook.objectiveSeconds,
  );
  return { nodes: size, added: size - first };
}
