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
import { type ObservedLease, observedLease, SAFE_SHARE, verdict } from './lease-verdict.ts';

/** The Lease, and the identity of this replica. */
export interface LeadershipOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process: its host name. */
  readonly replica: string;
  /** How long other replicas wait after the last renewal that they saw. Milliseconds. */
  readonly termMs: number;
}

interface LeadershipParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

const RENEW_SHARE = 1 / 4;
/** After a failure the next attempt is made earlier, so that several attempts fit into the safe share. */
const RETRY_SHARE = 1 / 16;
/** Deadline of one call as a share of the term. */
const CALL_SHARE = 1 / 4;

/**
 * Elects one of several replicas as leader. The leader stops at two thirds of a term without a renewal; others take over at a whole
 * term, measured by each replica on its own monotonic clock from the last change it saw: two never lead at once, whatever the wall
 * clocks show.
 */
export class Leadership {
  readonly #parts: LeadershipParts;
  readonly #options: LeadershipOptions;
  #seen: ObservedLease | undefined;
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

  /** Whether this replica is the leader now. Checks the clock too: after a suspension the timers have not fired yet. */
  get isLeading(): boolean {
    return (
      this.#leading !== undefined &&
      !this.#leading.signal.aborted &&
      this.#parts.clock.monotonicMs() < this.#untilMs
    );
  }

  /** Whether the annotation on the Lease pauses all actions, as last read. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /** Aborted when leadership is lost; undefined while this replica doesn't lead. */
  get leading(): AbortSignal | undefined {
    return this.isLeading ? this.#leading?.signal : undefined;
  }

  /** The current leader, as last read; undefined when there is none or nothing was read yet. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /**
   * Competes for leadership until `signal` is aborted, and then releases the Lease. Each time leadership is won, `lead` is called
   * with a signal that is aborted when it is lost: nothing may be written after that. Never rejects; errors of `lead` are logged.
   */
  async run(lead: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    let work: Promise<void> = Promise.resolve();
    while (!signal.aborted) {
      const before = this.#leading;
      const went = await this.#round(signal);
      if (this.#leading && this.#leading !== before) {
        const { signal: leading } = this.#leading;
        // The work of the previous term may still be ending: two must not overlap within one process.
        work = work.then(() => this.#work(lead, leading));
      }
      if (signal.aborted) break;
      await clock.sleep(this.#options.termMs * (went ? RENEW_SHARE : RETRY_SHARE), signal);
    }
    this.#lose('stopped by a signal');
    await work;
    await this.#release();
  }

  async #work(lead: (leading: AbortSignal) => Promise<void>, leading: AbortSignal): Promise<void> {
    if (leading.aborted) return;
    try {
      await lead(leading);
    } catch (error) {
      if (!leading.aborted) this.#parts.log.error({ err: error }, "the leader's work failed");
    }
  }

  /** One check, and a write when the Lease is ours or free. @returns false when the next attempt should be made early */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#parts;
    try {
      const lease = await this.#limited((limit) => this.#find(limit), signal);
      this.#heard(lease);
      const owner = verdict(lease, this.#seen, this.#options, clock.monotonicMs());
      // The Lease may be ours while we don't lead: from an earlier run, or after we lost leadership. Only other replicas have to
      // wait for its term.
      if (owner === 'theirs') this.#lose(`${this.#holder ?? 'another replica'} leads`);
      else await this.#write(lease, signal);
      return true;
    } catch (error) {
      if (!signal.aborted && !isKubernetesError(error, 409))
        log.warn({ err: error }, 'the Lease of the leader could not be read or written');
      return false;
    }
  }

  #heard(lease: V1Lease | undefined): void {
    this.#seen = observedLease(this.#seen, lease, this.#parts.clock.monotonicMs());
    this.#holder = lease?.spec?.holderIdentity || undefined;
    this.#paused = isPaused(lease?.metadata?.annotations);
  }

  async #write(lease: V1Lease | undefined, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const written = await this.#limited((limit) => this.#put(lease, limit), signal);
    this.#seen = observedLease(undefined, written, clock.monotonicMs());
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
    // The resource version prevents overwriting a change that was made after we read the Lease.
    const metadata = { resourceVersion: lease.metadata?.resourceVersion };
    return cluster.patch<V1Lease>(this.#target, { metadata, spec: this.#spec(replica) }, 'merge', signal);
  }

  /** The safe share starts at the beginning of a successful write. */
  #renewed(startedMs: number): void {
    const { clock, log } = this.#parts;
    const leftMs = startedMs + this.#options.termMs * SAFE_SHARE - clock.monotonicMs();
    if (leftMs <= 0) return;
    this.#callOffLoss();
    if (!this.isLeading) {
      // The term ended before the timer fired: work of that term must not continue in the new one.
      this.#leading?.abort(new Error('leadership was lost: the Lease was not renewed in time'));
      this.#leading = new AbortController();
      log.info({ replica: this.#options.replica }, 'this replica is the leader');
    }
    this.#untilMs = startedMs + this.#options.termMs * SAFE_SHARE;
    this.#callOffLoss = clock.after(leftMs, () => this.#lose('the Lease could not be renewed in time'));
  }

  #lose(why: string): void {
    this.#callOffLoss();
    if (this.#leading === undefined || this.#leading.signal.aborted) return;
    this.#parts.log.info({ replica: this.#options.replica, why }, 'this replica is no longer the leader');
    this.#leading?.abort(new Error(`leadership was lost: ${why}`));
  }

  /** Lets another replica take over without waiting for the term. */
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
    const late = (): Error => new KubernetesError(0, 'Timeout', 'no answer for the Lease in time');
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
