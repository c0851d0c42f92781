import { buildName, endedBuild, type RunningBuild } from '../capacity/job.ts';
import type { TraceRecord } from '../trace/pod-record.ts';
import type { LiveForecast } from './live-forecast.ts';

/** Ticks of the warm-up are longer than live ones: it only has to learn the hours of the day. */
const TICK_SECONDS = 60;
const TICKS_AT_ONCE = 500;

/**
 * Feeds stored Pods to a forecast, so that it knows hours and weekdays at once after a restart. A generator, so that the caller can
 * yield to the event loop between its parts; the yielded values have no meaning.
 *
 * @param records by end, as stored
 */
export function* warmUp(
  forecast: LiveForecast,
  records: readonly TraceRecord[],
  nowSeconds: number,
): Generator<undefined, void> {
  const arrivals = records.map(({ job }) => job).sort((one, other) => one.arrivedAt - other.arrivedAt);
  const first = arrivals[0]?.arrivedAt;
  if (first === undefined) return;
  const running = new Map<(typeof arrivals)[number], RunningBuild>();
  let next = 0;
  let ticks = 0;
  for (let at = first; at < nowSeconds; at += TICK_SECONDS) {
    for (let job = arrivals[next]; job !== undefined && job.arrivedAt <= at; job = arrivals[next]) {
      forecast.arrived(job.arrivedAt, job.event);
      running.set(job, { startedAt: job.arrivedAt, name: buildName(job) });
      next += 1;
    }
    for (const job of running.keys()) {
      if (job.arrivedAt + job.durationSeconds > at) continue;
      running.delete(job);
      forecast.ended(endedBuild(job));
    }
    forecast.look({ nowSeconds: at, running: [...running.values()], waitingTotal: 0 });
    ticks += 1;
    if (ticks % TICKS_AT_ONCE === 0) yield undefined;
  }
}
