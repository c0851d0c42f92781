import type { Condition } from '../capacity/condition.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { ActView } from '../ports.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';
import type { NodeFact } from '../capacity/read-node.ts';

/**
 * What acting sees of a snapshot and what was decided on it.
 *
 * @param nodes as the watch knows them
 * @param conditions what is known of the data: a runner that is silent or lies may hide work, so that less would be too little
 */
export function actViewOf(
  snapshot: CapacitySnapshot,
  recommendation: Recommendation,
  nodes: readonly NodeFact[],
  conditions: readonly Condition[],
): ActView {
  const { pendingPods, knownStages } = recommendation.demand;
  return {
    nodes,
    pools: snapshot.pools,
    typicalPod: recommendation.typicalPod,
    waitingPods: pendingPods + knownStages,
    perSecond: snapshot.perSecond,
    bootMs: snapshot.calibration.bootSeconds.value * 1000,
    uncertain: conditions.find(({ weight }) => weight === 'partial')?.text,
  };
}
