import { CallSpan } from './call-span.ts';
import type { Clock } from './clock.ts';

/** What can end work early. */
export interface Deadline {
  /** Maximum duration of the work, in milliseconds; Infinity: no limit. */
  readonly ms: number;
  /** The caller's signal. */
  readonly signal?: AbortSignal | undefined;
  /** Creates the error for work that exceeds the deadline; default: `not done within … ms`. */
  readonly late?: () => Error;
}

/**
 * Runs work under a signal of its own, which is aborted at the deadline or with the caller's signal. If the work succeeds all the same, its
 * result is returned. The work must react to its signal; combine with `orAborted` if it doesn't. Leaves no timer and no listener.
 *
 * @throws the reason of its signal, from `late` or `signal`, if work rejects after the abort, whatever error the work rejected with
 * @throws otherwise the error of the work
 */
export async function withDeadline<T>(
  clock: Clock,
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { ms, signal, late = () => new Error(`not done within ${ms} ms`) } = deadline;
  const span = new CallSpan(signal);
  const callOff = clock.after(ms, () => span.abort(late()));
  try {
    return await work(span.signal);
  } catch (error) {
    throw span.signal.aborted ? span.signal.reason : error;
  } finally {
    callOff();
    span.close();
  }
}

/**
 * Returns the result of `work`, or `late` if that takes longer than `ms` or the signal is aborted; the work itself continues. For work
 * that can't be cancelled. Leaves no timer and no listener.
 *
 * @param ms in milliseconds
 * @throws the error of the work if it rejects in time; a later rejection is ignored
 */
export async function orLate<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T | 'late'> {
  const span = new CallSpan(signal);
  try {
    return await Promise.race([work, clock.sleep(ms, span.signal).then(() => 'late' as const)]);
  } finally {
    span.abort();
    span.close();
  }
}
