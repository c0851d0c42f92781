import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';

/** Since when calls of the server fail, and how it answers them. */
export interface OutageState {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Of the latest failed try, such as `status 500`. */
  readonly reason: string;
}

/** Reasons that one outage is logged with; more would only be noise. */
const MOST_REASONS = 10;

/**
 * Whether the Drone server fails calls that are repeated until it takes them. An outage lasts from the first failed try until no such call
 * waits any more; it is logged when it begins, when its reason changes, and when it is over, however many tries there are.
 */
export class ServerOutage {
  readonly #clock: Clock;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #failing = new Set<object>();
  readonly #said = new Set<string>();
  #state: OutageState | undefined;

  constructor(clock: Clock, log: Pick<Logger, 'warn' | 'info'>) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined: every call is taken. */
  get now(): OutageState | undefined {
    return this.#state;
  }

  /** A try of that call failed, and it is tried again. */
  failed(call: { readonly call: string }, reason: string): void {
    this.#failing.add(call);
    this.#state = { sinceMs: this.#state?.sinceMs ?? this.#clock.now(), reason };
    if (this.#said.has(reason) || this.#said.size >= MOST_REASONS) return;
    this.#said.add(reason);
    this.#log.warn(
      { call: call.call, reason },
      'the Drone server does not take calls now; they are repeated until it does',
    );
  }

  /** That call is not tried again: it was answered, or nobody wants it any more. */
  ended(call: object): void {
    if (!this.#failing.delete(call) || this.#failing.size > 0 || !this.#state) return;
    const lastedSeconds = Math.round((this.#clock.now() - this.#state.sinceMs) / 1000);
    this.#log.info({ lastedSeconds }, 'the Drone server takes calls again');
    this.#said.clear();
    this.#state = undefined;
  }
}
