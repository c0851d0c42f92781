import type { Clock } from '@hangar/shared/clock';
import {
  type Cluster,
  isKubernetesError,
  KubernetesError,
  RESOURCE,
  type Target,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { orAborted } from '@hangar/shared/or-aborted';
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
/** After a failed renewal the next one comes sooner, so that several fit into the safe share. */
const RETRY_SHARE = 1 / 16;
/** One write may take this share of the term: a hanging one must leave time for others. */
const WRITE_SHARE = 1 / 4;
/** At the start, a troubled API server is given this many tries. */
const TAKE_TRIES = 6;
const FIRST_TAKE_PAUSE_MS = 200;

/**
 * This replica's sign of life, and the place for what has no Pod yet. Writes are coalesced: any number of concurrent accepts share
 * one PATCH, and none of them can stop it for the others.
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
  /** Namespaces as the Lease has them for sure. */
  #told: ReadonlySet<string> = new Set();
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #callOffLoss = (): void => undefined;
  #taken = false;
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

  /** Aborted when the Lease could not be renewed in time, or is gone: nothing may be written to Drone any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Takes the Lease. What stands in it from a former life of the same name is kept, and handed back to be carried on. Patient for
   * some seconds with an API server in trouble.
   *
   * @throws {KubernetesError} when that was not enough, or a right is missing
   */
  async take(signal: AbortSignal): Promise<FormerLife> {
    for (let failures = 0; ; failures++) {
      try {
        const former = await this.#takeOnce(signal);
        this.#taken = true;
        return former;
      } catch (error) {
        // 404 and 409: between our look and our write somebody removed it, or an answer of ours was lost.
        const mayPass = isKubernetesError(error) && (error.transient || [404, 409].includes(error.status));
        if (!mayPass || failures >= TAKE_TRIES) throw error;
        this.#log.warn({ err: error }, 'the Lease could not be taken, trying again');
        const pauseMs = Math.max(error.retryAfterMs ?? 0, FIRST_TAKE_PAUSE_MS * 2 ** failures);
        await this.#clock.sleep(pauseMs, signal);
        signal.throwIfAborted();
      }
    }
  }

  /** Renews until the signal is aborted or the Lease is lost; never rejects. */
  async keep(signal: AbortSignal): Promise<void> {
    const { termMs } = this.#options;
    const over = AbortSignal.any([signal, this.#lost.signal]);
    let pauseMs = termMs * RENEW_SHARE;
    while (!over.aborted) {
      await this.#clock.sleep(pauseMs, over);
      if (over.aborted) break;
      const renewed = await this.#renew();
      pauseMs = termMs * (renewed ? RENEW_SHARE : RETRY_SHARE);
    }
    this.#callOffLoss();
  }

  /** Resolves when the intent stands in the Lease. */
  async intend(intent: Intent, signal: AbortSignal): Promise<void> {
    this.#intents.set(intent.stageId, intent);
    await orAborted(this.#save(), signal);
  }

  /** The stage has a Pod now, or needs none: said with the next renewal, since an intent too many does no harm. */
  settle(stageId: number): void {
    this.#intents.delete(stageId);
  }

  /** Pods of this replica will be in that namespace; resolves when the Lease says so. */
  async enter(namespace: string, signal: AbortSignal): Promise<void> {
    if (this.#told.has(namespace)) return;
    this.#namespaces.add(namespace);
    await orAborted(this.#save(), signal);
  }

  /** A namespace that was made for one stage is gone: said with the next renewal. */
  leave(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  /** Lets go at once, so that others need not wait for the term. Never rejects. */
  async release(signal: AbortSignal): Promise<void> {
    this.#released = true;
    this.#callOffLoss();
    if (this.#lost.signal.aborted) return;
    await orAborted(this.#save(), signal).catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the Lease could not be released'),
    );
  }

  async #takeOnce(signal: AbortSignal): Promise<FormerLife> {
    this.#intents.clear();
    const former = await this.#find(signal);
    if (!former) {
      await this.#make(signal);
      return { intents: [], namespaces: [] };
    }
    for (const intent of intentsOf(former)) this.#intents.set(intent.stageId, intent);
    for (const namespace of namespacesOf(former)) this.#namespaces.add(namespace);
    await orAborted(this.#save(), signal);
    return { intents: [...this.#intents.values()], namespaces: [...this.#namespaces] };
  }

  async #make(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const target = { resource: RESOURCE.leases, namespace: this.#options.namespace };
    await this.#cluster.create<V1Lease>(target, this.#whole(), signal);
    this.#renewed(startedMs);
  }

  async #renew(): Promise<boolean> {
    try {
      await this.#save();
      return true;
    } catch (error) {
      if (!this.#lost.signal.aborted) this.#log.warn({ err: error }, 'the Lease could not be renewed');
      return false;
    }
  }

  #lose(): void {
    if (this.#lost.signal.aborted) return;
    this.#log.error(
      { lease: this.owner },
      'the Lease could not be renewed in time, or is gone: another replica may take over, so this one stops',
    );
    this.#lost.abort(new Error('the Lease was lost'));
  }

  /** From the beginning of a write that was answered, the safe share counts anew, whatever hangs meanwhile. */
  #renewed(startedMs: number): void {
    this.#callOffLoss();
    if (this.#released) return;
    const leftMs = startedMs + this.#options.termMs * SAFE_SHARE - this.#clock.monotonicMs();
    this.#callOffLoss = this.#clock.after(Math.max(0, leftMs), () => this.#lose());
  }

  /** One write at a time, so that none overtakes another; who comes during one shares the next. */
  #save(): Promise<void> {
    if (this.#lost.signal.aborted) return Promise.reject(this.#lost.signal.reason as Error);
    if (this.#next) return this.#next;
    if (!this.#writing) return this.#begin();
    this.#next = this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const { metadata, spec } = this.#whole();
    const told = new Set(this.#namespaces);
    const patch = { metadata: { annotations: metadata?.annotations, labels: metadata?.labels }, spec };
    await this.#limited((signal) => this.#cluster.patch(this.#target, patch, 'merge', signal));
    this.#told = told;
    this.#renewed(startedMs);
  }

  async #limited(write: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const limit = new AbortController();
    const callOff = this.#clock.after(this.#options.termMs * WRITE_SHARE, () =>
      limit.abort(new KubernetesError(0, 'Timeout', 'no answer to a write of the Lease in good time')),
    );
    try {
      await write(limit.signal);
    } catch (error) {
      // Who removed it has taken over what is ours.
      if (this.#taken && isKubernetesError(error, 404)) this.#lose();
      throw error;
    } finally {
      callOff();
    }
  }

  get #target(): Target {
    return { resource: RESOURCE.leases, namespace: this.#options.namespace, name: this.name };
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
      return await this.#cluster.get<V1Lease>(this.#target, signal);
    } catch (error) {
      if (isKubernetesError(error, 404)) return undefined;
      throw error;
    }
  }
}
