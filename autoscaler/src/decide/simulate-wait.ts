import { fewSizes } from '../capacity/few-sizes.ts';
import type { NodeGroup } from '../capacity/packing.ts';
import type { Resources } from '../capacity/shape.ts';
import { countOf, type SizeClass } from '../capacity/size-class.ts';
import { ClusterSim } from '../simulate/cluster-sim.ts';
import { type Random, seededRandom } from '../simulate/random.ts';

/** The current state, and the arrivals expected within the lead time. */
export interface WaitQuestion {
  /** All nodes that exist; one kind or several. */
  readonly groups: readonly NodeGroup[];
  readonly running: readonly SizeClass[];
  /** Pending and known Pods: they need room at once. */
  readonly waiting: readonly SizeClass[];
  readonly typical: Resources;
  /** Pods that arrive per second. */
  readonly perSecond: number;
  /** Pods that arrive together. */
  readonly pushSize: number;
  readonly podSeconds: number;
  /** No new node becomes ready within this time. */
  readonly horizonSeconds: number;
  readonly seed: number;
}

/** Limit of placements per answer: many runs of a small pool, few of a large one, whose runs differ little. */
const PLACEMENTS = 1_500;
const RUNS = { least: 2, most: 10 } as const;
/** With more Pods than this, a run takes too long for a tick. */
const MOST_PODS = 1_500;
const MOST_ARRIVALS = 1_500;

/** Exponential with a given mean: the remaining time of a run, and (cv about 1, scheduling-and-scaling §4.1) a whole one. */
const exponential = (random: Random, mean: number): number => -Math.log(1 - random.next()) * mean;

function fill(sim: ClusterSim, classes: readonly SizeClass[], seconds: () => number): void {
  for (const { request, count } of classes)
    for (let nth = 0; nth < count; nth += 1)
      sim.arrive({ arrivedAt: sim.now, durationSeconds: seconds(), request });
}

function arrivalTimes({ perSecond, pushSize, horizonSeconds }: WaitQuestion, random: Random): number[] {
  const times: number[] = [];
  const pushesPerSecond = perSecond / Math.max(1, pushSize);
  if (pushesPerSecond <= 0) return times;
  for (
    let at = exponential(random, 1 / pushesPerSecond);
    at < horizonSeconds;
    at += exponential(random, 1 / pushesPerSecond)
  ) {
    const size = Math.max(1, Math.round(pushSize));
    for (let nth = 0; nth < size && times.length < MOST_ARRIVALS; nth += 1) times.push(at);
  }
  return times;
}

/** Simulates one run. @returns waits in seconds; a Pod that waits until the end has waited at least that long */
function play(question: WaitQuestion, random: Random): readonly number[] {
  const { groups, horizonSeconds, podSeconds } = question;
  const waits: number[] = [];
  const [first] = groups;
  if (first === undefined) return waits;
  let settled = false;
  const sim = new ClusterSim({
    node: first.node,
    bootSeconds: horizonSeconds,
    coldSeconds: 0,
    strategy: 'least',
    random,
    onBind: ({ arrivedAt }, at) => {
      if (settled) waits.push(at - arrivedAt);
    },
  });
  for (const { node, nodes } of groups) sim.order(nodes, 0, node);
  sim.finishUntil(0);
  const seconds = (): number => exponential(random, podSeconds);
  fill(sim, question.running, seconds);
  settled = true;
  fill(sim, question.waiting, seconds);
  for (const at of arrivalTimes(question, random)) {
    sim.finishUntil(at);
    sim.arrive({ arrivedAt: at, durationSeconds: seconds(), request: question.typical });
  }
  sim.finishUntil(horizonSeconds);
  sim.line.drain(({ arrivedAt }) => {
    waits.push(horizonSeconds - arrivedAt);
    return true;
  });
  return waits;
}

/**
 * The 95th percentile of the simulated wait for room over the lead time with these nodes, in seconds.
 *
 * @returns 0 when no Pod arrives; undefined when there are too many Pods to simulate within a tick. The same input gives the same
 * answer.
 */
export function simulatedWaitP95(question: WaitQuestion): number | undefined {
  const pods = countOf([...question.running, ...question.waiting]);
  const nodes = question.groups.reduce((sum, group) => sum + group.nodes, 0);
  if (pods > MOST_PODS || nodes > MOST_PODS) return undefined;
  const random = seededRandom(question.seed);
  const kinds = question.groups.map(({ node }) => node);
  const few = {
    ...question,
    running: fewSizes(question.running, kinds),
    waiting: fewSizes(question.waiting, kinds),
  };
  const placements = pods + question.perSecond * question.horizonSeconds;
  const runs = Math.floor(PLACEMENTS / Math.max(1, placements));
  const length = Math.max(RUNS.least, Math.min(RUNS.most, runs));
  const waits = Array.from({ length }, () => play(few, random)).flat();
  if (waits.length === 0) return 0;
  waits.sort((one, other) => one - other);
  return waits[Math.min(waits.length - 1, Math.ceil(waits.length * 0.95) - 1)] ?? 0;
}
