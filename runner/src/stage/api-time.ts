import type { Clock } from '@hangar/shared/clock';
import type { V1Pod } from '@kubernetes/client-node';

/**
 * A time on the API server's clock and on the monotonic clock of this process. Times that one runner records and another compares are on
 * the API server's clock, because the clocks of the runners may differ.
 */
export interface ApiTime {
  readonly apiMs: number;
  readonly monotonicMs: number;
}

/** The creation time of a Pod that the API server has just returned; undefined if the Pod has none. */
export function creationTime(pod: V1Pod, clock: Clock): ApiTime | undefined {
  return timeAt(pod.metadata?.creationTimestamp, clock);
}

/** The time of the write that returned this Pod. */
export function writeTime({ metadata }: V1Pod, clock: Clock): ApiTime | undefined {
  const times = (metadata?.managedFields ?? []).map(({ time }) => msOf(time)).filter(Number.isFinite);
  return times.length === 0 ? undefined : timeAt(new Date(Math.max(...times)), clock);
}

/** Converts a time on the wall clock of this process to the API server's clock. */
export function toApiMs(time: ApiTime | undefined, clock: Clock, ownMs: number): number {
  return ownMs + offsetMs(time, clock);
}

/** Converts a time on the API server's clock to the wall clock of this process. */
export function toOwnMs(time: ApiTime | undefined, clock: Clock, apiMs: number): number {
  return apiMs - offsetMs(time, clock);
}

/** How far the API server's clock is ahead of the wall clock of this process. */
function offsetMs(time: ApiTime | undefined, clock: Clock): number {
  if (!time) return 0;
  return time.apiMs + (clock.monotonicMs() - time.monotonicMs) - clock.now();
}

function timeAt(at: Date | undefined, clock: Clock): ApiTime | undefined {
  const apiMs = msOf(at);
  return Number.isFinite(apiMs) ? { apiMs, monotonicMs: clock.monotonicMs() } : undefined;
}

/** The Kubernetes client types it as a date; in JSON it is a string. */
const msOf = (at: Date | undefined): number => (at ? new Date(at).getTime() : Number.NaN);
