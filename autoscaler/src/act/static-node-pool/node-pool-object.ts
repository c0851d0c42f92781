import { parseJson, recordOf, textsOf } from '@hangar/shared/json';
import { type Cluster, isKubernetesError, type Target } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject, V1ObjectReference } from '@kubernetes/client-node';
import { NODE_POOL_LABEL } from '../../capacity/node-labels.ts';
import { settersOf } from '../field-owner.ts';
import { ACT_RESOURCE, SCALED_BY_ANNOTATION } from '../resources.ts';

/** Karpenter's object behind a node. */
export interface NodeClaim extends KubernetesObject {
  readonly status?: { readonly nodeName?: string };
}

interface NodePool extends KubernetesObject {
  readonly spec?: { readonly replicas?: number; readonly limits?: { readonly nodes?: string | number } };
  readonly status?: { readonly nodes?: number };
}

/** Nodes that are being taken, kept as an annotation on the pool so that the next leader can go on. */
export interface NodeRemoval {
  /** NodeClaims that were taken and that `replicas` still counts. */
  readonly claims: readonly string[];
  /** `limits.nodes` as it was before; null for none. */
  readonly limit: string | null;
}

/** A static NodePool as it was read. */
export interface NodePoolReading {
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Undefined for a pool that isn't static. */
  readonly size: number | undefined;
  /** Nodes that the engine counts. */
  readonly nodes: number;
  readonly limit: string | null;
  readonly taking: NodeRemoval | undefined;
  /** Field managers that set the size. */
  readonly setters: readonly string[];
}

const TAKING_ANNOTATION = 'hangar.dev/taking';

/**
 * A static NodePool of Karpenter (karpenter.sh/v1, feature gate StaticCapacity). Its engine replaces a NodeClaim that vanishes while
 * `replicas` is unchanged, and takes an empty node of its own choice when `replicas` goes down first (read in karpenter 1.14.1,
 * `controllers/static`). So a taking holds `limits.nodes` at the smaller number, which forbids replacements, until those very claims
 * are gone; then `replicas` follows and the limit is as before, in one write.
 */
export class NodePoolObject {
  readonly name: string;
  readonly reference: V1ObjectReference;
  readonly cure = 'create it with spec.replicas, and start Karpenter with the feature gate StaticCapacity';
  readonly #cluster: Cluster;
  readonly #pool: string;
  readonly #self: string;
  readonly #target: Target;

  constructor(cluster: Cluster, pool: string, self: string) {
    this.#cluster = cluster;
    this.#pool = pool;
    this.#self = self;
    this.#target = { resource: ACT_RESOURCE.nodePools, name: pool };
    this.name = `node-pool ${pool}`;
    this.reference = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', name: pool };
  }

  async read(signal: AbortSignal): Promise<NodePoolReading> {
    const { metadata = {}, spec, status } = await this.#cluster.get<NodePool>(this.#target, signal);
    const { annotations = {}, resourceVersion = '', managedFields } = metadata;
    const limit = spec?.limits?.nodes;
    return {
      annotations,
      resourceVersion,
      size: spec?.replicas,
      nodes: status?.nodes ?? 0,
      limit: limit === undefined ? null : String(limit),
      taking: takingOf(annotations[TAKING_ANNOTATION]),
      setters: settersOf(managedFields),
    };
  }

  async claims(signal: AbortSignal): Promise<readonly NodeClaim[]> {
    const selection = { labelSelector: `${NODE_POOL_LABEL}=${this.#pool}` };
    return (await this.#cluster.list<NodeClaim>({ resource: ACT_RESOURCE.nodeClaims }, selection, signal))
      .items;
  }

  /** Takes ownership of the pool and forbids replacements of those claims, before the first of them is removed. */
  async hold(reading: NodePoolReading, taking: NodeRemoval, signal: AbortSignal): Promise<void> {
    const annotations = { [TAKING_ANNOTATION]: JSON.stringify(taking) };
    const most = (reading.size ?? 0) - taking.claims.length;
    const limits = { nodes: String(Math.min(most, Number(taking.limit ?? most))) };
    await this.#patch(reading, annotations, { limits }, signal);
  }

  /** Takes one node: that very claim, and no other of its name. */
  async take(claim: NodeClaim, signal: AbortSignal): Promise<void> {
    const { name, uid } = claim.metadata ?? {};
    const target = { resource: ACT_RESOURCE.nodeClaims, ...(name ? { name } : {}) };
    await this.#cluster.remove(target, uid ? { uid } : {}, signal);
  }

  /** Sets the number: through the scale subresource, or, when a taking ends with it, together with the limit as it was. */
  async resize(reading: NodePoolReading, nodes: number, signal: AbortSignal): Promise<void> {
    const { taking } = reading;
    if (taking) {
      const limits = { nodes: taking.limit };
      await this.#patch(reading, { [TAKING_ANNOTATION]: null }, { replicas: nodes, limits }, signal);
      return;
    }
    const claimed =
      reading.annotations[SCALED_BY_ANNOTATION] === this.#self
        ? reading.resourceVersion
        : await this.#patch(reading, {}, {}, signal);
    const target = { ...this.#target, subresource: 'scale' };
    const patch = { metadata: { resourceVersion: claimed }, spec: { replicas: nodes } };
    await this.#cluster.patch(target, patch, 'merge', signal);
  }

  /** Karpenter writes the pool's status all the time: as long as nothing else has changed, the write is done on the newer version. */
  async #patch(
    reading: NodePoolReading,
    more: Readonly<Record<string, string | null>>,
    spec: object,
    signal: AbortSignal,
  ): Promise<string> {
    const annotations = { [SCALED_BY_ANNOTATION]: this.#self, ...more };
    let now = reading;
    for (let tries = 1; ; tries += 1) {
      const metadata = { resourceVersion: now.resourceVersion, annotations };
      try {
        const after = await this.#cluster.patch(this.#target, { metadata, spec }, 'merge', signal);
        return after.metadata?.resourceVersion ?? '';
      } catch (error) {
        if (!isKubernetesError(error, 409) || tries === TRIES) throw error;
        now = await this.read(signal);
        if (meaningOf(now) !== meaningOf(reading)) throw error;
      }
    }
  }
}

const TRIES = 4;

/** The fields that our acts rest on. */
const meaningOf = ({ size, limit, annotations }: NodePoolReading): string =>
  JSON.stringify([size, limit, annotations]);

/** Reads the annotation; what can't be read counts as none, and is overwritten. */
function takingOf(text: string | undefined): NodeRemoval | undefined {
  const { claims, limit } = recordOf(parseJson(text ?? ''));
  if (!Array.isArray(claims)) return undefined;
  return { claims: textsOf(claims), limit: typeof limit === 'string' ? limit : null };
}
