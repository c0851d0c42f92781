import type { PodCounts } from '../capacity/pod-counts.ts';
import type { Moment } from '../forecast/live-forecast.ts';
import type { Demand } from './demand.ts';

/** What a forecast sees of Pods and demand now. Pure. */
export function momentOf(nowMs: number, pods: PodCounts, demand: Demand): Moment {
  return {
    nowSeconds: nowMs / 1000,
    running: Array.from(pods.boundAtSeconds, (startedAt) => ({ startedAt })),
    waitingTotal: demand.pendingPods + demand.knownStages,
    knownAhead: demand.stagesSoon,
  };
}
