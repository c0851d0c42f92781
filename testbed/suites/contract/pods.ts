import type {
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1Pod,
  V1PodSpec,
} from '@kubernetes/client-node';
import { expect } from 'vitest';
import { BUSYBOX } from '../flows/pipelines.ts';
import type { TestNamespace } from './test-namespace.ts';

/** An image like {@link BUSYBOX} that runs as another user than root. */
export const NONROOT = 'docker.io/local/nonroot:1';

/** A container of a shell script. */
export function shell(script: string, more: Partial<V1Container> = {}): V1Container {
  return {
    name: 'main',
    image: BUSYBOX,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', script],
    ...more,
  };
}

/** A Pod that is not restarted and ends quickly when it is deleted. */
export function contractPod(
  { nodeName }: Pick<TestNamespace, 'nodeName'>,
  name: string,
  containers: readonly V1Container[],
  more: Partial<V1PodSpec> = {},
): V1Pod {
  return {
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      nodeSelector: { 'kubernetes.io/hostname': nodeName },
      containers: [...containers],
      ...more,
    },
  };
}

/** A Pod that no node will ever get: for what only the API server does. */
export function heldPod(name: string, more: Partial<V1PodSpec> = {}): V1Pod {
  return {
    metadata: { name },
    spec: { schedulingGates: [{ name: 'hangar.dev/held' }], containers: [shell('true')], ...more },
  };
}

export function containerStatusOf(pod: V1Pod, container = 'main'): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}

export function containerStateOf(pod: V1Pod, container = 'main'): V1ContainerState {
  return containerStatusOf(pod, container)?.state ?? {};
}

export const isRunning = (pod: V1Pod): boolean => containerStateOf(pod).running !== undefined;

export const waitsFor =
  (reason: string, container = 'main') =>
  (pod: V1Pod): boolean =>
    containerStateOf(pod, container).waiting?.reason === reason;

export function conditionOf(pod: V1Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** Any text of that form, inside an expected object. */
export const like = (form: RegExp): unknown => expect.stringMatching(form);

/** Stamps of objects and containers. */
export const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export const CONTAINER_ID = /^containerd:\/\/[0-9a-f]{64}$/;
