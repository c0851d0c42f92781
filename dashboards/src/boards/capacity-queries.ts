import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { labelIn, Select, Vector } from '../query/select.ts';

/** All replicas of the autoscaler, whichever leads. */
export const SERVICE = new Select('namespace=~"$namespace"');
/** The pools that the user selected. */
export const POOLS = new Select('namespace=~"$namespace", pool=~"$pool"');
const RUNNERS = new Select('');

type PoolState = 'actual' | 'ready' | 'empty' | 'wanted';

/** Replicas report the same values for a pool: each pool counts once. */
export const eachPoolOnce = (gauge: Vector<'pool'>): Vector<never> => new Vector(gauge.max('pool').text);

/** Nodes of all selected pools in that state; replicas report the same values, so each pool counts once. */
export const nodes = (state: PoolState): string =>
  `sum (${POOLS.gauge(METRICS.poolNodes, { state }).max('pool').text})`;

/** The share of CPU that no build uses: 0 to 1. */
export const unusedShare = (): string => {
  const cpu = (...states: readonly string[]): string =>
    `sum (${POOLS.gauge(METRICS.poolCpu, { state: labelIn(...states) }).max('pool', 'state').text})`;
  return `${cpu('idle', 'stranded')} / ${cpu('used', 'idle', 'open', 'stranded')}`;
};

/** Node-hours over a window per 1000 builds of pull requests that arrived within it. The window in hours and in PromQL notation. */
export function nodeHoursPer1000(hours: number, window: string): string {
  const there = POOLS.gauge(METRICS.poolNodes, { state: 'actual' }).text;
  const builds = RUNNERS.increase(RUNNER_METRICS.builds, window, { event: 'pull_request' }).sum().text;
  return `1000 * ${hours} * sum (max by (pool) (avg_over_time(${there}[${window}]))) / (${builds} > 0)`;
}
