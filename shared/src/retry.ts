import { askedDelayMs, type BackoffPolicy, backoffDelayMs } from './backoff.ts';
import type { Clock } from './clock.ts';

/** A try that came to nothing and is followed by another one. */
export interface FailedTry {
  readonly error: unknown;
  /** Tries that have failed by now, from 1. */
  readonly failures: number;
  /** Until the next try, in milliseconds. */
  readonly delayMs: number;
}

/** How often, how fast and after which errors work is tried again; plain data but for its hooks. */
export interface RetryPolicy extends BackoffPolicy {
  /** Tries in all, the first one included; ≥ 1. Unless told: without end. */
  readonly attempts?: number;
  /** May the same work succeed later? Unless told: always. */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** Hears of each failed try that is followed by another one, before the delay: for logs, metrics and readiness. */
  readonly onRetry?: (failed: FailedTry) => void;
}

/**
 * Does work until it succeeds, with a delay after each failure: that of the policy, or longer where the error has a `retryAfterMs`.
 *
 * @param policy without `attempts` it goes on until the signal is aborted
 * @returns what the first try that succeeded came to
 * @throws the reason of `signal` once that is aborted, in the middle of a delay too
 * @throws the last try's own error when `attempts` are used up, or `shouldRetry` says no
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
      const delayMs = Math.max(backoffDelayMs(policy, failures - 1), askedDelayMs(error));
      onRetry?.({ error, failures, delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
}
