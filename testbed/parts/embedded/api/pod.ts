import type {
  V1Container,
  V1ContainerState,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
} from '@kubernetes/client-node';
import type { KubeObject, OnWire } from './objects.ts';
import { rfc3339Seconds } from './times.ts';

/** A Pod that passed validation. */
export interface Pod extends KubeObject {
  spec: PodSpec;
  status: PodStatus;
}

export type Container = OnWire<V1Container> & { image: string };

export type PodSpec = Omit<OnWire<V1PodSpec>, 'containers' | 'initContainers'> & {
  containers: Container[];
  initContainers?: Container[];
};

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export type PodStatus = Omit<
  OnWire<V1PodStatus>,
  'conditions' | 'containerStatuses' | 'initContainerStatuses'
> & {
  phase: PodPhase;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
};

export type PodCondition = Omit<OnWire<V1PodCondition>, 'lastProbeTime'> & { lastProbeTime?: null };

export type TerminatedState = OnWire<V1ContainerStateTerminated>;

export type ContainerState = OnWire<V1ContainerState>;

export type ContainerStatus = OnWire<V1ContainerStatus> & {
  state: ContainerState;
  lastState: ContainerState;
};

/** Reads a stored object as a Pod: only for objects that passed validation as one. */
export function podOf(object: KubeObject): Pod {
  return object as Pod;
}

/** Init containers first, as they run. */
export function allContainers({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** Whether a Pod's phase is final. */
export function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

/** The conditions with one replaced; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly PodCondition[],
  next: PodCondition,
  nowMs: number,
): PodCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  const since = before?.status === next.status ? before.lastTransitionTime : undefined;
  const stamped = { ...next, lastTransitionTime: since ?? rfc3339Seconds(nowMs) };
  return before === undefined
    ? [...conditions, stamped]
    : conditions.map((condition) => (condition.type === next.type ? stamped : condition));
}
