import type { V1Pod } from '@kubernetes/client-node';
import { refuse } from './refuse.ts';

/** etcd's request size limit. */
const LARGEST_BYTES = 1.5 * 1024 * 1024;
/** Size of the status that the kubelet will write for one container: state, image id, container id, message. */
const STATUS_BYTES = 700;

/** Bytes that field management adds for a value: it repeats the name of every field and list item. */
function managedBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + itemBytes(item), 0);
  return Object.entries(value).reduce((sum, [key, inner]) => sum + key.length + 8 + managedBytes(inner), 0);
}

/** A list item is identified by its key field, `k:{"name":"…"}` or the like, followed by its own marker. */
function itemBytes(item: unknown): number {
  const keyField = typeof item === 'object' && item !== null ? Object.entries(item)[0] : undefined;
  return JSON.stringify(keyField ?? '').length + 18 + managedBytes(item);
}

/**
 * Upper estimate of a Pod's size in etcd, in bytes: its JSON (the stored form is slightly smaller), the managed fields
 * that the API server adds, and the later status.
 */
export function storedBytes(pod: V1Pod): number {
  const containers = (pod.spec?.containers.length ?? 0) + (pod.spec?.initContainers?.length ?? 0);
  return (
    Buffer.byteLength(JSON.stringify(pod)) +
    managedBytes({ spec: pod.spec, metadata: pod.metadata }) +
    containers * STATUS_BYTES
  );
}

/** How many containers a Pod has, and how many of them are swapped. */
export interface PodCounts {
  readonly containers: number;
  readonly swapped: number;
}

/** Throws a PipelineError if a Pod of so many bytes is too large for Kubernetes. */
export function checkPodBytes(bytes: number, { containers, swapped }: PodCounts): void {
  if (bytes <= LARGEST_BYTES) return;
  const cure =
    swapped > 0
      ? `${swapped} of them have all their variables in the Pod, because the commands of their images could not be looked up in the registry: give these steps "commands" or "entrypoint", or split the pipeline`
      : 'split the pipeline in two with depends_on';
  refuse(
    'pipeline-too-large',
    `the pipeline's Pod would have about ${bytes} bytes and Kubernetes keeps at most ${LARGEST_BYTES}; it has ${containers} steps; ${cure}`,
    ['steps'],
  );
}

/** Throws a PipelineError if a Pod is too large for Kubernetes (gate §1). */
export function checkPodSize(pod: V1Pod, swapped: number): void {
  checkPodBytes(storedBytes(pod), { containers: pod.spec?.containers.length ?? 0, swapped });
}

/** More steps than this never fit into a Pod; such pipelines are refused before any further work. */
const MOST_STEPS = 600;

/** Throws a PipelineError if a pipeline has more steps than any Pod can have. */
export function checkStepCount(count: number): void {
  if (count > MOST_STEPS) {
    refuse(
      'pipeline-too-large',
      `the pipeline has ${count} steps and a Pod holds at most ${MOST_STEPS}; split the pipeline with depends_on`,
      ['steps', MOST_STEPS],
    );
  }
}
