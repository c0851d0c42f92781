import type { Clock } from '@hangar/shared/clock';
import type { V1Pod } from '@kubernetes/client-node';

/**
 * A moment by the API server's clock and by our monotonic one. What one runner writes down and another compares is in the former: their own
 * clocks may differ.
 */
export interface ApiTime {
  readonly apiMs: number;
  readonly monotonicMs: number;
}

/** The moment at which a Pod was created that the API server has just returned; undefined if it doesn't say. */
export function creationTime(pod: V1Pod, clock: Clock): ApiTime | undefined {
  return timeAt(pod.metadata?.creationTimestamp, clock);
}

/** The moment of the write whose answer this Pod is. */
export function writeTime({ metadata }: V1Pod, clock: Clock): ApiTime | undefined {
  const times = (metadata?.managedFields ?? []).map(({ time }) => msOf(time)).filter(Number.isFinite);
  return times.length === 0 ? undefined : timeAt(new Date(Math.max(...times)), clock);
}

/** Our wall clock's time as the API server's. */
export function toApiMs(time: ApiTime | undefined, clock: Clock, ownMs: number): number {
  return ownMs + offsetMs(time, clock);
}

/** The API server's time as our wall clock's. */
export function toOwnMs(time: ApiTime | undefined, clock: Clock, apiMs: number): number {
  return apiMs - offsetMs(time, clock);
}

/** By so much the API server's clock is ahead of our wall clock now. */
function offsetMs(time: ApiTime | undefined, clock: Clock): number {
  if (!time) return 0;
  return time.apiMs + (clock.monotonicMs() - time.monotonicMs) - clock.now();
}

function timeAt(at: Date | undefined, clock: Clock): ApiTime | undefined {
  const apiMs = msOf(at);
  return Number.isFinite(apiMs) ? { apiMs, monotonicMs: clock.monotonicMs() } : undefined;
}

/** Typed as a date by Kubernetes' client; as JSON it is text. */
const msOf = (at: Date | undefined): number => (at ? new Date(at).getTime() : Number.NaN);
