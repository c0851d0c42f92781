import type { Condition } from '../capacity/condition.ts';
import { MIB } from '../capacity/shape.ts';
import type { Guardrails } from './guardrails.ts';
import { unplaceableIn } from './placeable.ts';
import type { CapacitySnapshot, WatchView } from './snapshot.ts';
import { waitBoundConditions } from './wait-bound-condition.ts';

/** Which sources are configured, and so expected to report. */
export interface ExpectedSources {
  readonly cluster: boolean;
  readonly runners: boolean;
  readonly staleAfterMs: number;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function watchCondition(
  name: string,
  view: WatchView | undefined,
  staleAfterMs: number,
): Condition | undefined {
  const trouble = view?.trouble ? `: ${view.trouble}` : '';
  if (view?.staleMs === undefined)
    return {
      weight: 'stale',
      text: `the ${name} of the cluster have not been listed yet${trouble}. Check that the autoscaler is allowed to list and watch ${name}`,
    };
  if (view.staleMs <= staleAfterMs) return undefined;
  return {
    weight: 'stale',
    text: `the watch of ${name} last received an event ${seconds(view.staleMs)} ago${trouble}. Check the API server`,
  };
}

function clusterConditions({ watches }: CapacitySnapshot, expected: ExpectedSources): readonly Condition[] {
  if (!expected.cluster) return [];
  const needed = [
    watchCondition('pods', watches.pods, expected.staleAfterMs),
    watchCondition('nodes', watches.nodes, expected.staleAfterMs),
  ].flatMap((one) => one ?? []);
  if (watches.daemonSets?.staleMs !== undefined) return needed;
  const text =
    'DaemonSets cannot be watched: HANGAR_AUTOSCALER_DAEMONSETS is used for their requests instead. Grant list and watch of daemonsets (autoscaler.rbac.readOnly of the chart)';
  return [...needed, { weight: 'note', text }];
}

function runnerConditions({ runners }: CapacitySnapshot, expected: ExpectedSources): readonly Condition[] {
  if (!expected.runners) return [];
  const alone = !expected.cluster;
  if (runners === undefined || runners.targets.length === 0)
    return [
      {
        weight: alone ? 'stale' : 'partial',
        text: 'no runner was found: stages without a Pod are not counted. Check HANGAR_AUTOSCALER_RUNNER_SERVICE',
      },
    ];
  const problems = runners.problems.slice(0, 5).map(
    ({ target, problem, cure }): Condition => ({
      weight: 'partial',
      text: `${target}: ${problem} (${cure})`,
    }),
  );
  if (runners.missing.length === 0) return problems;
  // Without Pods from the watch, a silent runner may hold any part of the work: a sum without it would be wrong, not just small.
  const text = `${runners.missing.length} of ${runners.targets.length} runners are unreachable (${runners.missing.slice(0, 3).join(', ')}): their stages without a Pod are not counted`;
  return [{ weight: alone ? 'stale' : 'partial', text }, ...problems];
}

function droneConditions({ drone }: CapacitySnapshot): readonly Condition[] {
  if (drone === undefined || drone.pendingJobs !== undefined) return [];
  const text = `the Drone server does not report its pending stages: ${drone.problem}`;
  return [{ weight: 'partial', text }];
}

function surroundingsConditions({ surroundings }: CapacitySnapshot): readonly Condition[] {
  const { forbidden } = surroundings;
  if (forbidden.length === 0) return [];
  const text = `${forbidden.join(', ')} cannot be listed: advice on engines is incomplete, or quotas are ignored. Grant list on them (autoscaler.rbac.advise of the chart)`;
  return [{ weight: 'note', text }];
}

function placementConditions(snapshot: CapacitySnapshot): readonly Condition[] {
  const { pods, stages } = unplaceableIn(snapshot);
  const [pod] = pods;
  const [stage] = stages;
  const example = pod ? `${pod.namespace}/${pod.name}` : stage && `stage ${stage.stageId} of ${stage.repo}`;
  const request = pod?.request ?? stage?.request;
  if (example === undefined || request === undefined) return [];
  const size = `${request.cpuMillicores / 1000} CPUs and ${Math.round(request.memoryBytes / MIB)} MiB`;
  const text = `${pods.length} waiting Pods and ${stages.length} stages fit on the nodes of no pool, such as ${example} (it requests ${size}): pools are sized without them. Lower their requests, check their node selectors, or add a pool that fits them`;
  return [{ weight: 'note', text }];
}

/** Everything that is not as it should be, most severe first; empty = all is well. Pure. */
export function conditionsOf(
  snapshot: CapacitySnapshot,
  expected: ExpectedSources,
  rails: Pick<Guardrails, 'maxNodes' | 'quota'>,
): readonly Condition[] {
  const all = [
    ...clusterConditions(snapshot, expected),
    ...runnerConditions(snapshot, expected),
    ...droneConditions(snapshot),
    ...surroundingsConditions(snapshot),
    ...placementConditions(snapshot),
    ...waitBoundConditions(snapshot, rails),
  ];
  const rank = { stale: 0, partial: 1, note: 2 } as const;
  const vanished =
    expected.cluster && snapshot.pools.length === 0 && !all.some(({ weight }) => weight === 'stale');
  const none: readonly Condition[] = vanished
    ? [
        {
          weight: 'note',
          text: 'no node belongs to a pool for builds: only shapes are sized. Check HANGAR_AUTOSCALER_POOL_TAINT',
        },
      ]
    : [];
  return [...all, ...none].sort((one, other) => rank[one.weight] - rank[other.weight]);
}

/** Whether the data is too old for a decision. */
export const isStale = (conditions: readonly Condition[]): boolean =>
  conditions.some(({ weight }) => weight === 'stale');
