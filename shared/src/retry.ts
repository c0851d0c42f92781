import { type BackoffPolicy, backoffDelayMs, requestedDelayMs } from './backoff.ts';
import type { Clock } from './clock.ts';

/** A failed attempt that is followed by another one. */
export interface FailedTry {
  readonly error: unknown;
  /** Number of failed attempts so far, from 1. */
  readonly failures: number;
  /** Time until the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/** How often, how fast and after which errors work is retried; plain data except for its callbacks. */
export interface RetryPolicy extends BackoffPolicy {
  /** Maximum number of attempts, the first one included; ≥ 1. Default: unlimited. */
  readonly attempts?: number;
  /** Whether the same work may succeed later. Default: always. */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** Called for each failed attempt that is followed by another one, before the delay: for logs, metrics and readiness. */
  readonly onRetry?: (failed: FailedTry) => void;
}

/**
 * Runs work until it succeeds, with a delay after each failure: that of the policy, or longer if the error has a `retryAfterMs`.
 *
 * @param policy without `attempts` it continues until the signal is aborted
 * @returns the result of the first successful attempt
 * @throws the reason of `signal` once that is aborted, also during a delay
 * @throws the error of the last attempt when `attempts` are used up, or `shouldRetry` returns false
 */
export async function retry<T>(
  clock: Clock,
  policy: RetryPolicy,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { attempts = Infinity, shouldRetry = () => true, onRetry } = policy;
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (failures >= attempts || !shouldRetry(error)) throw error;
      const delayMs = Math.max(backoffDelayMs(policy, failures - 1), requestedDelayMs(error));
      onRetry?.({ error, failures, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}
