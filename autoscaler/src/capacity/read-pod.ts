import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import type {
  V1ContainerStatus,
  V1NodeSelectorTerm,
  V1Pod,
  V1PodSpec,
  V1Toleration,
} from '@kubernetes/client-node';
import { buildName } from './job.ts';
import type { LabelDemand, PodConstraints, Toleration } from './scheduling.ts';
import type { Resources } from './shape.ts';

/** What of a Pod matters for capacity. Times in milliseconds since 1970. */
export interface PodFact {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** `held`: a scheduling gate; `pending`: no node yet; `bound`: on a node; `ended`: holds no room any more. */
  readonly state: 'held' | 'pending' | 'bound' | 'ended';
  /** Empty: none. */
  readonly node: string;
  readonly createdMs: number;
  readonly boundMs: number | undefined;
  /** When its first container began. */
  readonly startedMs: number | undefined;
  /** When the last of its containers began, init containers aside; undefined: not all have. */
  readonly allStartedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly request: Resources;
  readonly constraints: PodConstraints;
  /** `acme/widget#7`; empty where nobody says. */
  readonly build: string;
  readonly repo: string;
  /** The name of its pipeline; empty where nobody says. */
  readonly stage: string;
  /** Repository and pipeline, as `buildName`: once for each Pod, since ticks look at all. */
  readonly pipeline: string;
  /** What started the build, such as `push` or `cron`; empty where nobody says. */
  readonly event: string;
}

const timeMs = (value: Date | string | undefined): number | undefined => {
  const ms = value === undefined ? Number.NaN : new Date(value).getTime();
  return Number.isNaN(ms) ? undefined : ms;
};

const OPERATORS: readonly LabelDemand['operator'][] = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

function tolerationOf({ key, operator, value, effect }: V1Toleration): Toleration {
  const known = EFFECTS.find((one) => one === effect);
  return {
    ...(key === undefined ? {} : { key }),
    operator: operator === 'Exists' ? 'Exists' : 'Equal',
    ...(value === undefined ? {} : { value }),
    ...(known === undefined ? {} : { effect: known }),
  };
}

/** Where a Pod of this spec may go, beside room. */
export function constraintsOfSpec(spec: V1PodSpec | undefined): PodConstraints {
  const { nodeSelector, tolerations = [], affinity } = spec ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(required === undefined ? {} : { affinityTerms: required.nodeSelectorTerms.map(demandsOf) }),
    tolerations: tolerations.map(tolerationOf),
  };
}

const demandsOf = ({ matchExpressions = [] }: V1NodeSelectorTerm): readonly LabelDemand[] =>
  matchExpressions.flatMap(({ key, operator, values = [] }) => {
    const known = OPERATORS.find((one) => one === operator);
    return known === undefined ? [] : [{ key, operator: known, values }];
  });

function boundMs({ status }: V1Pod): number | undefined {
  const scheduled = (status?.conditions ?? []).find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'True' ? timeMs(scheduled.lastTransitionTime) : undefined;
}

const startsOf = (statuses: readonly V1ContainerStatus[] = []): readonly number[] =>
  statuses.flatMap(({ state }) => timeMs(state?.running?.startedAt ?? state?.terminated?.startedAt) ?? []);

function startedMs({ status }: V1Pod): number | undefined {
  const times = [...startsOf(status?.initContainerStatuses), ...startsOf(status?.containerStatuses)];
  return times.length === 0 ? undefined : Math.min(...times);
}

function allStartedMs({ spec, status }: V1Pod): number | undefined {
  const times = startsOf(status?.containerStatuses);
  return times.length === 0 || times.length < (spec?.containers.length ?? 0) ? undefined : Math.max(...times);
}

function endedMs({ status, metadata }: V1Pod): number | undefined {
  if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') return undefined;
  const times = (status.containerStatuses ?? []).flatMap(
    ({ state }) => timeMs(state?.terminated?.finishedAt) ?? [],
  );
  return times.length > 0 ? Math.max(...times) : timeMs(metadata?.deletionTimestamp);
}

function stateOf(pod: V1Pod): PodFact['state'] {
  const { phase = 'Pending' } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return 'ended';
  if (pod.spec?.nodeName) return 'bound';
  return (pod.spec?.schedulingGates ?? []).length > 0 ? 'held' : 'pending';
}

function labelsOfBuild({
  metadata,
}: V1Pod): Pick<PodFact, 'build' | 'repo' | 'stage' | 'pipeline' | 'event'> {
  const words = { ...metadata?.labels, ...metadata?.annotations };
  const repo =
    words['io.drone.repo.slug'] ??
    [words['io.drone.repo.namespace'], words['io.drone.repo.name']].filter(Boolean).join('/');
  const number = words['io.drone.build.number'];
  const stage = words['io.drone.stage.name'] ?? '';
  const event = words['io.drone.build.event'] ?? '';
  const pipeline = buildName({ repo, stage });
  return { repo, stage, pipeline, event, build: number === undefined ? '' : `${repo}#${number}` };
}

/** Reads a Pod. @param nowMs for what it doesn't say */
export function readPod(pod: V1Pod, nowMs: number): PodFact {
  const { uid = '', namespace = '', name = '', creationTimestamp } = pod.metadata ?? {};
  return {
    uid,
    namespace,
    name,
    state: stateOf(pod),
    node: pod.spec?.nodeName ?? '',
    createdMs: timeMs(creationTimestamp) ?? nowMs,
    boundMs: boundMs(pod),
    startedMs: startedMs(pod),
    allStartedMs: allStartedMs(pod),
    endedMs: endedMs(pod),
    request: requestOfSpec(pod.spec),
    constraints: constraintsOfSpec(pod.spec),
    ...labelsOfBuild(pod),
  };
}
