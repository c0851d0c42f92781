import type { Clock } from '@hangar/shared/clock';
import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Lease } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import { type Intent, intentsOf, LEASE_ANNOTATION, leaseName, namespacesOf } from './lease-record.ts';

export interface OwnLeaseOptions {
  readonly namespace: string;
  /** Unique to this process: its host name. */
  readonly replica: string;
  /** How long others wait after the last renewal before they take over. Milliseconds. */
  readonly termMs: number;
}

/** What the same replica had in hand in its former life. */
export interface FormerLife {
  readonly intents: readonly Intent[];
  readonly namespaces: readonly string[];
}

/** At this share of its term without a renewal, a replica stops all writes: others may begin to act at the whole term. */
const SAFE_SHARE = 2 / 3;
const RENEW_SHARE = 1 / 4;

/**
 * This replica's sign of life, and the place for what has no Pod yet. Writes are coalesced: any number of concurrent accepts share
 * one PATCH.
 */
export class OwnLease {
  readonly name: string;
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  readonly #options: OwnLeaseOptions;
  readonly #lost = new AbortController();
  readonly #intents = new Map<number, Intent>();
  readonly #namespaces = new Set<string>();
  #writing: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #renewedMs = 0;
  #released = false;

  constructor(parts: { clock: Clock; cluster: Cluster; log: Logger }, options: OwnLeaseOptions) {
    this.#clock = parts.clock;
    this.#cluster = parts.cluster;
    this.#log = parts.log;
    this.#options = options;
    this.name = leaseName(options.replica);
  }

  /** As Pods' annotations name it. */
  get owner(): string {
    return `${this.#options.namespace}/${this.name}`;
  }

  /** Aborted when the Lease could not be renewed in time: nothing may be written to Drone any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Takes the Lease. What stands in it from a former life of the same name is kept, and handed back to be carried on. */
  async take(signal: AbortSignal): Promise<FormerLife> {
    const target = { resource: RESOURCE.leases, namespace: this.#options.namespace };
    const former = await this.#find(signal);
    if (former) {
      for (const intent of intentsOf(former)) this.#intents.set(intent.stageId, intent);
      for (const namespace of namespacesOf(former)) this.#namespaces.add(namespace);
      await this.#write(signal);
      return { intents: [...this.#intents.values()], namespaces: [...this.#namespaces] };
    }
    const startedMs = this.#clock.monotonicMs();
    await this.#cluster.create<V1Lease>(target, this.#whole(), signal);
    this.#renewedMs = startedMs;
    return { intents: [], namespaces: [] };
  }

  /** Renews until the signal is aborted; never rejects. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#lost.signal.aborted) {
      await this.#clock.sleep(this.#options.termMs * RENEW_SHARE, signal);
      if (signal.aborted) return;
      await this.#save(signal).catch((error: unknown) =>
        this.#log.warn({ err: error }, 'the Lease could not be renewed'),
      );
      if (this.#clock.monotonicMs() - this.#renewedMs > this.#options.termMs * SAFE_SHARE) this.#lose();
    }
  }

  /** Resolves when the intent stands in the Lease. */
  async intend(intent: Intent, signal: AbortSignal): Promise<void> {
    this.#intents.set(intent.stageId, intent);
    await this.#save(signal);
  }

  /** The stage has a Pod now, or needs none: said with the next renewal, since an intent too many does no harm. */
  settle(stageId: number): void {
    this.#intents.delete(stageId);
  }

  /** Pods of this replica will be in that namespace; resolves when the Lease says so. */
  async enter(namespace: string, signal: AbortSignal): Promise<void> {
    if (this.#namespaces.has(namespace)) return;
    this.#namespaces.add(namespace);
    await this.#save(signal);
  }

  /** Lets go at once, so that others need not wait for the term. */
  async release(signal: AbortSignal): Promise<void> {
    this.#released = true;
    if (!this.#lost.signal.aborted)
      await this.#save(signal).catch((error: unknown) =>
        this.#log.warn({ err: error }, 'the Lease could not be released'),
      );
  }

  #lose(): void {
    this.#log.error(
      { lease: this.owner },
      'the Lease could not be renewed in time: another replica may take over, so this one stops',
    );
    this.#lost.abort(new Error('the Lease was lost'));
  }

  /** One write at a time; who comes during one shares the next. */
  #save(signal: AbortSignal): Promise<void> {
    if (!this.#writing) {
      this.#writing = this.#write(signal).finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#queued ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#save(signal);
      });
    return this.#queued;
  }

  async #write(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const { metadata, spec } = this.#whole();
    const target = { resource: RESOURCE.leases, namespace: this.#options.namespace, name: this.name };
    await this.#cluster.patch(
      target,
      { metadata: { annotations: metadata?.annotations, labels: metadata?.labels }, spec },
      'merge',
      signal,
    );
    this.#renewedMs = startedMs;
  }

  #whole(): V1Lease {
    const { namespace, replica, termMs } = this.#options;
    const renewed = new Date(this.#clock.now()).toISOString().replace('Z', '000Z');
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: this.name,
        namespace,
        labels: { [LABEL.managedBy]: LABEL.managedByValue },
        annotations: {
          [LEASE_ANNOTATION.intents]: JSON.stringify([...this.#intents.values()]),
          [LEASE_ANNOTATION.namespaces]: JSON.stringify([...this.#namespaces]),
        },
      },
      spec: {
        holderIdentity: this.#released ? '' : replica,
        leaseDurationSeconds: Math.ceil(termMs / 1000),
        renewTime: renewed as unknown as NonNullable<NonNullable<V1Lease['spec']>['renewTime']>,
      },
    };
  }

  async #find(signal: AbortSignal): Promise<V1Lease | undefined> {
    try {
      return await this.#cluster.get<V1Lease>(
        { resource: RESOURCE.leases, namespace: this.#options.namespace, name: this.name },
        signal,
      );
    } catch (error) {
      if (isKubernetesError(error, 404)) return undefined;
      throw error;
    }
  }
}
