import { CallSpan } from './call-span.ts';
import type { Clock } from './clock.ts';

/** What ends work before its own end. */
export interface Deadline {
  /** How long the work may take, in milliseconds; Infinity: for ever. */
  readonly ms: number;
  /** The caller's own reason to stop. */
  readonly signal?: AbortSignal | undefined;
  /** What the work is ended with when it is too late; unless told: `not done within … ms`. */
  readonly late?: () => Error;
}

/**
 * Does work under a signal of its own that is aborted when the time is over, or with the caller's signal. Work that ends well all
 * the same counts. It must heed its signal: one that is deaf needs `orAborted` besides. No timer and no listener stays behind.
 *
 * @throws the reason of its signal when work rejects after that was aborted, whatever it made of it: that of `late`, or of `signal`
 * @throws what work rejects with otherwise
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
 * What `work` comes to, or `late` when that takes longer than `ms` or the signal is aborted; the work itself goes on. For work
 * that can't be called off. No timer and no listener stays behind.
 *
 * @param ms in milliseconds
 * @throws what work rejects with in time; a later rejection is not heard
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
