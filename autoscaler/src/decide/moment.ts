import type { Calibration } from '../calibrate/calibrate.ts';
import type { RunningBuild } from '../capacity/job.ts';
import { podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { Pool } from '../capacity/pools.ts';
import type { Resources } from '../capacity/shape.ts';
import type { Moment } from '../forecast/live-forecast.ts';
import type { Demand } from './demand.ts';

/** The forecast's view of current Pods and demand. Pure. */
export function momentOf(
  nowMs: number,
  running: readonly RunningBuild[],
  demand: Demand,
  podsPerNode?: number,
): Moment {
  return {
    nowSeconds: nowMs / 1000,
    running,
    waitingTotal: demand.pendingPods + demand.knownStages,
    knownAhead: demand.stagesSoon,
    podsPerNode,
  };
}

/** The size of a usual Pod, as learned. */
export const usualRequest = ({ podCpuMillicores, podMemoryBytes }: Calibration): Resources => ({
  cpuMillicores: Math.ceil(podCpuMillicores.value),
  memoryBytes: Math.ceil(podMemoryBytes.value),
});

/** Usual Pods on an empty node of the first pool that holds any; undefined: there is no such pool. */
export const podsPerNodeIn = (pools: readonly Pool[], calibration: Calibration): number | undefined =>
  pools.map(({ spec }) => podsOnEmptyNode(spec, usualRequest(calibration))).find((pods) => pods > 0);
