import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import {
  type Cluster,
  ifPresent,
  isKubernetesError,
  KubernetesError,
  RESOURCE,
  type Target,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type V1Lease, V1MicroTime } from '@kubernetes/client-node';
import { isPaused } from '../capacity/pool-node.ts';
import { SAFE_SHARE, type Seen, seen, verdict } from './lease-verdict.ts';

/** Which Lease, and who we are. */
export interface LeadershipOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process: its host name. */
  readonly replica: string;
  /** How long others wait after the last renewal that they saw. Milliseconds. */
  readonly termMs: number;
}

interface LeadershipParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

const RENEW_SHARE = 1 / 4;
/** After a failure sooner, so that several tries fit into the safe share. */
const RETRY_SHARE = 1 / 16;
/** One call may take this share of the term. */
const CALL_SHARE = 1 / 4;

/**
 * One of several replicas leads. It stops at two thirds of a term without a renewal, others take over at a whole one, counted by each
 * on its own monotonic clock from when it saw the last change: no two lead at once, whatever the wall clocks say.
 */
export class Leadership {
  readonly #parts: LeadershipParts;
  readonly #options: LeadershipOptions;
  #seen: Seen | undefined;
  #leading: AbortController | undefined;
  #callOffLoss = (): void => undefined;
  /** The end of the safe share, on the monotonic clock. */
  #untilMs = Number.NEGATIVE_INFINITY;
  #paused = false;
  #holder: string | undefined;

  constructor(parts: LeadershipParts, options: LeadershipOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Do we lead now? By the clock too: a process that slept finds out here before its timers fire. */
  get isLeading(): boolean {
    return (
      this.#leading !== undefined &&
      !this.#leading.signal.aborted &&
      this.#parts.clock.monotonicMs() < this.#untilMs
    );
  }

  /** Has somebody paused all acts, by the annotation on the Lease? As last heard. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /** Aborted when leadership is lost; undefined while we don't lead. */
  get leading(): AbortSignal | undefined {
    return this.isLeading ? this.#leading?.signal : undefined;
  }

  /** Who leads, as last heard; undefined when nobody does or nothing was heard yet. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /**
   * Stands for leadership until `signal` is aborted, and lets go of it then. Each time it is won, `lead` is called with a signal that
   * is aborted when it is lost: nothing may be written after that. Never rejects; what `lead` throws is logged.
   */
  async run(lead: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    let work: Promise<void> = Promise.resolve();
    while (!signal.aborted) {
      const before = this.#leading;
      const went = await this.#round(signal);
      if (this.#leading && this.#leading !== before) {
        const { signal: leading } = this.#leading;
        // The former term's work may still be ending: two must not overlap in one process either.
        work = work.then(() => this.#work(lead, leading));
      }
      if (signal.aborted) break;
      await clock.sleep(this.#options.termMs * (went ? RENEW_SHARE : RETRY_SHARE), signal);
    }
    this.#lose('told to stop');
    await work;
    await this.#release();
  }

  async #work(lead: (leading: AbortSignal) => Promise<void>, leading: AbortSignal): Promise<void> {
    if (leading.aborted) return;
    try {
      await lead(leading);
    } catch (error) {
      if (!leading.aborted) this.#parts.log.error({ err: error }, 'the leader failed at its work');
    }
  }

  /** One look, and a write when it is ours or free. @returns false when it should soon be tried again */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#parts;
    try {
      const lease = await this.#limited((limit) => this.#find(limit), signal);
      this.#heard(lease);
      const word = verdict(lease, this.#seen, this.#options, clock.monotonicMs());
      // Ours by name while we don't lead: from a former life, or lost by us; its term must be waited for by nobody else.
      if (word === 'theirs') this.#lose(`${this.#holder ?? 'another replica'} leads`);
      else await this.#write(lease, signal);
      return true;
    } catch (error) {
      if (!signal.aborted && !isKubernetesError(error, 409))
        log.warn({ err: error }, 'the Lease of the leader could not be read or written');
      return false;
    }
  }

  #heard(lease: V1Lease | undefined): void {
    this.#seen = seen(this.#seen, lease, this.#parts.clock.monotonicMs());
    this.#holder = lease?.spec?.holderIdentity || undefined;
    this.#paused = isPaused(lease?.metadata?.annotations);
  }

  async #write(lease: V1Lease | undefined, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const written = await this.#limited((limit) => this.#put(lease, limit), signal);
    this.#seen = seen(undefined, written, clock.monotonicMs());
    this.#holder = this.#options.replica;
    this.#renewed(startedMs);
  }

  #put(lease: V1Lease | undefined, signal: AbortSignal): Promise<V1Lease> {
    const { cluster } = this.#parts;
    const { namespace, name, replica } = this.#options;
    if (!lease) {
      const whole = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
      return cluster.create(
        { resource: RESOURCE.leases, namespace },
        { ...whole, spec: this.#spec(replica) },
        signal,
      );
    }
    // The version makes sure that nobody else took it since we looked.
    const metadata = { resourceVersion: lease.metadata?.resourceVersion };
    return cluster.patch<V1Lease>(this.#target, { metadata, spec: this.#spec(replica) }, 'merge', signal);
  }

  /** From the beginning of an answered write the safe share counts anew. */
  #renewed(startedMs: number): void {
    const { clock, log } = this.#parts;
    const leftMs = startedMs + this.#options.termMs * SAFE_SHARE - clock.monotonicMs();
    if (leftMs <= 0) return;
    this.#callOffLoss();
    if (!this.isLeading) {
      // Its time was over before its timer fired: that work must not go on under a new term.
      this.#leading?.abort(new Error('leadership was lost: the Lease was not renewed in time'));
      this.#leading = new AbortController();
      log.info({ replica: this.#options.replica }, 'this replica leads');
    }
    this.#untilMs = startedMs + this.#options.termMs * SAFE_SHARE;
    this.#callOffLoss = clock.after(leftMs, () => this.#lose('the Lease could not be renewed in time'));
  }

  #lose(why: string): void {
    this.#callOffLoss();
    if (this.#leading === undefined || this.#leading.signal.aborted) return;
    this.#parts.log.info({ replica: this.#options.replica, why }, 'this replica no longer leads');
    this.#leading?.abort(new Error(`leadership was lost: ${why}`));
  }

  /** So that the other need not wait for the term. */
  async #release(): Promise<void> {
    if (this.#holder !== this.#options.replica) return;
    const patch = { metadata: { resourceVersion: this.#seen?.version }, spec: this.#spec('') };
    const never = new AbortController().signal;
    try {
      await this.#limited((limit) => this.#parts.cluster.patch(this.#target, patch, 'merge', limit), never);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the Lease of the leader could not be released');
    }
  }

  #find(signal: AbortSignal): Promise<V1Lease | undefined> {
    return ifPresent(this.#parts.cluster.get<V1Lease>(this.#target, signal));
  }

  #limited<T>(call: (limit: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const late = (): Error => new KubernetesError(0, 'Timeout', 'no answer about the Lease in good time');
    return withDeadline(this.#parts.clock, { ms: this.#options.termMs * CALL_SHARE, signal, late }, call);
  }

  get #target(): Target {
    const { namespace, name } = this.#options;
    return { resource: RESOURCE.leases, namespace, name };
  }

  #spec(holderIdentity: string): NonNullable<V1Lease['spec']> {
    return {
      holderIdentity,
      leaseDurationSeconds: Math.ceil(this.#options.termMs / 1000),
      renewTime: new V1MicroTime(this.#parts.clock.now()),
    };
  }
}
