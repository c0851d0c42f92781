import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import {
  type Cluster,
  ifPresent,
  isKubernetesError,
  isTransient,
  KubernetesError,
  RESOURCE,
  type Target,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { orAborted } from '@hangar/shared/or-aborted';
import { type FailedTry, type RetryPolicy, retry } from '@hangar/shared/retry';
import { type V1Lease, V1MicroTime } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import { type Holder, holderOf, identityOf, isRenewed, LeaseHeld, mayLive, termMsOf } from './holder.ts';
import {
  type Intent,
  intentsOf,
  LEASE_ANNOTATION,
  leaseName,
  namespacesOf,
  ownNamespacesOf,
  serverOf,
} from './lease-record.ts';

export interface OwnLeaseOptions {
  readonly namespace: string;
  readonly holder: Holder;
  /** Scheme and host of the Drone server that it works for. */
  readonly server: string;
  /** How long others wait after the last renewal before they take over. Milliseconds. */
  readonly termMs: number;
}

/** What the same replica had in hand in its former life. */
export interface FormerLife {
  readonly intents: readonly Intent[];
  readonly namespaces: readonly string[];
  /** Those of them that were made for one stage each. */
  readonly ownNamespaces: readonly string[];
}

/** At this share of its term without a renewal, a replica stops all writes: others may begin to act at the whole term. */
const SAFE_SHARE = 2 / 3;
const RENEW_SHARE = 1 / 4;
/** After a failed renewal the next one comes sooner, so that several fit into the safe share. */
const RETRY_SHARE = 1 / 16;
/** One write may take this share of the term: a hanging one must leave time for others. */
const WRITE_SHARE = 1 / 4;
/** How a troubled API server is borne at the start. 404 and 409: between our look and our write somebody removed the Lease, or an answer of ours was lost. */
const TAKING: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  attempts: 7,
  shouldRetry: (error) => isTransient(error) || isKubernetesError(error, 404, 409),
};
/** A holder that may live is looked at so often, over twice the time in which it renews. */
const LOOKS = 4;
const LOOK_SHARE = (2 * RENEW_SHARE) / LOOKS;

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
  readonly #ownNamespaces = new Set<string>();
  /** Namespaces as the Lease has them for sure. */
  #reported: ReadonlySet<string> = new Set();
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #version: string | undefined;
  #callOffLoss = (): void => undefined;
  #taken = false;
  #released = false;

  constructor(parts: { clock: Clock; cluster: Cluster; log: Logger }, options: OwnLeaseOptions) {
    this.#clock = parts.clock;
    this.#cluster = parts.cluster;
    this.#log = parts.log;
    this.#options = options;
    this.name = leaseName(options.holder.replica);
  }

  /** As Pods' annotations name it. */
  get owner(): string {
    return `${this.#options.namespace}/${this.name}`;
  }

  /** Whose stages its Pods run. */
  get server(): string {
    return this.#options.server;
  }

  /** Aborted when the Lease could not be renewed in time, or is gone: nothing may be written to Drone any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Takes the Lease. What stands in it from a former life of the same name is kept, and handed back to be carried on. Patient for
   * some seconds with an API server in trouble, and for half a term with a holder of the same name that may live.
   *
   * @throws {KubernetesError} when that was not enough, or a right is missing
   * @throws {LeaseHeld} when that holder lives
   */
  async take(signal: AbortSignal): Promise<FormerLife> {
    const onRetry = ({ error: err }: FailedTry): void =>
      this.#log.warn({ err }, 'the Lease could not be taken, trying again');
    const former = await retry(this.#clock, { ...TAKING, onRetry }, signal, () => this.#takeOnce(signal));
    this.#taken = true;
    return former;
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

  /** Pods of this replica will be in that namespace (`own`: made for one of them alone); resolves when the Lease says so. */
  async enter(namespace: string, kind: 'shared' | 'own', signal: AbortSignal): Promise<void> {
    if (this.#reported.has(namespace)) return;
    this.#namespaces.add(namespace);
    if (kind === 'own') this.#ownNamespaces.add(namespace);
    await orAborted(this.#save(), signal);
  }

  /** A namespace that was made for one stage is gone: said with the next renewal. */
  leave(namespace: string): void {
    this.#namespaces.delete(namespace);
    this.#ownNamespaces.delete(namespace);
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
    const former = await this.#freed(signal);
    this.#version = former?.metadata?.resourceVersion;
    if (!former) {
      await this.#make(signal);
      return { intents: [], namespaces: [], ownNamespaces: [] };
    }
    // A name that worked for another Drone server before: its stages mean nothing to ours.
    const intents = serverOf(former) === this.server ? intentsOf(former) : [];
    for (const intent of intents) this.#intents.set(intent.stageId, intent);
    for (const namespace of namespacesOf(former)) this.#namespaces.add(namespace);
    for (const namespace of ownNamespacesOf(former)) this.#ownNamespaces.add(namespace);
    await orAborted(this.#save(), signal);
    return { intents, namespaces: [...this.#namespaces], ownNamespaces: [...this.#ownNamespaces] };
  }

  /** The Lease as nobody alive holds it; undefined: there is none. */
  async #freed(signal: AbortSignal): Promise<V1Lease | undefined> {
    const first = await this.#find(signal);
    if (!first || !mayLive(first, this.#options.holder, this.#clock.now())) return first;
    const lookMs = termMsOf(first) * LOOK_SHARE;
    const about = { lease: this.owner, holder: holderOf(first), waitMs: lookMs * LOOKS };
    this.#log.info(about, 'the Lease names another process of this name: seeing whether it still renews it');
    return this.#seenSilent(first, lookMs, signal);
  }

  async #seenSilent(first: V1Lease, lookMs: number, signal: AbortSignal): Promise<V1Lease | undefined> {
    let last: V1Lease | undefined = first;
    for (let looks = 0; looks < LOOKS && last && holderOf(last) !== ''; looks++) {
      await this.#clock.sleep(lookMs, signal);
      signal.throwIfAborted();
      last = await this.#find(signal);
      if (last && isRenewed(first, last)) throw new LeaseHeld(this.owner, holderOf(last));
    }
    return last;
  }

  async #make(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const target = { resource: RESOURCE.leases, namespace: this.#options.namespace };
    const made = await this.#cluster.create<V1Lease>(target, this.#whole(), signal);
    this.#version = made.metadata?.resourceVersion;
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
      'the Lease could not be renewed in time, is gone, or is held by another process: this one stops, others take over',
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
    const whole = this.#whole();
    const reported = new Set(this.#namespaces);
    await this.#limited((signal) => this.#patch(whole, signal));
    this.#reported = reported;
    this.#renewed(startedMs);
  }

  /** Valid only for the Lease as we know it, so that whoever took it meanwhile keeps it. */
  async #patch(whole: V1Lease, signal: AbortSignal): Promise<void> {
    try {
      await this.#patchKnown(whole, signal);
    } catch (error) {
      if (!this.#taken || !isKubernetesError(error, 409)) throw error;
      // An answer of ours was lost, somebody edited it, or another process took it.
      const now = await this.#find(signal);
      if (now && !['', identityOf(this.#options.holder)].includes(holderOf(now))) {
        this.#lose();
        throw error;
      }
      this.#version = now?.metadata?.resourceVersion;
      await this.#patchKnown(whole, signal);
    }
  }

  async #patchKnown({ metadata, spec }: V1Lease, signal: AbortSignal): Promise<void> {
    const { annotations, labels } = metadata ?? {};
    const patch = { metadata: { resourceVersion: this.#version, annotations, labels }, spec };
    const written = await this.#cluster.patch<V1Lease>(this.#target, patch, 'merge', signal);
    this.#version = written.metadata?.resourceVersion;
  }

  async #limited(write: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const ms = this.#options.termMs * WRITE_SHARE;
    const late = (): Error =>
      new KubernetesError(0, 'Timeout', 'no answer to a write of the Lease in good time');
    try {
      await withDeadline(this.#clock, { ms, late }, write);
    } catch (error) {
      // Who removed it has taken over what is ours.
      if (this.#taken && isKubernetesError(error, 404)) this.#lose();
      throw error;
    }
  }

  get #target(): Target {
    return { resource: RESOURCE.leases, namespace: this.#options.namespace, name: this.name };
  }

  #whole(): V1Lease {
    const { namespace, holder, termMs } = this.#options;
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
          [LEASE_ANNOTATION.ownNamespaces]: JSON.stringify([...this.#ownNamespaces]),
          [LEASE_ANNOTATION.server]: this.server,
        },
      },
      spec: {
        holderIdentity: this.#released ? '' : identityOf(holder),
        leaseDurationSeconds: Math.ceil(termMs / 1000),
        renewTime: new V1MicroTime(this.#clock.now()),
      },
    };
  }

  #find(signal: AbortSignal): Promise<V1Lease | undefined> {
    return ifPresent(this.#cluster.get<V1Lease>(this.#target, signal));
  }
}
