import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';

/** Since when calls to the server fail, and for which reason. */
export interface OutageState {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Reason of the latest failed try, such as `status 500`. */
  readonly reason: string;
}

/** Maximum number of reasons that are logged per outage; more would only be noise. */
const MOST_REASONS = 10;

/**
 * Tracks whether calls to the Drone server that are retried without limit fail. An outage lasts from the first failed try until no such
 * call waits any more; it is logged when it begins, when its reason changes, and when it is over, for any number of tries.
 */
export class ServerOutage {
  readonly #clock: Clock;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #failing = new Set<object>();
  readonly #loggedReasons = new Set<string>();
  #state: OutageState | undefined;

  constructor(clock: Clock, log: Pick<Logger, 'warn' | 'info'>) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The present outage, if any. */
  get now(): OutageState | undefined {
    return this.#state;
  }

  /** Records a failed try of a call that is tried again. */
  failed(call: { readonly call: string }, reason: string): void {
    this.#failing.add(call);
    this.#state = { sinceMs: this.#state?.sinceMs ?? this.#clock.now(), reason };
    if (this.#loggedReasons.has(reason) || this.#loggedReasons.size >= MOST_REASONS) return;
    this.#loggedReasons.add(reason);
    this.#log.warn(
      { call: call.call, reason },
      'calls to the Drone server fail; they are retried until they succeed',
    );
  }

  /** Records that a call is not tried again: it was answered or aborted. */
  ended(call: object): void {
    if (!this.#failing.delete(call) || this.#failing.size > 0 || !this.#state) return;
    const lastedSeconds = Math.round((this.#clock.now() - this.#state.sinceMs) / 1000);
    this.#log.info({ lastedSeconds }, 'the Drone server accepts calls again');
    this.#loggedReasons.clear();
    this.#state = undefined;
  }
}
