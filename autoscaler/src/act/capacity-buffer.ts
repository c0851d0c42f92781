import type { Cluster, Target } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject, V1Condition, V1ObjectReference } from '@kubernetes/client-node';
import { settersOf } from './field-owner.ts';
import { ACT_RESOURCE, SCALED_BY_ANNOTATION } from './resources.ts';
import type { ScaledObject, ScaleReading, ScaleRequest } from './scaled-object.ts';

/** Which buffer, and how many of its chunks make a node. */
export interface CapacityBufferOptions {
  readonly namespace: string;
  readonly name: string;
  /** Chunks (Pods of its template) that fill one node; 1 for a node-sized template. ≥ 1. */
  readonly chunksPerNode: number;
}

interface CapacityBuffer extends KubernetesObject {
  readonly spec?: { readonly replicas?: number; readonly percentage?: number };
  readonly status?: { readonly replicas?: number; readonly conditions?: readonly V1Condition[] };
}

/**
 * A CapacityBuffer (autoscaling.x-k8s.io/v1beta1) that Karpenter or Cluster Autoscaler serves. Only `spec.replicas` is written:
 * implementations differ in how they combine it with `percentage` and `limits`. It must be there: its template is the operator's.
 *
 * @see scheduling-and-scaling §2
 */
export class CapacityBufferObject implements ScaledObject {
  readonly name: string;
  readonly meaning = 'spare';
  readonly reference: V1ObjectReference;
  readonly cure =
    'create it with a node-sized podTemplateRef, and make sure that its CustomResourceDefinition is installed';
  readonly #cluster: Cluster;
  readonly #chunksPerNode: number;
  readonly #target: Target;

  constructor(cluster: Cluster, { namespace, name, chunksPerNode }: CapacityBufferOptions) {
    this.#cluster = cluster;
    this.#chunksPerNode = chunksPerNode;
    this.#target = { resource: ACT_RESOURCE.capacityBuffers, namespace, name };
    this.name = `capacity-buffer ${namespace}/${name}`;
    this.reference = {
      apiVersion: 'autoscaling.x-k8s.io/v1beta1',
      kind: 'CapacityBuffer',
      namespace,
      name,
    };
  }

  async read(signal: AbortSignal): Promise<ScaleReading> {
    const { metadata = {}, spec, status } = await this.#cluster.get<CapacityBuffer>(this.#target, signal);
    const { annotations = {}, resourceVersion = '', managedFields } = metadata;
    const conditions = status?.conditions ?? [];
    const isProvisioned = conditions.some(({ type, status: is }) => type === 'Provisioning' && is === 'True');
    const chunks = spec?.replicas;
    return {
      annotations,
      resourceVersion,
      setters: settersOf(managedFields),
      nodes: chunks === undefined ? undefined : Math.ceil(chunks / this.#chunksPerNode),
      signs: {
        isThere: isProvisioned && status?.replicas === chunks,
        progress: JSON.stringify(conditions.map(({ type, status: is, reason }) => [type, is, reason])),
      },
      engineText: conditions.map(textOf).join('; '),
    };
  }

  async write(
    { resourceVersion }: ScaleReading,
    { nodes, self }: ScaleRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = { resourceVersion, annotations: { [SCALED_BY_ANNOTATION]: self } };
    const patch = { metadata, spec: { replicas: nodes * this.#chunksPerNode } };
    await this.#cluster.patch(this.#target, patch, 'merge', signal);
  }
}

const textOf = ({ type, status, reason, message }: V1Condition): string =>
  `${type} is ${status}: ${[reason, message].filter(Boolean).join(', ')}`;
