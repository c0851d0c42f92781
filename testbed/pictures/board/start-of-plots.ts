import type { PrometheusApi } from '../../parts/prometheus/prometheus-api.ts';

const PROGRAMS = '{__name__=~"hangar_(runner|autoscaler)_info"}';
/** Of data that began a moment ago, plots show so much: a line needs some points. */
const LEAST_MINUTES = 2;

/** The last minutes that plots show, in seconds since 1970. */
export interface Recent {
  readonly to: number;
  readonly minutes: number;
}

/**
 * Where plots begin: so many minutes before `to`, or with the first sample of a program of Hangar if that is later. The data of a
 * Prometheus that has just been started would otherwise be a dot at the right.
 */
export async function startOfPlots(
  prometheus: Pick<PrometheusApi, 'ask'>,
  { to, minutes }: Recent,
): Promise<number> {
  const from = to - minutes * 60;
  const [first] = await prometheus.ask(`min(min_over_time(timestamp(${PROGRAMS})[${minutes}m:5s]))`);
  const began = first?.points[0]?.[1] ?? from;
  return Math.max(from, Math.min(began, to - LEAST_MINUTES * 60));
}
