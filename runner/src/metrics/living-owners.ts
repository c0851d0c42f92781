import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { deadOwners, type Observations } from '../lease/dead-owners.ts';
import { LEASE_SELECTION } from '../lease/lease-record.ts';

/** An orphan matters when it stays one: seldom looks are enough. */
const LOOK_MS = 30_000;

/** Which owners of Pods are alive, as far as this replica sees. */
export class LivingOwners {
  readonly #parts: { clock: Clock; cluster: Cluster; namespace: string };
  #observations: Observations = new Map();
  #living: ReadonlySet<string> | undefined;

  constructor(parts: { clock: Clock; cluster: Cluster; namespace: string }) {
    this.#parts = parts;
  }

  /** Owners (`<namespace>/<lease>`) whose Lease is renewed; undefined before the first look. */
  get living(): ReadonlySet<string> | undefined {
    return this.#living;
  }

  /** Looks again and again until the signal is aborted; never rejects. A failed look leaves what was known. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal).catch(() => undefined);
      await this.#parts.clock.sleep(LOOK_MS, signal);
    }
  }

  /** One look. */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, cluster, namespace } = this.#parts;
    const { items } = await cluster.list<V1Lease>(
      { resource: RESOURCE.leases, namespace },
      LEASE_SELECTION,
      signal,
    );
    const { dead, observations } = deadOwners(items, '', this.#observations, clock.monotonicMs());
    this.#observations = observations;
    const names = new Set(items.map((lease) => lease.metadata?.name ?? ''));
    for (const lease of dead) names.delete(lease.metadata?.name ?? '');
    this.#living = new Set([...names].map((name) => `${namespace}/${name}`));
  }
}
