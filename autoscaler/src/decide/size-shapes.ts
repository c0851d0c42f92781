import type { NodeShape, Resources } from '../capacity/shape.ts';
import type { NodeSpec } from '../simulate/node-table.ts';
import { countOf, type Demand, type SizeClass } from './demand.ts';
import type { Guardrails } from './guardrails.ts';
import { packed, percent } from './packing.ts';
import type { ShapeSize } from './recommendation.ts';
import { simulatedWaitP95 } from './simulate-wait.ts';

/** What may come within the lead time. */
export interface Outlook {
  readonly bufferPods: number;
  readonly typical: Resources;
  readonly leadSeconds: number;
  readonly perSecond: number;
  readonly pushSize: number;
  readonly podSeconds: number;
  readonly objectiveSeconds: number;
  readonly seed: number;
}

/** What the shapes are sized for. */
export interface ShapeQuestion {
  readonly shapes: readonly NodeShape[];
  /** What DaemonSets take on each node. */
  readonly overhead: NonNullable<NodeSpec['daemonSets']>;
  readonly demand: Demand;
  readonly outlook: Outlook;
  readonly rails: Guardrails;
}

/** Tries of a larger pool when the simulated wait is too long: each adds more than the one before, a twentieth first. */
const MOST_TRIES = 5;

function bounded(nodes: number, { minNodes, maxNodes, quota }: Guardrails, shape: NodeShape): number {
  const byQuota = Math.min(
    Math.floor(quota.cpuMillicores / Math.max(1, shape.allocatable.cpuMillicores)),
    Math.floor(quota.memoryBytes / Math.max(1, shape.allocatable.memoryBytes)),
  );
  return Math.min(maxNodes, Math.max(minNodes, Math.min(nodes, byQuota)));
}

interface Tried {
  readonly nodes: number;
  readonly wait: number | undefined;
}

/** The smallest pool from `first` on whose simulated wait meets the objective. */
function cheapest(
  first: number,
  most: number,
  wait: (nodes: number) => number | undefined,
  objective: number,
): Tried {
  let tried: Tried = { nodes: first, wait: wait(first) };
  for (let nth = 0; nth < MOST_TRIES; nth += 1) {
    if (tried.wait === undefined || tried.wait <= objective || tried.nodes >= most) break;
    const nodes = Math.min(most, tried.nodes + Math.max(1, Math.ceil((first * (nth + 1)) / 20)));
    tried = { nodes, wait: wait(nodes) };
  }
  return tried;
}

function sizeOne(shape: NodeShape, question: ShapeQuestion): ShapeSize {
  const { demand, outlook, rails, overhead } = question;
  const node: NodeSpec = { allocatable: shape.allocatable, daemonSets: overhead };
  const waiting = [...demand.pending, ...demand.known];
  const now: readonly SizeClass[] = [...demand.running, ...waiting];
  const ahead = [...now, { request: outlook.typical, count: Math.ceil(outlook.bufferPods) }];
  const [packedNow, packedAhead] = [packed(now, node), packed(ahead, node)];
  const wait = (nodes: number): number | undefined =>
    simulatedWaitP95({
      nodes,
      node,
      running: fitting(demand.running, node),
      waiting: fitting(waiting, node),
      typical: outlook.typical,
      perSecond: packed([{ request: outlook.typical, count: 1 }], node).tooLarge > 0 ? 0 : outlook.perSecond,
      pushSize: outlook.pushSize,
      podSeconds: outlook.podSeconds,
      horizonSeconds: outlook.leadSeconds,
      seed: outlook.seed,
    });
  const most = bounded(Infinity, rails, shape);
  const first = bounded(packedAhead.nodes, rails, shape);
  const { nodes, wait: waitP95Seconds } = cheapest(first, most, wait, outlook.objectiveSeconds);
  const count = countOf(now);
  const tooLargeShare = count === 0 ? 0 : packedNow.tooLarge / count;
  return {
    shape: shape.name,
    allocatable: shape.allocatable,
    source: shape.source,
    nodesNow: packedNow.nodes,
    nodesAhead: nodes,
    waitP95Seconds,
    tooLargeShare,
    because: story({
      packedNow: packedNow.nodes,
      packedAhead: packedAhead.nodes,
      first,
      nodes,
      waitP95Seconds,
      tooLargeShare,
      count,
      question,
    }),
  };
}

const fitting = (classes: readonly SizeClass[], node: NodeSpec): readonly SizeClass[] =>
  classes.filter((one) => packed([one], node).tooLarge === 0);

interface Story {
  readonly packedNow: number;
  readonly packedAhead: number;
  readonly first: number;
  readonly nodes: number;
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly count: number;
  readonly question: ShapeQuestion;
}

function story({
  packedNow,
  packedAhead,
  first,
  nodes,
  waitP95Seconds,
  tooLargeShare,
  count,
  question,
}: Story): string[] {
  const { outlook } = question;
  const because = [
    `${packedNow} nodes hold the ${count} Pods that run, wait or are known; with room for ${Math.ceil(outlook.bufferPods)} more it takes ${packedAhead}`,
  ];
  if (first !== packedAhead) because.push(`the guardrails make ${first} of it`);
  if (nodes > first)
    because.push(
      `${nodes - first} more, because the simulated wait with ${first} is longer than ${outlook.objectiveSeconds} s at the 95th percentile`,
    );
  if (waitP95Seconds === undefined) because.push('the wait is not simulated: too many Pods for one tick');
  else
    because.push(
      `simulated wait over ${Math.round(outlook.leadSeconds)} s with ${nodes} nodes: ${Math.round(waitP95Seconds * 10) / 10} s at the 95th percentile`,
    );
  if (tooLargeShare > 0)
    because.push(`${percent(tooLargeShare)} of the Pods don't fit on such a node at all`);
  return because;
}

/** Sizes each shape as if the pool were made of it alone. The same question gives the same answer. */
export function sizeShapes(question: ShapeQuestion): readonly ShapeSize[] {
  return question.shapes.map((shape) => sizeOne(shape, question));
}
