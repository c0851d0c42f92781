import type { PodFact } from '../watch/read-pod.ts';
import type { Moment } from './buffer.ts';
import type { Demand } from './demand.ts';

/** What a forecast sees of Pods and demand now. Pure. */
export function momentOf(nowMs: number, pods: readonly PodFact[], demand: Demand): Moment {
  return {
    nowSeconds: nowMs / 1000,
    running: pods.flatMap(({ state, boundMs }) =>
      state === 'bound' && boundMs !== undefined ? { startedAt: boundMs / 1000 } : [],
    ),
    waitingTotal: demand.pendingPods + demand.knownStages,
    knownAhead: demand.stagesSoon,
  };
}
