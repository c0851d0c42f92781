import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type Cluster, isKubernetesError, RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { KubernetesObject, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import { NOTHING_SEEN, type Surroundings } from './engines.ts';
import { findClusterAutoscaler, type NodePoolObject, readNodePool, readQuota } from './read-engines.ts';

/** What is looked at, beside what is watched. */
export const SCOUTED = {
  nodePools: { base: '/apis/karpenter.sh/v1', plural: 'nodepools' },
  resourceQuotas: RESOURCE.resourceQuotas,
  pods: RESOURCE.pods,
} as const satisfies Record<string, Resource>;

/** Settings of engines and quotas change seldom. */
const EVERY_MS = 60_000;

interface Answer<T> {
  /** Undefined: not known. */
  readonly items: readonly T[] | undefined;
  readonly forbidden: readonly string[];
  /** What went wrong, in words. */
  readonly trouble?: string;
}

/** Looks now and then at what stands around the pools: engines and quotas. Whatever can't be seen is left out, and said once. */
export class Scout {
  seen: Surroundings = NOTHING_SEEN;
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  #said = '';

  constructor({ clock, cluster, log }: { clock: Clock; cluster: Cluster; log: Logger }) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#log = log;
  }

  /** Looks until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** Looks once. What gave no answer this time stays as it was seen before. */
  async look(signal: AbortSignal): Promise<void> {
    const [nodePools, quotas, pods] = await Promise.all([
      this.#list<NodePoolObject>(SCOUTED.nodePools, 'nodepools (karpenter.sh)', signal),
      this.#list<V1ResourceQuota>(SCOUTED.resourceQuotas, 'resourcequotas', signal),
      this.#list<V1Pod>(SCOUTED.pods, 'pods of kube-system', signal, 'kube-system'),
    ]);
    if (signal.aborted) return;
    const forbidden = [nodePools, quotas, pods].flatMap((one) => one.forbidden);
    const before = this.seen;
    this.seen = {
      nodePools: nodePools.items?.map(readNodePool) ?? before.nodePools,
      quotas: quotas.items?.flatMap((one) => readQuota(one) ?? []) ?? before.quotas,
      clusterAutoscaler:
        pods.items === undefined ? before.clusterAutoscaler : findClusterAutoscaler(pods.items),
      forbidden,
    };
    this.#tell([nodePools, quotas, pods].flatMap(({ trouble }) => trouble ?? []));
  }

  /** Each trouble once, until it is another one. */
  #tell(troubles: readonly string[]): void {
    const said = troubles.join('; ');
    if (said !== '' && said !== this.#said)
      this.#log.warn({ troubles }, 'engines and quotas are not all seen: less advice, fewer bounds');
    this.#said = said;
  }

  async #list<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    signal: AbortSignal,
    namespace?: string,
  ): Promise<Answer<T>> {
    try {
      const target = namespace === undefined ? { resource } : { resource, namespace };
      return { items: (await this.#cluster.list<T>(target, {}, signal)).items, forbidden: [] };
    } catch (error) {
      // Without the engine there is no such kind of object: there are none.
      if (isKubernetesError(error, 404)) return { items: [], forbidden: [] };
      const trouble = `${name}: ${errorText(error)}`;
      return { items: undefined, forbidden: isKubernetesError(error, 401, 403) ? [name] : [], trouble };
    }
  }
}
