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
import type { OpenStep } from '../pipeline/stage-state.ts';
import { freedLease, RENEW_SHARE } from './freed-lease.ts';
import { type Holder, holderOf, identityOf } from './holder.ts';
import {
  fitsLease,
  type Intent,
  inherited,
  LEASE_ANNOTATION,
  leaseName,
  namespacesOf,
  openIntentsOf,
  ownNamespacesOf,
  type PreviousProcess,
  serverOf,
  successorsOf,
} from './lease-record.ts';
import { LeaseValidity } from './lease-validity.ts';
import { RecordedIntents } from './recorded-intents.ts';
import { RoomNotice } from './room-notice.ts';

export interface OwnLeaseOptions {
  readonly namespace: string;
  readonly holder: Holder;
  /** Scheme and host of the Drone server that it works for. */
  readonly server: string;
  /** How long others wait after the last renewal before they take over. Milliseconds. */
  readonly termMs: number;
}

/** After a failed renewal the next one comes sooner, so that several fit into the safe share. */
const RETRY_SHARE = 1 / 16;
/** One write may take this share of the term: a hanging one must leave time for others. */
const WRITE_SHARE = 1 / 4;
/** The delay before a write is repeated after a second conflict. */
const CONFLICT_PAUSE_MS = 100;
/**
 * Retries without end: an API server that is away for minutes must not end the process. 401: a token is being renewed. 404 and 409:
 * somebody removed the Lease between our read and our write, or a response was lost.
 */
const TAKING: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 10_000,
  shouldRetry: (error) => isTransient(error) || isKubernetesError(error, 401, 404, 409),
};
/** The rights were reviewed before: 403 means that the Role is being replaced, unless it lasts for about half a minute. */
const MOST_FORBIDDEN = 8;

/**
 * This replica's Lease: it shows others that the process runs, and records each accepted stage until the server has its end. Writes are
 * coalesced: any number of concurrent accepts share one PATCH, and none of them can stop it for the others. After a loss it can be
 * taken again.
 */
export class OwnLease {
  readonly name: string;
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  readonly #options: OwnLeaseOptions;
  readonly #validity: LeaseValidity;
  readonly #intents: RecordedIntents;
  readonly #roomNotice = new RoomNotice();
  readonly #namespaces = new Set<string>();
  readonly #ownNamespaces = new Set<string>();
  /** Namespaces as the Lease has them for sure. */
  #reported: ReadonlySet<string> = new Set();
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #version: string | undefined;
  #taken = false;
  #hadBefore = false;

  constructor(
    parts: { clock: Clock; cluster: Cluster; log: Logger; validity?: LeaseValidity },
    options: OwnLeaseOptions,
  ) {
    this.#clock = parts.clock;
    this.#cluster = parts.cluster;
    this.#log = parts.log;
    this.#options = options;
    this.#validity = parts.validity ?? new LeaseValidity(parts.clock, options.termMs);
    this.name = leaseName(options.holder.replica);
    this.#intents = new RecordedIntents(this.owner);
  }

  /** As Pods' annotations name it. */
  get owner(): string {
    return `${this.#options.namespace}/${this.name}`;
  }

  /** Whose stages its Pods run. */
  get server(): string {
    return this.#options.server;
  }

  /** Aborted when the Lease could not be renewed in time, or is gone: nothing may be written any more until it is taken again. */
  get lost(): AbortSignal {
    return this.#validity.lost;
  }

  /** Whether no further stage can be recorded; then none may be accepted. */
  get isFull(): boolean {
    return !fitsLease(this.#intents.bytes, [...this.#namespaces]);
  }

  /** The stages that it records, or will with the next write. */
  get intents(): readonly Intent[] {
    return this.#intents.all;
  }

  /** Where this replica may have Pods. */
  get namespaces(): readonly string[] {
    return [...this.#namespaces];
  }

  /** Whether that stage is recorded. */
  has(stageId: number): boolean {
    return this.#intents.has(stageId);
  }

  /**
   * Takes the Lease, also again after a loss. Stages that it records from a former process of the same name are kept and returned. Retries for
   * as long as the API server is in trouble, and waits for half a term for a holder of the same name that may be running.
   *
   * @throws {KubernetesError} when a right is missing
   * @throws {LeaseHeld} when that holder is running
   */
  async take(signal: AbortSignal): Promise<PreviousProcess> {
    const onRetry = ({ error: err }: FailedTry): void =>
      this.#log.warn({ err }, 'the Lease could not be acquired; retrying');
    this.#forget();
    let forbidden = 0;
    // A process that had the Lease before has the right.
    const isPassing = (): boolean => this.#hadBefore || ++forbidden <= MOST_FORBIDDEN;
    const shouldRetry = (error: unknown): boolean =>
      TAKING.shouldRetry?.(error) === true || (isKubernetesError(error, 403) && isPassing());
    const policy = { ...TAKING, shouldRetry, onRetry };
    const former = await retry(this.#clock, policy, signal, () => this.#takeOnce(signal));
    this.#taken = true;
    this.#hadBefore = true;
    return former;
  }

  /** Renews until the signal is aborted or the Lease is lost; never rejects. */
  async keep(signal: AbortSignal): Promise<void> {
    const { termMs } = this.#options;
    const over = AbortSignal.any([signal, this.lost]);
    let pauseMs = termMs * RENEW_SHARE;
    while (!over.aborted) {
      await this.#clock.sleep(pauseMs, over);
      if (over.aborted) break;
      const renewed = await this.#renew();
      pauseMs = termMs * (renewed ? RENEW_SHARE : RETRY_SHARE);
    }
    this.#validity.stopTimer();
  }

  /** Resolves when the intent stands in the Lease. */
  async intend(intent: Intent, signal: AbortSignal): Promise<void> {
    this.#intents.add(intent);
    this.#roomNotice.note(this, this.#log);
    await orAborted(this.#save(), signal);
  }

  /** The server has the stage's end, or it is not ours: removed with the next renewal, since a record too many does no harm. */
  settle(stageId: number): void {
    this.#intents.remove(stageId);
  }

  /** A stage that was recorded as another's is this replica's for certain: written with the next renewal. */
  confirm(stageId: number): void {
    this.#intents.confirm(stageId);
  }

  /** This replica begins to prepare a recorded stage; resolves when the Lease says so. */
  async preparing(stageId: number, signal: AbortSignal): Promise<void> {
    this.#intents.preparing(stageId);
    await orAborted(this.#save(), signal);
  }

  /** A recorded stage waits, and is not prepared meanwhile: written with the next renewal. */
  waiting(stageId: number): void {
    this.#intents.waiting(stageId);
  }

  /** A recorded stage has a Pod: written with the next renewal. */
  prepared(stageId: number): void {
    this.#intents.prepared(stageId);
  }

  /** Owners in a row that were lost while they prepared a recorded stage. */
  deathsOf(stageId: number): number {
    return this.#intents.deathsOf(stageId);
  }

  /** The open steps of a stage stand in its record with each later write, until it is settled; that needs no write of its own. */
  followSteps(stageId: number, open: () => readonly OpenStep[]): void {
    this.#intents.followSteps(stageId, open);
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
    const isLost = this.lost.aborted;
    this.#validity.release();
    if (isLost || !this.#taken) return;
    await orAborted(this.#save(), signal).catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the Lease could not be released'),
    );
  }

  /** Everything of an earlier term is in the Lease, and is read from there. */
  #forget(): void {
    this.#taken = false;
    this.#validity.begin();
    this.#namespaces.clear();
    this.#ownNamespaces.clear();
    this.#reported = new Set();
  }

  async #takeOnce(signal: AbortSignal): Promise<PreviousProcess> {
    this.#intents.clear();
    const { holder } = this.#options;
    const parts = { clock: this.#clock, log: this.#log, find: () => this.#find(signal) };
    const former = await freedLease(parts, { holder, owner: this.owner }, signal);
    this.#version = former?.metadata?.resourceVersion;
    if (!former) {
      await this.#make(signal);
      return { intents: [], namespaces: [], ownNamespaces: [], isLost: false };
    }
    const isLost = !['', identityOf(holder)].includes(holderOf(former));
    // A name that worked for another Drone server before: its stages mean nothing to ours.
    const recorded = serverOf(former) === this.server ? openIntentsOf(former) : [];
    const intents = recorded.map((intent) => inherited(intent, isLost));
    for (const intent of intents) this.#intents.add(intent);
    for (const namespace of namespacesOf(former)) this.#namespaces.add(namespace);
    for (const namespace of ownNamespacesOf(former)) this.#ownNamespaces.add(namespace);
    await orAborted(this.#save(), signal);
    return { intents, namespaces: [...this.#namespaces], ownNamespaces: [...this.#ownNamespaces], isLost };
  }

  async #make(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const target = { resource: RESOURCE.leases, namespace: this.#options.namespace };
    const made = await this.#cluster.create<V1Lease>(target, this.#whole(), signal);
    this.#version = made.metadata?.resourceVersion;
    this.#validity.renewed(startedMs);
  }

  async #renew(): Promise<boolean> {
    try {
      await this.#save();
      return true;
    } catch (error) {
      if (!this.lost.aborted) this.#log.warn({ err: error }, 'the Lease could not be renewed');
      return false;
    }
  }

  #lose(reason: string): void {
    if (!this.lost.aborted) this.#log.error({ lease: this.owner }, reason);
    this.#validity.lose();
  }

  /** One write at a time, so that none overtakes another; who comes during one shares the next. */
  #save(): Promise<void> {
    if (this.lost.aborted) return Promise.reject(this.lost.reason as Error);
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
    this.#validity.renewed(startedMs);
  }

  /**
   * Valid only for the Lease as we know it, so that whoever took it meanwhile keeps it. After a conflict it is read again: a response of ours
   * was lost, somebody edited it, or another process took it. While it is ours, the write is repeated.
   */
  async #patch(whole: V1Lease, signal: AbortSignal): Promise<void> {
    for (let pauseMs = 0; ; pauseMs = CONFLICT_PAUSE_MS) {
      try {
        return await this.#patchKnown(whole, signal);
      } catch (error) {
        if (!this.#taken || !isKubernetesError(error, 409)) throw error;
        const now = await this.#find(signal);
        if (now) this.#loseUnlessOurs(now);
        if (this.lost.aborted) throw error;
        this.#version = now?.metadata?.resourceVersion;
      }
      if (pauseMs > 0) await this.#clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
    }
  }

  #loseUnlessOurs(now: V1Lease): void {
    const isOurs = ['', identityOf(this.#options.holder)].includes(holderOf(now));
    if (!isOurs) this.#lose('the Lease is held by another process of the same name');
    if (successorsOf(now).size > 0) this.#lose('another replica has taken over the stages of this one');
  }

  async #patchKnown({ metadata, spec }: V1Lease, signal: AbortSignal): Promise<void> {
    const { labels } = metadata ?? {};
    const annotations = { ...metadata?.annotations, [LEASE_ANNOTATION.successors]: null };
    const patch = { metadata: { resourceVersion: this.#version, annotations, labels }, spec };
    const written = await this.#cluster.patch<V1Lease>(this.#target, patch, 'merge', signal);
    this.#version = written.metadata?.resourceVersion;
  }

  async #limited(write: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const ms = this.#options.termMs * WRITE_SHARE;
    const late = (): Error => new KubernetesError(0, 'Timeout', 'no answer to a write of the Lease in time');
    try {
      await withDeadline(this.#clock, { ms, late }, write);
    } catch (error) {
      // Who removed it has taken over what is ours.
      if (this.#taken && isKubernetesError(error, 404)) this.#lose('the Lease was removed');
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
          [LEASE_ANNOTATION.intents]: this.#intents.text,
          [LEASE_ANNOTATION.namespaces]: JSON.stringify([...this.#namespaces]),
          [LEASE_ANNOTATION.ownNamespaces]: JSON.stringify([...this.#ownNamespaces]),
          [LEASE_ANNOTATION.server]: this.server,
        },
      },
      spec: {
        holderIdentity: this.#validity.state === 'released' ? '' : identityOf(holder),
        leaseDurationSeconds: Math.ceil(termMs / 1000),
        renewTime: new V1MicroTime(this.#clock.now()),
      },
    };
  }

  #find(signal: AbortSignal): Promise<V1Lease | undefined> {
    return ifPresent(this.#cluster.get<V1Lease>(this.#target, signal));
  }
}
