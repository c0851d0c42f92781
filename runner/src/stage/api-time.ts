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
  const lastMs = lastOf(metadata?.managedFields ?? []);
  return lastMs === undefined ? undefined : timeAt(new Date(lastMs), clock);
}

/**
 * How long ago the status of this Pod was last changed, in milliseconds on the API server's clock; undefined if that is not known, as for a
 * Pod from a watch.
 *
 * @param time now, by the API server's clock
 */
export function statusAgeMs(
  { metadata }: V1Pod,
  time: ApiTime | undefined,
  clock: Clock,
): number | undefined {
  const writes = (metadata?.managedFields ?? []).filter(({ subresource }) => subresource === 'status');
  const lastMs = lastOf(writes);
  return time && lastMs !== undefined ? apiNowMs(time, clock) - lastMs : undefined;
}

function lastOf(writes: readonly { readonly time?: Date }[]): number | undefined {
  const times = writes.map(({ time }) => msOf(time)).filter(Number.isFinite);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** A past time on the clocks of this process. */
export interface OwnTime {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Converts a time of this process to the API server's clock. The wall clock, which may have been set since, counts only without `time`. */
export const toApiMs = (time: ApiTime | undefined, { wallMs, monotonicMs }: OwnTime): number =>
  time ? time.apiMs + (monotonicMs - time.monotonicMs) : wallMs;

/** Converts a time on the API server's clock to the wall clock of this process. */
export function toOwnMs(time: ApiTime | undefined, clock: Clock, apiMs: number): number {
  return apiMs - offsetMs(time, clock);
}

/** How far the API server's clock is ahead of the wall clock of this process. */
function offsetMs(time: ApiTime | undefined, clock: Clock): number {
  if (!time) return 0;
  return apiNowMs(time, clock) - clock.now();
}

const apiNowMs = (time: ApiTime, clock: Clock): number =>
  time.apiMs + (clock.monotonicMs() - time.monotonicMs);

function timeAt(at: Date | undefined, clock: Clock): ApiTime | undefined {
  const apiMs = msOf(at);
  return Number.isFinite(apiMs) ? { apiMs, monotonicMs: clock.monotonicMs() } : undefined;
}

/** The Kubernetes client types it as a date; in JSON it is a string. */
const msOf = (at: Date | undefined): number => (at ? new Date(at).getTime() : Number.NaN);
