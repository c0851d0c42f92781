import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError, isTransient } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type FailedTry, retry } from '@hangar/shared/retry';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** The dependencies of repeated calls. */
export interface PatientParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** Shows why the stage waits for the Kubernetes API. */
  readonly wait?: Pick<WaitNotice, 'noted' | 'over'>;
}

/** Shows why a stage waits. */
export interface WaitNotice {
  /** In its state, and in its log if that is open: there with these words. Default: those of the reason. */
  noted(reason: string, note?: string): void;
  /** In its state only. */
  shown(reason: string): void;
  /** It no longer waits for that. */
  over(): void;
}

/** One call of the Kubernetes API that a stage can't go on without. */
export interface PatientCall {
  /** The action, for logs and errors: `create the Pod`. */
  readonly what: string;
  /** Additional errors that are temporary. */
  readonly passes?: (error: unknown) => boolean;
  /** Errors that mean that a permission is missing. Default: every 403. */
  readonly denies?: (error: unknown) => boolean;
  /** Delay after the first failure, in milliseconds. */
  readonly firstDelayMs?: number;
}

const LONGEST_DELAY_MS = 30_000;
const FIRST_DELAY_MS = 200;
/** How long a call with a missing permission is repeated: an upgrade may be replacing the Role. */
export const RIGHT_PATIENCE_MS = 300_000;
/** Maximum number of reasons that are logged for one call; more would only be noise. */
const MOST_REASONS = 10;

/** Whether an error may be temporary: a failing API server, a token that is being renewed, a Role that is being replaced. */
export const mayPass = (error: unknown): boolean => isTransient(error) || isKubernetesError(error, 401, 403);

const isDenied = (error: unknown): boolean => isKubernetesError(error, 403);

/**
 * Repeats a call of the Kubernetes API without end while the API server fails or rejects our token (401: it is about to be renewed), and
 * for five minutes while a permission is missing.
 *
 * @throws {PipelineError} `right-missing` when the permission is still missing then
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
  const reasons = new ReasonLog(parts, what);
  let deniedSinceMs: number | undefined;
  const shouldRetry = (error: unknown): boolean => {
    if (denies(error)) {
      deniedSinceMs ??= clock.monotonicMs();
      return clock.monotonicMs() - deniedSinceMs < RIGHT_PATIENCE_MS;
    }
    deniedSinceMs = undefined;
    return isTransient(error) || isKubernetesError(error, 401) || (passes?.(error) ?? false);
  };
  const onRetry = (failed: FailedTry): void => reasons.failed(failed);
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
  return new PipelineError('right-missing', `the runner is not allowed to ${what}: ${errorText(cause)}`, {
    blame: 'operator',
    cause,
  });
}

/** Shows each reason once, from the second failure on: a single failure needs no message. */
class ReasonLog {
  readonly #parts: PatientParts;
  readonly #what: string;
  readonly #shown = new Set<string>();

  constructor(parts: PatientParts, what: string) {
    this.#parts = parts;
    this.#what = what;
  }

  failed({ error, failures }: FailedTry): void {
    if (failures < 2) return;
    const reason = `waiting for the Kubernetes API, to ${this.#what}: ${errorText(error)}`;
    if (this.#shown.has(reason) || this.#shown.size >= MOST_REASONS) return;
    this.#shown.add(reason);
    this.#parts.log.warn({ err: error }, reason);
    this.#parts.wait?.noted(reason);
  }

  end(): void {
    if (this.#shown.size > 0) this.#parts.wait?.over();
  }
}
