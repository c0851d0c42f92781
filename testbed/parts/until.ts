import { systemClock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type RetryPolicy, retry } from '@hangar/shared/retry';

const LOOK_MS = 50;

/**
 * Looks again and again until there is something to see, neither undefined nor false. A look that fails counts as nothing yet.
 *
 * @param withinMs in milliseconds
 * @throws after that time, with what was awaited and how the last look failed
 */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => T | Promise<T>,
): Promise<Exclude<T, undefined | false>> {
  let last: unknown = 'not yet';
  const onRetry: RetryPolicy['onRetry'] = ({ error }) => {
    last = error;
  };
  const policy = { firstDelayMs: LOOK_MS, maxDelayMs: LOOK_MS, onRetry };
  try {
    return await retry(systemClock(), policy, AbortSignal.timeout(withinMs), async () => {
      const seen = await look();
      if (seen === undefined || seen === false) throw new Error('not yet');
      return seen as Exclude<T, undefined | false>;
    });
  } catch {
    throw new Error(`waited ${withinMs / 1000} s for ${what}, without success: ${errorText(last)}`, {
      cause: last,
    });
  }
}
