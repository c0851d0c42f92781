import type { Cluster, Target } from '@hangar/shared/kubernetes/cluster';
import type { V1Deployment, V1ObjectReference } from '@kubernetes/client-node';
import { settersOf } from './field-owner.ts';
import { ACT_RESOURCE } from './resources.ts';
import type { ScaledObject, ScaleReading, ScaleRequest } from './scaled-object.ts';

/** This label distinguishes placeholders from builds. */
export const PLACEHOLDER_LABEL = 'hangar.dev/placeholder';

/**
 * A Deployment of Pods of a node's size that do nothing, at the lowest priority that engines still make nodes for: builds preempt them
 * at once, and the engine brings a node for the preempted one. For engines without CapacityBuffer. The chart makes it; here only its
 * number is written, through the scale subresource, so that no right is needed to change what its Pods are.
 *
 * @see scheduling-and-scaling §2
 */
export class PlaceholderObject implements ScaledObject {
  readonly name: string;
  readonly meaning = 'spare';
  readonly reference: V1ObjectReference;
  readonly cure =
    'create it with the chart (autoscaler.placeholders), or by hand as described in docs/acting.md';
  readonly #cluster: Cluster;
  readonly #target: Target;

  constructor(cluster: Cluster, { namespace, name }: { readonly namespace: string; readonly name: string }) {
    this.#cluster = cluster;
    this.#target = { resource: ACT_RESOURCE.deployments, namespace, name };
    this.name = `placeholder ${namespace}/${name}`;
    this.reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  }

  async read(signal: AbortSignal): Promise<ScaleReading> {
    const { metadata, spec, status } = await this.#cluster.get<V1Deployment>(this.#target, signal);
    const asked = spec?.replicas ?? 0;
    const ready = status?.readyReplicas ?? 0;
    return {
      annotations: metadata?.annotations ?? {},
      resourceVersion: metadata?.resourceVersion ?? '',
      setters: settersOf(metadata?.managedFields),
      nodes: asked,
      signs: { isThere: ready >= asked, progress: String(ready) },
      engineText: `${ready} of ${asked} placeholders are running`,
    };
  }

  /** The owner is an annotation of whoever made the Deployment: the scale subresource has none. */
  async write(
    { resourceVersion }: ScaleReading,
    { nodes }: ScaleRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const target = { ...this.#target, subresource: 'scale' };
    const patch = { metadata: { resourceVersion }, spec: { replicas: nodes } };
    await this.#cluster.patch(target, patch, 'merge', signal);
  }
}
