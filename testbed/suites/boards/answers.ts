import type { Panel, Query } from '@hangar/dashboards/board';
import type { PrometheusApi, Series } from '../../parts/prometheus/prometheus-api.ts';

/** Where the data of a board come from, and over which time, in seconds since 1970. */
export interface BoardSource {
  readonly prometheus: Pick<PrometheusApi, 'ask' | 'askOver'>;
  readonly from: number;
  readonly to: number;
}

/** The result of a panel's query. */
export interface QueryAnswer {
  readonly query: Query;
  readonly series: readonly Series[];
}

/** What Grafana puts in place of the variables: everything is chosen, and a pixel is a few scrapes wide. */
const VALUES: Readonly<Record<string, string>> = {
  $__rate_interval: '15s',
  $__range: '2m',
  $cluster: '.*',
  $namespace: '.*',
  $runner_job: '.*',
  $autoscaler_job: '.*',
  $instance: '.*',
  $pool: '.*',
};

/** The query as Prometheus gets it. */
export const filledIn = (text: string): string =>
  Object.entries(VALUES).reduce((so, [name, value]) => so.replaceAll(name, value), text);

/** Points of a plot over more than some minutes: as many as are drawn. */
const MOST_POINTS = 600;

/** Runs all queries of a panel: over the whole load, or at its end where only the last value is shown. */
export async function answersOf(
  { prometheus, from, to }: BoardSource,
  { kind, queries }: Panel,
): Promise<readonly QueryAnswer[]> {
  const stepSeconds = Math.max(1, Math.round((to - from) / MOST_POINTS));
  const isOverTime = kind === 'lines' || kind === 'areas';
  const answers: QueryAnswer[] = [];
  for (const query of queries) {
    const expr = filledIn(query.expr);
    const series = isOverTime
      ? await prometheus.askOver(expr, { from, to, stepSeconds })
      : await prometheus.ask(expr);
    answers.push({ query, series });
  }
  return answers;
}

/** A series that has something to show: Prometheus answers NaN for a quantile of nothing. */
export const hasValue = ({ points }: Series): boolean => points.some(([, value]) => Number.isFinite(value));

/** The name of a series, with its labels filled in as Grafana does. */
export const nameOf = ({ legend }: Query, { labels }: Series): string =>
  legend.replace(/\{\{(\w+)\}\}/g, (_all, label: string) => labels[label] ?? '');

/** Labels that a legend names. */
export const namedIn = ({ legend }: Query): readonly string[] =>
  [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
