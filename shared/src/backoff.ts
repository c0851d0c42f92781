import type { Clock } from './clock.ts';

/** How the delay between attempts grows. */
export interface BackoffPolicy {
  /** Delay after the first failure before jitter, in milliseconds; > 0. */
  readonly firstDelayMs: number;
  /** Maximum delay before jitter, in milliseconds; ≥ firstDelayMs. */
  readonly maxDelayMs: number;
  /** Factor that each further failure multiplies the delay by; ≥ 1. Default: 2. */
  readonly factor?: number;
  /** Returns the share of the full delay to wait, 0 to 1, so that many clients don't retry at the same time. Default: 1. */
  readonly jitter?: () => number;
}

/** 1 s doubling up to 30 s: a rate that the Drone server and the Kubernetes API can both serve (drone-rpc §2.0). */
export const USUAL_BACKOFF: BackoffPolicy = { firstDelayMs: 1_000, maxDelayMs: 30_000 };

/**
 * The delay before the next attempt. It is never less than a tenth of the first delay, so that jitter can't cause a busy loop.
 *
 * @param failures number of consecutive failures before this one, from 0
 * @returns whole milliseconds, between `firstDelayMs / 10` and `maxDelayMs`
 */
export function backoffDelayMs(policy: BackoffPolicy, failures: number): number {
  const { firstDelayMs, maxDelayMs, factor = 2, jitter = () => 1 } = policy;
  const fullMs = Math.min(maxDelayMs, firstDelayMs * factor ** failures);
  return Math.round(Math.max(firstDelayMs / 10, jitter() * fullMs));
}

/** Counts consecutive failures and computes their delays, for a loop that never ends; use `retry` for a single operation. */
export class Backoff {
  readonly #clock: Clock;
  readonly #policy: BackoffPolicy;
  #failures = 0;

  constructor(clock: Clock, policy: BackoffPolicy = USUAL_BACKOFF) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /** Number of failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Records a success: the next failure starts from the first delay. */
  reset(): void {
    this.#failures = 0;
  }

  /** Counts a failure. @returns the delay before the next attempt, in milliseconds */
  failed(): number {
    this.#failures += 1;
    return backoffDelayMs(this.#policy, this.#failures - 1);
  }

  /**
   * Counts a failure and waits for its delay, or longer if the server requested more.
   * Resolves early, without error, when `signal` is aborted.
   *
   * @param atLeastMs delay that the server requested (`Retry-After`), in milliseconds; 0 = none
   */
  pause(signal?: AbortSignal, atLeastMs = 0): Promise<void> {
    return this.#clock.sleep(Math.max(atLeastMs, this.failed()), signal);
  }
}

/** Longest delay that is accepted from a server; a longer one is cut to this. */
const RETRY_AFTER_CAP_MS = 300_000;

/**
 * Parses a `Retry-After` header in either of its forms.
 *
 * @param value seconds or an HTTP date; any other value is ignored
 * @param nowMs wall clock, milliseconds since 1970
 * @returns milliseconds to wait, 0 to 300,000
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined || value.trim() === '') return 0;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), RETRY_AFTER_CAP_MS) : 0;
}

/** Delay requested by the server: the `retryAfterMs` of an error that has one (from the Kubernetes API or the Drone server), else 0. */
export function requestedDelayMs(error: unknown): number {
  const asked = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : 0;
  return typeof asked === 'number' ? asked : 0;
}
