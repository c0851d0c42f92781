import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { type NodeGroup, packed, percent } from '../capacity/packing.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { countOf, type SizeClass } from '../capacity/size-class.ts';
import { counted } from './counted.ts';
import type { Demand } from './demand.ts';
import type { Guardrails } from './guardrails.ts';
import { bounded, meetObjective } from './meet-objective.ts';
import { costOf, type Prices, priceOf } from './price.ts';
import type { ShapeSize } from './recommendation.ts';
import { simulatedWaitP95 } from './simulate-wait.ts';

/** The arrivals expected within the lead time. */
export interface Arrivals {
  readonly typical: Resources;
  readonly leadSeconds: number;
  readonly perSecond: number;
  readonly pushSize: number;
  readonly podSeconds: number;
  readonly objectiveSeconds: number;
  readonly seed: number;
}

/** The same, and the room that is kept free for them. */
export interface Outlook extends Arrivals {
  readonly bufferPods: number;
}

/** The input for sizing the shapes. */
export interface ShapeQuestion {
  readonly shapes: readonly NodeShape[];
  /** The requests of DaemonSets on each node. */
  readonly overhead: NonNullable<NodeSpec['daemonSets']>;
  readonly demand: Demand;
  readonly outlook: Outlook;
  readonly rails: Guardrails;
  readonly money: {
    readonly prices: Prices;
    readonly currency: string;
    /** Hours of node room used by the Pods of 1000 PRs. */
    readonly podHoursOf1000Prs: number;
  };
}

/** A node of a shape as builds find it: with DaemonSets on it. */
export const nodeOf = ({ allocatable }: NodeShape, { overhead }: ShapeQuestion): NodeSpec => ({
  allocatable,
  daemonSets: overhead,
});

/** All work that needs room: now, and with the buffer for the lead time. */
export function demandAhead({ demand, outlook }: ShapeQuestion): {
  readonly now: readonly SizeClass[];
  readonly ahead: readonly SizeClass[];
} {
  const now = [...demand.running, ...demand.pending, ...demand.known];
  return { now, ahead: [...now, { request: outlook.typical, count: Math.ceil(outlook.bufferPods) }] };
}

const fitting = (classes: readonly SizeClass[], groups: readonly NodeGroup[]): readonly SizeClass[] =>
  classes.filter(({ request }) => groups.some(({ node }) => podsOnEmptyNode(node, request) > 0));

/** The simulated p95 wait over the lead time with these nodes, of the Pods that fit at all. Undefined: not simulated. */
export function waitWith(groups: readonly NodeGroup[], question: ShapeQuestion): number | undefined {
  const { demand, outlook } = question;
  const { typical, pushSize, podSeconds, seed, leadSeconds } = outlook;
  const isTypicalHeld = fitting([{ request: typical, count: 1 }], groups).length > 0;
  return simulatedWaitP95({
    groups,
    running: fitting(demand.running, groups),
    waiting: fitting([...demand.pending, ...demand.known], groups),
    typical,
    perSecond: isTypicalHeld ? outlook.perSecond : 0,
    pushSize,
    podSeconds,
    horizonSeconds: leadSeconds,
    seed,
  });
}

function sizeOne(shape: NodeShape, question: ShapeQuestion): ShapeSize {
  const { outlook, rails, money } = question;
  const node = nodeOf(shape, question);
  const { now, ahead } = demandAhead(question);
  const [packedNow, packedAhead] = [packed(now, node), packed(ahead, node)];
  const most = bounded(Infinity, rails, shape);
  const first = bounded(packedAhead.nodes, rails, shape);
  const { size: nodes, wait: waitP95Seconds } = meetObjective(
    first,
    (size, twentieths) => Math.min(most, size + Math.max(1, Math.ceil((first * twentieths) / 20))),
    (size) => waitWith([{ node, nodes: size }], question),
    outlook.objectiveSeconds,
  );
  const count = countOf(now);
  const tooLargeShare = count === 0 ? 0 : packedNow.tooLarge / count;
  const perHour = priceOf(money.prices, shape.name);
  const sized = { packedNow: packedNow.nodes, packedAhead: packedAhead.nodes, first, nodes, waitP95Seconds };
  return {
    shape: shape.name,
    allocatable: shape.allocatable,
    source: shape.source,
    nodesNow: packedNow.nodes,
    nodesAhead: nodes,
    waitP95Seconds,
    tooLargeShare,
    cost: perHour === undefined ? undefined : costOf(nodes * perHour, count, money.podHoursOf1000Prs),
    because: reasons({ ...sized, tooLargeShare, count, question }),
  };
}

interface ReasonInput {
  readonly packedNow: number;
  readonly packedAhead: number;
  readonly first: number;
  readonly nodes: number;
  readonly waitP95Seconds: number | undefined;
  readonly tooLargeShare: number;
  readonly count: number;
  readonly question: ShapeQuestion;
}

/** Describes the simulated wait as text. */
export function waitText(
  waitP95Seconds: number | undefined,
  nodes: number,
  { leadSeconds }: Outlook,
): string {
  if (waitP95Seconds === undefined) return 'the wait is not simulated: too many Pods for one tick';
  return `simulated wait over ${Math.round(leadSeconds)} s with ${counted(nodes, 'node')}: ${Math.round(waitP95Seconds * 10) / 10} s at the 95th percentile`;
}

function reasons({
  packedNow,
  packedAhead,
  first,
  nodes,
  waitP95Seconds,
  tooLargeShare,
  count,
  question: { outlook },
}: ReasonInput): string[] {
  const because = [
    `${counted(count, 'Pod')} running, unschedulable or known: ${counted(packedNow, 'node')}; with a buffer for ${Math.ceil(outlook.bufferPods)} more: ${counted(packedAhead, 'node')}`,
  ];
  if (first !== packedAhead) because.push(`the guardrails limit this to ${first}`);
  if (nodes > first)
    because.push(
      `${counted(nodes - first, 'more node')}, because the simulated wait with ${first} is longer than ${outlook.objectiveSeconds} s at the 95th percentile`,
    );
  because.push(waitText(waitP95Seconds, nodes, outlook));
  if (tooLargeShare > 0) because.push(`${percent(tooLargeShare)} of the Pods do not fit on such a node`);
  return because;
}

/** Sizes each shape as if all nodes had it. The same input gives the same answer. */
export function sizeShapes(question: ShapeQuestion): readonly ShapeSize[] {
  return question.shapes.map((shape) => sizeOne(shape, question));
}
