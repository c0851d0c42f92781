import type { PodRecord } from '../trace/pod-record.ts';
import type { LiveForecast } from './live-forecast.ts';

/** Ticks of the past are longer than live ones: they only have to show the hours of the day. */
const TICK_SECONDS = 60;
const TICKS_AT_ONCE = 500;

/**
 * Plays remembered Pods through a forecast, so that it knows hours and weekdays at once after a restart. A generator, so that the
 * caller can let others run between its parts; what it yields says nothing.
 *
 * @param records by end, as remembered
 */
export function* warmUp(
  forecast: LiveForecast,
  records: readonly PodRecord[],
  nowSeconds: number,
): Generator<undefined, void> {
  const arrivals = records.map(({ job }) => job).sort((one, other) => one.arrivedAt - other.arrivedAt);
  const first = arrivals[0]?.arrivedAt;
  if (first === undefined) return;
  const running = new Map<(typeof arrivals)[number], { readonly startedAt: number }>();
  let next = 0;
  let ticks = 0;
  for (let at = first; at < nowSeconds; at += TICK_SECONDS) {
    for (let job = arrivals[next]; job !== undefined && job.arrivedAt <= at; job = arrivals[next]) {
      forecast.arrived(job.arrivedAt);
      running.set(job, { startedAt: job.arrivedAt });
      next += 1;
    }
    for (const job of running.keys()) {
      if (job.arrivedAt + job.durationSeconds > at) continue;
      running.delete(job);
      forecast.ended(job.durationSeconds);
    }
    forecast.look({ nowSeconds: at, running: [...running.values()], waitingTotal: 0 });
    ticks += 1;
    if (ticks % TICKS_AT_ONCE === 0) yield undefined;
  }
}
