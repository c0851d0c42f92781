import type { Recommendation } from '../decide/recommendation.ts';
import type { HistoryPoint } from './ledger.ts';

/** A point for plots. Without a recommendation all of it is unknown but the waits. */
export function pointOf(
  atMs: number,
  recommendation: Recommendation | undefined,
  waits: readonly number[],
): HistoryPoint {
  const { shapes = [], pools = [] } = recommendation ?? {};
  return {
    atMs,
    ...workOf(recommendation),
    waitSeconds: waits.length === 0 ? null : waits.reduce((most, one) => Math.max(most, one), 0),
    shapes: Object.fromEntries(shapes.map(({ shape, nodesAhead }) => [shape, nodesAhead])),
    pools: Object.fromEntries(
      pools.map(({ pool, actualNodes, desiredNodes }) => [
        pool,
        { actual: actualNodes, desired: desiredNodes },
      ]),
    ),
  };
}

function workOf(
  recommendation: Recommendation | undefined,
): Pick<HistoryPoint, 'running' | 'pending' | 'known' | 'buffer'> {
  if (recommendation === undefined) return { running: null, pending: null, known: null, buffer: null };
  const { runningPods, pendingPods, knownStages, bufferPods } = recommendation.demand;
  return { running: runningPods, pending: pendingPods, known: knownStages, buffer: bufferPods };
}
