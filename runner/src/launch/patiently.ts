import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError, isTransient } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type FailedTry, retry } from '@hangar/shared/retry';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** With what a call is repeated, and who hears of it. */
export interface PatientParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** Hears each new reason why a stage waits for the Kubernetes API, and an empty text when it waits no longer. */
  readonly waits?: (reason: string) => void;
}

/** One call of the Kubernetes API that a stage can't go on without. */
export interface PatientCall {
  /** What is done, for people: `create the Pod`. */
  readonly what: string;
  /** Further errors that pass by themselves. */
  readonly passes?: (error: unknown) => boolean;
  /** Errors that say that a right is missing. Default: every 403. */
  readonly denies?: (error: unknown) => boolean;
  /** Delay after the first failure, in milliseconds. */
  readonly firstDelayMs?: number;
}

const LONGEST_DELAY_MS = 30_000;
const FIRST_DELAY_MS = 200;
/** How long a missing right is borne: an upgrade may be rewriting the Role. */
export const RIGHT_PATIENCE_MS = 300_000;
/** Reasons of one call that are logged; more would only be noise. */
const MOST_REASONS = 10;

/** Whether a refusal may pass: trouble of the API server, a token that is being renewed, a Role that is being rewritten. */
export const mayPass = (error: unknown): boolean => isTransient(error) || isKubernetesError(error, 401, 403);

const isDenied = (error: unknown): boolean => isKubernetesError(error, 403);

/**
 * Repeats a call of the Kubernetes API without end while the API server is in trouble or refuses our token (401: it is about to be renewed), and
 * for five minutes while a right is missing.
 *
 * @throws {PipelineError} `right-missing` when the right is still missing then
 * @throws the reason of `signal` once that is aborted, and any other error at once
 */
export async function patiently<T>(
  parts: PatientParts,
  call: PatientCall,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { clock } = parts;
  const { what, passes, denies = isDenied, firstDelayMs = FIRST_DELAY_MS } = call;
  const reasons = new Reasons(parts, what);
  let deniedSinceMs: number | undefined;
  const shouldRetry = (error: unknown): boolean => {
    if (denies(error)) {
      deniedSinceMs ??= clock.monotonicMs();
      return clock.monotonicMs() - deniedSinceMs < RIGHT_PATIENCE_MS;
    }
    deniedSinceMs = undefined;
    return isTransient(error) || isKubernetesError(error, 401) || (passes?.(error) ?? false);
  };
  const onRetry = (failed: FailedTry): void => reasons.hear(failed);
  try {
    return await retry(
      clock,
      { firstDelayMs, maxDelayMs: LONGEST_DELAY_MS, shouldRetry, onRetry },
      signal,
      work,
    );
  } catch (error) {
    throw !signal.aborted && denies(error) ? rightMissing(what, error) : error;
  } finally {
    reasons.end();
  }
}

function rightMissing(what: string, cause: unknown): PipelineError {
  return new PipelineError('right-missing', `the runner may not ${what}: ${errorText(cause)}`, {
    blame: 'operator',
    cause,
  });
}

/** One failure that a repeat mends is no news: a reason is shown from the second one on, once. */
class Reasons {
  readonly #parts: PatientParts;
  readonly #what: string;
  readonly #said = new Set<string>();

  constructor(parts: PatientParts, what: string) {
    this.#parts = parts;
    this.#what = what;
  }

  hear({ error, failures }: FailedTry): void {
    if (failures < 2) return;
    const reason = `waiting for the Kubernetes API, to ${this.#what}: ${errorText(error)}`;
    if (this.#said.has(reason) || this.#said.size >= MOST_REASONS) return;
    this.#said.add(reason);
    this.#parts.log.warn({ err: error }, reason);
    this.#parts.waits?.(reason);
  }

  end(): void {
    if (this.#said.size > 0) this.#parts.waits?.('');
  }
}
