import { podsOnEmptyNode } from '../capacity/node-spec.ts';
import { type NodeGroup, packed, packInto, percent } from '../capacity/packing.ts';
import { countOf, type SizeClass } from '../capacity/size-class.ts';
import { type Counts, cheapestMix, groupsOf, hourlyPrice, type PricedKind } from './cheapest-mix.ts';
import { bounded, meetObjective } from './meet-objective.ts';
import { costOf, priceOf, priceText } from './price.ts';
import type { NodeMix, ShapeSize } from './recommendation.ts';
import { fewClasses } from './request-classes.ts';
import { demandAhead, nodeOf, type ShapeQuestion, waitText, waitWith } from './size-shapes.ts';

/** Limit of shapes that are mixed: each pair is tried. */
const MOST_SHAPES = 8;
/** Limit of distinct sizes: the cost of packing grows with them. */
const MOST_CLASSES = 16;

interface Kind extends PricedKind {
  readonly shape: string;
}

/** A mix and its ranking: Pods without room, then the objective, then price. */
interface Judged {
  readonly counts: Counts;
  readonly wait: number | undefined;
  readonly rank: readonly number[];
}

function kindsOf(question: ShapeQuestion): readonly Kind[] {
  return question.shapes
    .flatMap((shape): readonly Kind[] => {
      const perHour = priceOf(question.money.prices, shape.name);
      if (perHour === undefined) return [];
      const mostNodes = bounded(Infinity, question.rails, shape);
      return [{ shape: shape.name, node: nodeOf(shape, question), perHour, mostNodes }];
    })
    .slice(0, MOST_SHAPES);
}

const sum = (counts: Counts): number => counts.reduce((all, nodes) => all + nodes, 0);

/** The kind on which one more Pod of the usual size costs least and whose limit is not reached. */
function bestValue(kinds: readonly Kind[], counts: Counts, { outlook }: ShapeQuestion): number {
  const perPod = ({ node, perHour }: Kind): number => {
    const { tooLarge } = packed([{ request: outlook.typical, count: 1 }], node);
    const many = 1000;
    return tooLarge > 0
      ? Infinity
      : packed([{ request: outlook.typical, count: many }], node).nodes * perHour;
  };
  const open = kinds.flatMap((kind, at) =>
    (counts[at] ?? 0) < kind.mostNodes ? { at, value: perPod(kind) } : [],
  );
  return open.toSorted((one, other) => one.value - other.value)[0]?.at ?? -1;
}

/** Adds nodes of the cheapest kind; returns the same counts when no kind can grow. */
function grown(kinds: readonly Kind[], counts: Counts, more: number, question: ShapeQuestion): Counts {
  const at = bestValue(kinds, counts, question);
  const kind = kinds[at];
  if (kind === undefined || more <= 0) return counts;
  return counts.map((nodes, index) => (index === at ? Math.min(kind.mostNodes, nodes + more) : nodes));
}

function judge(kinds: readonly Kind[], classes: readonly SizeClass[], question: ShapeQuestion) {
  return (counts: Counts, wait: number | undefined): Judged => {
    const { left } = packInto(classes, groupsOf(kinds, counts));
    const misses = (wait ?? 0) > question.outlook.objectiveSeconds ? 1 : 0;
    return { counts, wait, rank: [left, misses, hourlyPrice(kinds, counts), sum(counts)] };
  };
}

const isBetter = ({ rank: one }: Judged, { rank: other }: Judged): boolean => {
  const at = one.findIndex((value, index) => Math.abs(value - (other[index] ?? 0)) > 1e-9);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
};

/** The cheapest mix found by packing, enlarged until the simulated wait meets the objective. */
function searched(kinds: readonly Kind[], classes: readonly SizeClass[], question: ShapeQuestion) {
  const packedMix = cheapestMix(classes, kinds) ?? kinds.map(() => 0);
  const first = grown(kinds, packedMix, question.rails.minNodes - sum(packedMix), question);
  const { size, wait } = meetObjective(
    first,
    (counts, twentieths) =>
      grown(kinds, counts, Math.max(1, Math.ceil((sum(first) * twentieths) / 20)), question),
    (counts) => waitWith(groupsOf(kinds, counts), question),
    question.outlook.objectiveSeconds,
  );
  return { counts: size, wait };
}

/**
 * The cheapest mix of the shapes with a price that holds the demand and meets the same objective; never more expensive than one of
 * these shapes alone that performs as well. Bounded; the same input gives the same answer.
 *
 * @param alone the same shapes, each sized alone
 * @returns undefined when no shape has a price
 */
export function sizeMix(question: ShapeQuestion, alone: readonly ShapeSize[]): NodeMix | undefined {
  const kinds = kindsOf(question);
  if (kinds.length === 0) return undefined;
  const classes = fewClasses(demandAhead(question).ahead, MOST_CLASSES);
  const judged = judge(kinds, classes, question);
  const { counts, wait } = searched(kinds, classes, question);
  const singles = kinds.flatMap((kind, at) => {
    const single = alone.find(({ shape }) => shape === kind.shape);
    const nodes = kinds.map((_, index) => (index === at ? (single?.nodesAhead ?? 0) : 0));
    return single === undefined ? [] : judged(nodes, single.waitP95Seconds);
  });
  const best = singles.reduce((one, other) => (isBetter(other, one) ? other : one), judged(counts, wait));
  return mixWithReasons(kinds, best, question, alone);
}

/** Pods that would fit if there were more nodes of these kinds. */
function shortOf(groups: readonly NodeGroup[], question: ShapeQuestion): number {
  const { ahead } = demandAhead(question);
  const fitting = ahead.filter(({ request }) =>
    groups.some(({ node }) => podsOnEmptyNode(node, request) > 0),
  );
  return packInto(fitting, groups).left;
}

function mixWithReasons(
  kinds: readonly Kind[],
  { counts, wait }: Judged,
  question: ShapeQuestion,
  alone: readonly ShapeSize[],
): NodeMix {
  const { now } = demandAhead(question);
  const groups = groupsOf(kinds, counts);
  const tooLarge = countOf(
    now.filter(({ request }) => groups.every(({ node }) => podsOnEmptyNode(node, request) === 0)),
  );
  const count = countOf(now);
  const tooLargeShare = count === 0 ? 0 : tooLarge / count;
  const cost = costOf(hourlyPrice(kinds, counts), count, question.money.podHoursOf1000Prs);
  const parts = kinds.flatMap(({ shape, perHour }, at) => {
    const nodes = counts[at] ?? 0;
    return nodes === 0 ? [] : { shape, nodes, perHour: nodes * perHour };
  });
  const text = parts.map(({ shape, nodes }) => `${nodes} × ${shape}`).join(' + ') || 'no node';
  const hourly = (perHour: number): string => `${priceText(perHour, question.money.currency)} an hour`;
  const others = alone.flatMap(({ shape, nodesAhead, cost: one, tooLargeShare: share }) => {
    if (one === undefined) return [];
    const misfit = share > 0 ? `, and ${percent(share)} of the Pods do not fit on it` : '';
    return `${shape} alone: ${nodesAhead} nodes, ${hourly(one.perHour)}${misfit}`;
  });
  const short = shortOf(groups, question);
  const kept = short > 0 ? [`${short} Pods do not fit on them: the guardrails do not allow more`] : [];
  const misfit =
    tooLargeShare > 0 ? [`${percent(tooLargeShare)} of the Pods fit on none of these nodes`] : [];
  return {
    parts,
    cost,
    waitP95Seconds: wait,
    tooLargeShare,
    because: [
      `${text}: ${hourly(cost.perHour)}`,
      ...others,
      waitText(wait, sum(counts), question.outlook),
      ...kept,
      ...misfit,
    ],
  };
}
