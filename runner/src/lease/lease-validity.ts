import type { Clock } from '@hangar/shared/clock';

/** A write was refused because this replica holds its Lease no longer: others may act in its place. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';

  constructor(reason: string) {
    super(`no more writes: ${reason}`);
  }
}

/** `none`: never taken; `taking`: not held yet, or not again; `lost`: expired or taken by others; `released`: given up on purpose. */
export type LeaseState = 'none' | 'taking' | 'held' | 'lost' | 'released';

/** At this share of its term without a renewal, a replica stops all writes: others may begin to act at the whole term. */
const SAFE_SHARE = 2 / 3;

/**
 * Whether this replica may write. It is asked before each write, and not only told by a timer: a process that was stopped, or whose
 * machine slept, runs other callbacks before its timers.
 */
export class LeaseValidity {
  readonly #clock: Clock;
  readonly #safeMs: number;
  readonly #listeners = new Set<(state: LeaseState) => void>();
  #state: LeaseState = 'none';
  #lost = new AbortController();
  #beganMs = Number.NEGATIVE_INFINITY;
  #expiresMs = Number.POSITIVE_INFINITY;
  #cancelTimer = (): void => undefined;

  /** @param termMs after which others take over what a silent replica has */
  constructor(clock: Clock, termMs: number) {
    this.#clock = clock;
    this.#safeMs = termMs * SAFE_SHARE;
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Aborted when the Lease is lost; a new signal for each term of holding it. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Calls the listener at each change; the returned function ends that. */
  listen(listener: (state: LeaseState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The Lease is being taken, for a new term. */
  begin(): void {
    this.#cancelTimer();
    if (this.#lost.signal.aborted) this.#lost = new AbortController();
    this.#beganMs = this.#clock.monotonicMs();
    this.#expiresMs = Number.POSITIVE_INFINITY;
    this.#change('taking');
  }

  /** A write of the Lease that began then, in monotonic milliseconds, was answered: the safe share counts from there. */
  renewed(startedMs: number): void {
    // The response to a write of the last term may arrive in this one.
    if (startedMs < this.#beganMs || this.#state === 'lost' || this.#state === 'released') return;
    this.#cancelTimer();
    this.#expiresMs = startedMs + this.#safeMs;
    this.#change('held');
    this.#cancelTimer = this.#clock.after(this.#expiresMs - this.#clock.monotonicMs(), () => this.lose());
  }

  /** No renewals follow: from now on only {@link assertHeld} notices that it has expired. */
  stopTimer(): void {
    this.#cancelTimer();
  }

  /** The Lease is gone, expired, or another process holds it. */
  lose(): void {
    if (this.#state === 'lost' || this.#state === 'released') return;
    this.#cancelTimer();
    this.#change('lost');
    this.#lost.abort(new LeaseLost('the Lease of this replica was lost'));
  }

  /** The Lease is about to be given up: what is still to be written is for others to write. */
  release(): void {
    this.#cancelTimer();
    if (this.#state !== 'lost') this.#change('released');
  }

  /** @throws {LeaseLost} when this replica does not hold its Lease; before it takes the Lease for the first time, writes are allowed */
  assertHeld(): void {
    if (this.#state === 'held' && this.#clock.monotonicMs() >= this.#expiresMs) this.lose();
    if (this.#state === 'lost') throw new LeaseLost('the Lease of this replica was lost');
    if (this.#state === 'taking') throw new LeaseLost('the Lease of this replica is being acquired');
    if (this.#state === 'released') throw new LeaseLost('this replica has handed over');
  }

  #change(state: LeaseState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
