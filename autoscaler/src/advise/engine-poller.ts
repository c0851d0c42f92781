import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type Cluster, isKubernetesError, RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { KubernetesObject, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import { type EngineFacts, NO_ENGINE_FACTS } from './engines.ts';
import { findClusterAutoscaler, type KarpenterNodePool, readNodePool, readQuota } from './read-engines.ts';

/** Kinds that are polled, beside those that are watched. */
export const POLLED = {
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
  /** Why there is no answer. */
  readonly trouble?: string;
}

/** Lists once a minute the settings of engines and the quotas. What can't be listed is left out, and logged once. */
export class EnginePoller {
  observed: EngineFacts = NO_ENGINE_FACTS;
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  #logged = '';

  constructor({ clock, cluster, log }: { clock: Clock; cluster: Cluster; log: Logger }) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#log = log;
  }

  /** Polls until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.poll(signal);
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** Polls once. What gave no answer this time stays as it was observed before. */
  async poll(signal: AbortSignal): Promise<void> {
    const [nodePools, quotas, pods] = await Promise.all([
      this.#list<KarpenterNodePool>(POLLED.nodePools, 'nodepools (karpenter.sh)', signal),
      this.#list<V1ResourceQuota>(POLLED.resourceQuotas, 'resourcequotas', signal),
      this.#list<V1Pod>(POLLED.pods, 'pods of kube-system', signal, 'kube-system'),
    ]);
    if (signal.aborted) return;
    const forbidden = [nodePools, quotas, pods].flatMap((one) => one.forbidden);
    const before = this.observed;
    this.observed = {
      nodePools: nodePools.items?.map(readNodePool) ?? before.nodePools,
      quotas: quotas.items?.flatMap((one) => readQuota(one) ?? []) ?? before.quotas,
      clusterAutoscaler:
        pods.items === undefined ? before.clusterAutoscaler : findClusterAutoscaler(pods.items),
      forbidden,
    };
    this.#logTroubles([nodePools, quotas, pods].flatMap(({ trouble }) => trouble ?? []));
  }

  /** Logs the same troubles once. */
  #logTroubles(troubles: readonly string[]): void {
    const text = troubles.join('; ');
    if (text !== '' && text !== this.#logged)
      this.#log.warn(
        { troubles },
        'some engines or quotas could not be listed: advice and limits are incomplete',
      );
    this.#logged = text;
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
