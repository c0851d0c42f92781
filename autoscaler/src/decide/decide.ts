import type { NodeShape, Resources } from '../capacity/shape.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import type { CapacitySnapshot } from '../store/snapshot.ts';
import { type BufferOptions, bufferOf } from './buffer.ts';
import { type Demand, demandOf } from './demand.ts';
import type { Guardrails } from './guardrails.ts';
import { typicalOf } from './packing.ts';
import type { Buffer, Recommendation } from './recommendation.ts';
import { sizePools, type Wish } from './size-pools.ts';
import { sizeShapes } from './size-shapes.ts';

/** Everything that a decision rests on beside the snapshot. */
export interface DecideOptions {
  /** Beside the published ones. */
  readonly shapes: readonly NodeShape[];
  readonly daemonSets: Resources;
  readonly buffer: BufferOptions;
  readonly rails: Guardrails;
  readonly poolOrder: readonly string[];
  readonly objectiveMs: number;
  readonly tickMs: number;
  readonly seed: number;
}

/** Pods fewer than these say little about the usual size: what was learned over days stands. */
const ENOUGH_PODS = 20;

/** From a decision until its node works: what happens is seen a tick later, decided, and a node boots. */
export const leadSecondsOf = ({ calibration }: CapacitySnapshot, tickMs: number): number =>
  calibration.bootSeconds.value + (2 * tickMs) / 1000;

/** The demand of a snapshot. */
export function demandIn({ pods, runners, calibration }: CapacitySnapshot): Demand {
  return demandOf({
    pods,
    known: runners?.known,
    states: runners?.states,
    capacityPipelines: runners?.capacityPipelines,
    typical: usual(calibration),
  });
}

const usual = ({ podCpuMillicores, podMemoryBytes }: CapacitySnapshot['calibration']): Resources => ({
  cpuMillicores: Math.ceil(podCpuMillicores.value),
  memoryBytes: Math.ceil(podMemoryBytes.value),
});

function wishesOf({ pods, runners, calibration }: CapacitySnapshot): readonly Wish[] {
  const waiting = (pods ?? []).filter(({ state }) => state === 'pending' || state === 'held');
  const seen = new Set((pods ?? []).map(({ name }) => name));
  const known = (runners?.known ?? []).filter(({ pod }) => pod === '' || !seen.has(pod));
  return [
    ...waiting.map(({ request, constraints }) => ({ request, constraints })),
    ...known.map(({ request }) => ({ request: request ?? usual(calibration), constraints: {} })),
  ];
}

function typicalIn(demand: Demand, calibration: CapacitySnapshot['calibration']): Resources {
  const classes = [...demand.running, ...demand.pending, ...demand.known];
  const learned = usual(calibration);
  const count = demand.runningPods + demand.pendingPods + demand.knownStages;
  return count >= ENOUGH_PODS || calibration.podCpuMillicores.days === 0
    ? typicalOf(classes, learned)
    : learned;
}

function story(demand: Demand, buffer: Buffer, leadSeconds: number, homeless: number): readonly string[] {
  const { runningPods, pendingPods, knownStages, lowerBound } = demand;
  const because = [
    `${runningPods} Pods run, ${pendingPods} wait for a node, ${knownStages} more stages have no Pod yet`,
    `a node takes ${Math.round(leadSeconds)} s from the decision to its first build; for what comes until then: ${buffer.because}`,
    ...demand.notes,
  ];
  if (lowerBound) because.push('so the demand is a lower bound');
  if (homeless > 0)
    because.push(`${homeless} waiting Pods can go to no pool: they are too large or ask for other nodes`);
  return because;
}

/**
 * What is needed now and for the lead time. Pure: the same snapshot and options give the same answer.
 *
 * @see capacity.md §4.2, §5
 */
export function decide(snapshot: CapacitySnapshot, options: DecideOptions): Recommendation {
  const { nowMs, calibration, grewAtMs, pools } = snapshot;
  const demand = demandIn(snapshot);
  const buffer = bufferOf(demand, options.buffer, snapshot.forecastPods);
  const leadSeconds = leadSecondsOf(snapshot, options.tickMs);
  const typical = typicalIn(demand, calibration);
  const objectiveSeconds = options.objectiveMs / 1000;
  const shapes = sizeShapes({
    shapes: [...PUBLISHED_SHAPES, ...options.shapes],
    overhead: { ...options.daemonSets, pods: 0 },
    demand,
    rails: options.rails,
    outlook: {
      bufferPods: buffer.pods,
      typical,
      leadSeconds,
      perSecond: snapshot.perSecond,
      pushSize: calibration.burstiness.value,
      podSeconds: calibration.podSeconds.value,
      objectiveSeconds,
      seed: options.seed,
    },
  });
  const sized = sizePools({
    nowMs,
    pools,
    wishes: wishesOf(snapshot),
    bufferPods: buffer.pods,
    typical,
    order: options.poolOrder,
    grewAtMs,
    rails: options.rails,
  });
  const { runningPods, pendingPods, knownStages, lowerBound } = demand;
  return {
    atMs: nowMs,
    leadSeconds,
    objectiveWaitP95Seconds: objectiveSeconds,
    demand: { runningPods, pendingPods, knownStages, bufferPods: buffer.pods, lowerBound },
    typicalPod: typical,
    buffer,
    shapes,
    pools: sized.pools,
    because: story(demand, buffer, leadSeconds, sized.homeless),
  };
}
