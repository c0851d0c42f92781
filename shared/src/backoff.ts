import type { Clock } from './clock.ts';

/** How the delay between tries grows. */
export interface BackoffPolicy {
  /** Full length of the delay after the first failure, in milliseconds; > 0. */
  readonly firstDelayMs: number;
  /** Full length that later delays never pass, in milliseconds; ≥ firstDelayMs. */
  readonly maxDelayMs: number;
  /** What each further failure multiplies the full length by; ≥ 1. Unless told: 2. */
  readonly factor?: number;
  /** Draws the share of its full length that a delay takes, 0 to 1, so that many clients don't try again together. Unless told: 1. */
  readonly jitter?: () => number;
}

/** 1 s doubling up to 30 s: what the Drone server and the Kubernetes API can both bear (drone-rpc §2.0). */
export const USUAL_BACKOFF: BackoffPolicy = { firstDelayMs: 1_000, maxDelayMs: 30_000 };

/**
 * The delay before the next try. A tenth of the first delay is the least, so that no jitter makes a busy loop.
 *
 * @param failures in a row before this one, from 0
 * @returns whole milliseconds, between `firstDelayMs / 10` and `maxDelayMs`
 */
export function backoffDelayMs(policy: BackoffPolicy, failures: number): number {
  const { firstDelayMs, maxDelayMs, factor = 2, jitter = () => 1 } = policy;
  const fullMs = Math.min(maxDelayMs, firstDelayMs * factor ** failures);
  return Math.round(Math.max(firstDelayMs / 10, jitter() * fullMs));
}

/** Failures in a row and the delays they earn, for a loop that never ends; a single piece of work is for `retry`. */
export class Backoff {
  readonly #clock: Clock;
  readonly #policy: BackoffPolicy;
  #failures = 0;

  constructor(clock: Clock, policy: BackoffPolicy = USUAL_BACKOFF) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** After a success: the next failure starts from the beginning. */
  reset(): void {
    this.#failures = 0;
  }

  /** Counts a failure. @returns the delay that it earned, in milliseconds */
  failed(): number {
    this.#failures += 1;
    return backoffDelayMs(this.#policy, this.#failures - 1);
  }

  /**
   * Counts a failure and waits for what it earned, or longer where the other side asked for it.
   * Resolves early, without error, when `signal` is aborted.
   *
   * @param atLeastMs what the other side asked for (`Retry-After`), in milliseconds; 0 = nothing
   */
  pause(signal?: AbortSignal, atLeastMs = 0): Promise<void> {
    return this.#clock.sleep(Math.max(atLeastMs, this.failed()), signal);
  }
}

/** Longest wait that another side may ask of us: beyond it we try again on our own. */
const RETRY_AFTER_CAP_MS = 300_000;

/**
 * Reads a `Retry-After` header in both of its forms.
 *
 * @param value seconds or an HTTP date; anything else counts as nothing
 * @param nowMs wall clock, milliseconds since 1970
 * @returns milliseconds to wait, 0 to 300,000
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined || value.trim() === '') return 0;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), RETRY_AFTER_CAP_MS) : 0;
}

/** What the other side asked us to wait: the `retryAfterMs` of an error that has one (the Kubernetes API's, the Drone server's), else 0. */
export function askedDelayMs(error: unknown): number {
  const asked = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : 0;
  return typeof asked === 'number' ? asked : 0;
}
