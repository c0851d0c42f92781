import type { V1ContainerState, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { ANNOTATION, containerName, INIT_CONTAINER } from '../../pipeline/compiled.ts';
import type { RunPlan } from '../../pipeline/run-plan.ts';

/** The image of the placeholder until the swap. */
export const PLACEHOLDER_IMAGE = 'hangar-gate:test';
export const POD_UID = 'pod-uid-1';

/** A Pod of that plan on a node, with no status of its containers. */
export function aPod(
  plan: RunPlan,
  changes: { annotations?: Record<string, string>; spec?: object } = {},
): V1Pod {
  const swapped = plan.steps.filter(({ engine }) => engine === 'swap');
  const images = Object.fromEntries(swapped.map(({ n, image }) => [`${ANNOTATION.imagePrefix}${n}`, image]));
  return {
    metadata: {
      name: 'drone-abc',
      namespace: 'ci',
      uid: POD_UID,
      resourceVersion: '7',
      annotations: { [ANNOTATION.owner]: 'ci/me', ...images, ...changes.annotations },
    },
    spec: {
      nodeName: 'node-a',
      initContainers: [{ name: INIT_CONTAINER, image: PLACEHOLDER_IMAGE }],
      containers: plan.steps.map(({ n, image, engine }) => ({
        name: containerName(n),
        image: engine === 'swap' ? PLACEHOLDER_IMAGE : image,
      })),
      ...changes.spec,
    },
    status: { phase: 'Running' },
  };
}

/** The same Pod with these container states; containers that are not named keep theirs. */
export function withStates(
  pod: V1Pod,
  states: Readonly<Record<number, V1ContainerState>>,
  restarts = 0,
): V1Pod {
  const before = pod.status?.containerStatuses ?? [];
  const names = Object.keys(states).map((n) => containerName(Number(n)));
  const now = Object.entries(states).map(([n, state]) => ({
    name: containerName(Number(n)),
    image: 'any',
    imageID: 'any',
    ready: false,
    restartCount: restarts,
    containerID: `containerd://${n}-${restarts}`,
    state,
  }));
  return withStatus(pod, {
    containerStatuses: [...before.filter(({ name }) => !names.includes(name)), ...now],
  });
}

export function withStatus(pod: V1Pod, status: Partial<V1PodStatus>): V1Pod {
  return { ...pod, status: { ...pod.status, ...status } };
}

/** The same Pod after the swap of a step: with its image, and the placeholder's id in an annotation. */
export function afterSwap(pod: V1Pod, n: number, placeholder?: string): V1Pod {
  const image = pod.metadata?.annotations?.[`${ANNOTATION.imagePrefix}${n}`] ?? '';
  const kept = placeholder ? { [`${ANNOTATION.placeholderPrefix}${n}`]: placeholder } : {};
  const containers = (pod.spec?.containers ?? []).map((one) =>
    one.name === containerName(n) ? { ...one, image } : one,
  );
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, ...kept } },
    spec: { ...pod.spec, containers },
  };
}

export const running = (startedAt = '2026-01-14T09:30:10Z'): V1ContainerState =>
  ({ running: { startedAt } }) as unknown as V1ContainerState;

export const waiting = (reason: string, message = ''): V1ContainerState => ({ waiting: { reason, message } });

/** Terminated, with the gate's termination message if one is given. */
export function terminated(
  exitCode: number,
  more: { reason?: string; message?: string; startedAt?: string } = {},
): V1ContainerState {
  const [startedAt, finishedAt] = ['2026-01-14T09:30:10Z', '2026-01-14T09:30:20Z'];
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return { terminated: { exitCode, reason, startedAt, finishedAt, ...more } } as unknown as V1ContainerState;
}

/** Terminated, with the decision of its gate. */
export const gated = (code: number, decision = 'ran'): V1ContainerState =>
  terminated(code, { message: `${decision} ${code} 1768383011000 1768383019000` });
