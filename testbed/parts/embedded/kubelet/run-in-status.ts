import type { ContainerStatus, Pod } from '../api/pod.ts';
import type { LogOptions } from '../http/pod-log.ts';
import type { ContainerRun } from './container-run.ts';
import type { ContainerSlot } from './container-slot.ts';

function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}

/** The run that the published status is about: the kubelet serves no log of a run that it has not reported. */
export function runInStatus(
  pod: Pod,
  container: string,
  slot: ContainerSlot | undefined,
): ContainerRun | undefined {
  const status = statusOf(pod, container);
  const reported = status?.state.running ?? status?.state.terminated ?? status?.lastState.terminated;
  if (reported === undefined) return undefined;
  return [slot?.run, slot?.previous].find((run) => run?.id === status?.containerID);
}

const WAITS: Readonly<Record<string, string>> = {
  '': ' - no logs yet',
  ErrImagePull: ": image can't be pulled",
  ImagePullBackOff: ': trying and failing to pull image',
};

/** Why there is no log, as the kubelet's message. */
export function noLogText(pod: Pod, { container, previous }: LogOptions): string {
  const subject = `container "${container}" in pod "${pod.metadata.name}"`;
  if (previous) return `previous terminated ${subject} not found`;
  const status = statusOf(pod, container);
  if (status === undefined) return `${subject} is not available`;
  if (status.state.terminated !== undefined) return `${subject} is terminated`;
  const reason = status.state.waiting?.reason ?? '';
  return `${subject} is waiting to start${WAITS[reason] ?? `: ${reason}`}`;
}
