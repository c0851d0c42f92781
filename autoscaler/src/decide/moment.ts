import type { PodCounts } from '../capacity/pod-counts.ts';
import type { Moment } from '../forecast/live-forecast.ts';
import type { Demand } from './demand.ts';

/** The forecast's view of current Pods and demand. Pure. */
export function momentOf(nowMs: number, pods: PodCounts, demand: Demand): Moment {
  return {
    nowSeconds: nowMs / 1000,
    running: Array.from(pods.boundAtSeconds, (startedAt) => ({ startedAt })),
    waitingTotal: demand.pendingPods + demand.knownStages,
    knownAhead: demand.stagesSoon,
  };
}
