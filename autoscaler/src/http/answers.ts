import {
  BUILDS_PER_PR,
  type Calibration,
  calibratedParameters,
  type Quantity,
} from '../calibrate/calibrate.ts';
import type { Condition } from '../capacity/condition.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { LOAD_LEVELS } from '../capacity/shape.ts';
import type { DatedCurve } from '../curve/curve-keeper.ts';
import { curveJson } from '../curve/price-curve.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { HistoryPoint, Ledger } from '../history/ledger.ts';
import { nodesFor } from '../model/nodes-for.ts';
import { PARAMETER_NOTES, PUBLISHED } from '../model/parameters.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { recommendationJson, resourcesJson } from '../recommend/as-json.ts';
import { recommendForPrs } from '../recommend/for-prs.ts';
import { costsAnswer, maybeCostAnswer, poolAnswer } from './cost-answers.ts';
import { staleSinceMs, validUntilMs } from './validity.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const round = (value: number, digits = 3): number => Math.round(value * 10 ** digits) / 10 ** digits;

function validityOf({ atMs, leadSeconds }: Recommendation, ledger: Ledger, nowMs: number) {
  const sinceMs = staleSinceMs(ledger, nowMs);
  return {
    validUntil: iso(validUntilMs({ atMs, leadSeconds })),
    ageSeconds: round((nowMs - atMs) / 1000),
    stale: sinceMs !== undefined,
    ...(sinceMs === undefined ? {} : { staleSince: iso(sinceMs) }),
  };
}

const conditionAnswer = ({ weight, text, type, reason }: Condition) => ({
  ...{ weight, text },
  ...(type === undefined ? {} : { type, reason }),
});

/** The body of `GET /api/v1/recommendations`: the last good answer, and whether it is still valid. */
export function recommendationAnswer(ledger: Ledger, recommendation: Recommendation, nowMs: number) {
  const { conditions } = ledger;
  const { buffer, demand } = recommendation;
  return {
    at: iso(recommendation.atMs),
    ...validityOf(recommendation, ledger, nowMs),
    conditions: conditions.map(conditionAnswer),
    leadSeconds: round(recommendation.leadSeconds),
    objectiveWaitP95Seconds: recommendation.objectiveWaitP95Seconds,
    demand: { ...demand, bufferPods: round(demand.bufferPods) },
    typicalPod: resourcesJson(recommendation.typicalPod),
    buffer: { pods: round(buffer.pods), by: buffer.by, because: buffer.because },
    shapes: recommendation.shapes.map((one) => ({
      shape: one.shape,
      nodesNow: one.nodesNow,
      nodesAhead: one.nodesAhead,
      waitP95Seconds: one.waitP95Seconds === undefined ? null : round(one.waitP95Seconds),
      tooLargeShare: round(one.tooLargeShare),
      allocatable: { ...resourcesJson(one.allocatable), pods: one.allocatable.pods },
      source: one.source,
      cost: maybeCostAnswer(one.cost),
      because: one.because,
    })),
    pools: recommendation.pools.map(poolAnswer),
    ...costsAnswer(recommendation),
    because: recommendation.because,
  };
}

/** A validated question about PRs a day. */
export interface WhatIf {
  readonly prsPerDay: number;
  readonly shapes: readonly NodeShape[];
}

/** The body of `GET /api/v1/what-if`: by the published model (as `recommend --json`), and by the calibrated one. */
export function whatIfAnswer({ prsPerDay, shapes }: WhatIf, calibration: Calibration) {
  const published = recommendationJson(recommendForPrs({ prsPerDay, shapes, levels: LOAD_LEVELS }));
  const parameters = calibratedParameters(calibration);
  const learned = recommendationJson(recommendForPrs({ prsPerDay, shapes, levels: LOAD_LEVELS, parameters }));
  const days = Math.max(...Object.values(calibration).map((one) => one.days));
  return {
    ...published,
    calibrated: {
      shapes: learned.shapes,
      assumes: learned.assumes,
      days,
      because:
        days === 0
          ? 'no data yet: the same as the published model'
          : `with data of ${days} days of this cluster. The number of builds per PR is not observable and stays at ${BUILDS_PER_PR}`,
    },
  };
}

const quantityAnswer = (one: Quantity) => ({
  name: one.name,
  meaning: one.meaning,
  unit: one.unit,
  value: round(one.value),
  low90: round(one.low),
  high90: round(one.high),
  prior: round(one.prior),
  priorSource: one.priorSource,
  data: one.data === undefined ? null : { value: round(one.data.value), days: one.data.days },
  lowerBound: one.lowerBound,
  because: one.because,
});

/** The body of `GET /model`: the assumptions, the calibration, and the published table's rows with both. */
export function modelAnswer(calibration: Calibration) {
  const parameters = calibratedParameters(calibration);
  const table = [100, 500, 1000].map((prsPerDay) => ({
    prsPerDay,
    published: tableRow(prsPerDay, PUBLISHED),
    calibrated: tableRow(prsPerDay, parameters),
  }));
  return {
    learned: Object.values(calibration).map(quantityAnswer),
    parameters: PARAMETER_NOTES.map(({ parameter, meaning, source, reading }) => {
      const value = parameters[parameter];
      return {
        name: parameter,
        published: valueAnswer(PUBLISHED[parameter]),
        used: valueAnswer(value),
        meaning,
        source,
        reading,
      };
    }),
    table,
  };
}

const valueAnswer = (value: number | Resources) =>
  typeof value === 'number' ? round(value, 6) : resourcesJson(value);

/** Null for a shape on which no Pod of the calibrated size fits. */
function tableRow(prsPerDay: number, parameters: typeof PUBLISHED) {
  const cell = (shape: NodeShape, level: (typeof LOAD_LEVELS)[number]): number | null => {
    try {
      return nodesFor(prsPerDay, shape, level, parameters);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  };
  return Object.fromEntries(
    PUBLISHED_SHAPES.map((shape) => [shape.name, { low: cell(shape, 'low'), high: cell(shape, 'high') }]),
  );
}

/** The number of points that a plot can show. */
const MOST_POINTS = 360;

/** Reduces a history: per interval the point with the most work, with the longest wait of the interval, so that no peak is lost. */
export function downsampled(points: readonly HistoryPoint[], most = MOST_POINTS): readonly HistoryPoint[] {
  const stretch = Math.ceil(points.length / most);
  if (stretch <= 1) return points;
  const thin: HistoryPoint[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const busiest = part.reduce((one, other) => (workOf(other) > workOf(one) ? other : one));
    const waits = part.flatMap(({ waitSeconds }) => waitSeconds ?? []);
    thin.push({ ...busiest, waitSeconds: waits.length === 0 ? null : Math.max(...waits) });
  }
  return thin;
}

const workOf = ({ running, pending, known }: HistoryPoint): number =>
  (running ?? -1) + (pending ?? 0) + (known ?? 0);

/** The body of `GET /demand`. @param hours length of the history */
export function demandAnswer(ledger: Ledger, hours: number, nowMs: number) {
  const { recommendation } = ledger;
  const points = ledger.history.items.filter(({ atMs }) => atMs >= nowMs - hours * 3_600_000);
  return {
    stale: staleSinceMs(ledger, nowMs) !== undefined,
    now: recommendation === undefined ? null : recommendation.demand,
    history: downsampled(points).map(({ atMs, ...point }) => ({ at: iso(atMs), ...point })),
  };
}

const MOST_ACTS = 200;

/** The body of `GET /api/v1/decisions`: latest first. */
export function decisionsAnswer({ decisions, audit }: Ledger) {
  return {
    decisions: [...decisions.items].reverse().map(({ atMs, ...entry }) => ({ at: iso(atMs), ...entry })),
    acts: audit.entries
      .slice(-MOST_ACTS)
      .reverse()
      .map(({ atMs, lastAtMs, from, ...entry }) => ({
        ...{ at: iso(atMs), lastAt: iso(lastAtMs), from: from ?? null },
        ...entry,
      })),
  };
}

/** The body of `GET /forecast`. */
export function forecastAnswer(
  recommendation: Recommendation,
  meanMissPods: number | undefined,
  curve: DatedCurve | undefined,
) {
  const { buffer, leadSeconds } = recommendation;
  return {
    leadSeconds: round(leadSeconds),
    buffer: { ...buffer, pods: round(buffer.pods) },
    meanMissPods: meanMissPods === undefined ? null : round(meanMissPods),
    curve: curve === undefined ? null : { at: iso(curve.atMs), ...curveJson(curve) },
  };
}
