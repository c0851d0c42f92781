import type { Condition } from '../capacity/condition.ts';
import { nodesWithin, podsOnEmptyNode } from '../capacity/node-spec.ts';
import { percent } from '../capacity/packing.ts';
import { ALLOWED_LATE_SHARE, type BoundState } from '../forecast/wait-bound.ts';
import { be } from './counted.ts';
import { demandIn } from './decide.ts';
import type { Guardrails } from './guardrails.ts';
import { usualRequest } from './moment.ts';
import { placeableDemand } from './placeable.ts';
import type { CapacitySnapshot } from './snapshot.ts';

type Maximum = Pick<Guardrails, 'maxNodes' | 'quota'>;

/** Pods of the usual size that the pools hold at their maximum. */
function mostPods({ pools, calibration }: CapacitySnapshot, { maxNodes, quota }: Maximum): number {
  const usual = usualRequest(calibration);
  return pools.reduce((sum, { spec }) => {
    const most = Math.min(maxNodes, nodesWithin(quota, spec.allocatable));
    return sum + most * podsOnEmptyNode(spec, usual);
  }, 0);
}

/** The pools cannot have the room that the bound requires now. */
function beyondMaximum(
  snapshot: CapacitySnapshot,
  { seconds, pods }: BoundState,
  maximum: Maximum,
): string | undefined {
  const { runningPods, pendingPods, knownStages } = placeableDemand(snapshot, demandIn(snapshot));
  const builds = runningPods + pendingPods + knownStages;
  const most = mostPods(snapshot, maximum);
  if (builds + pods <= most) return undefined;
  return `${be(builds, 'build')} running or waiting, a wait of at most ${seconds} s requires room for ${pods} more, and the pools hold ${most} at their maximum. Raise HANGAR_AUTOSCALER_MAX_NODES, HANGAR_AUTOSCALER_QUOTA_CPU or HANGAR_AUTOSCALER_QUOTA_MEMORY, or the bound`;
}

/** More builds waited longer than a 95th percentile allows. */
function exceeded({ seconds, lateShare = 0 }: BoundState): string | undefined {
  if (lateShare <= ALLOWED_LATE_SHARE) return undefined;
  return `${percent(lateShare)} of the builds of the last two weeks waited longer than ${seconds} s for a node, more than 5 %. More room is kept free since then. If this remains, check that the nodes are ordered (HANGAR_AUTOSCALER_ACT=on) and become ready in the usual time, or raise HANGAR_AUTOSCALER_WAIT_BOUND`;
}

/** Whether the bound for the wait is held; empty: it is, or there is none. Pure. */
export function waitBoundConditions(snapshot: CapacitySnapshot, maximum: Maximum): readonly Condition[] {
  const bound = snapshot.forecast?.bound;
  if (bound === undefined) return [];
  const isNot = (reason: NonNullable<Condition['reason']>, text: string | undefined): readonly Condition[] =>
    text === undefined
      ? []
      : [
          {
            ...{ weight: 'note', type: 'WaitBoundHeld', reason },
            text: `WaitBoundHeld is False (${reason}): ${text}`,
          },
        ];
  return [
    ...isNot('PoolMaximum', beyondMaximum(snapshot, bound, maximum)),
    ...isNot('Exceeded', exceeded(bound)),
  ].slice(0, 1);
}
