import type { WaitingStage } from '@hangar/shared/contract/demand';
import type { PodFact } from '../capacity/read-pod.ts';
import type { Demand } from './demand.ts';
import { type PodToPlace, takes } from './size-pools.ts';
import type { CapacitySnapshot } from './snapshot.ts';

/** Work that waits and that no pool can take: it is too large for all nodes, or selects others. */
export interface Unplaceable {
  readonly pods: readonly PodFact[];
  /** Stages without a Pod. */
  readonly stages: readonly WaitingStage[];
}

/** The waiting work that no pool can take; nothing while there is no pool. Pure. */
export function unplaceableIn({ pods, runners, pools }: CapacitySnapshot): Unplaceable {
  if (pools.length === 0) return { pods: [], stages: [] };
  const fitsNowhere = (pod: PodToPlace): boolean => !pools.some((pool) => takes(pool, pod));
  return {
    pods: (pods?.waiting ?? []).filter(fitsNowhere),
    stages: (runners?.known ?? []).filter(
      ({ pod, request }) =>
        pods?.seen.has(pod) !== true && request !== undefined && fitsNowhere({ request, constraints: {} }),
    ),
  };
}

/** The demand that a buffer is computed from: without what fits nowhere, which must not change a pool. Pure. */
export function placeableDemand(snapshot: CapacitySnapshot, demand: Demand): Demand {
  const { pods, stages } = unplaceableIn(snapshot);
  return {
    ...demand,
    pendingPods: Math.max(0, demand.pendingPods - pods.length),
    knownStages: Math.max(0, demand.knownStages - stages.length),
  };
}
