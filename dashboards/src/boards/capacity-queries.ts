import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { labelIn, Select, type Vector } from '../query/select.ts';

const SCOPE = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$autoscaler_job"';
/** All replicas of the autoscaler, whichever leads. */
export const SERVICE = new Select(SCOPE);
/** The pools that the user selected. */
export const POOLS = new Select(`${SCOPE}, pool=~"$pool"`);
/** Runners may be in another namespace and job than the autoscaler that measures them. */
const RUNNERS = new Select('cluster=~"$cluster"');

type PoolState = 'actual' | 'ready' | 'empty' | 'desired';

/** A pool is named by its cluster and namespace too: two installations may have pools of the same name. */
const POOL = ['cluster', 'namespace', 'pool'] as const;

/** Replicas report the same values for a pool: each pool counts once. Further labels of the result: `by`. */
export const eachPoolOnce = <L extends string>(
  gauge: Vector<(typeof POOL)[number] | L>,
  ...by: readonly L[]
): Vector<(typeof POOL)[number] | L> => gauge.max(...POOL, ...by);

/** Replicas report the same values for an installation: each installation counts once. */
export const eachInstallationOnce = <L extends string>(
  gauge: Vector<'cluster' | 'namespace' | L>,
  ...by: readonly L[]
): Vector<'cluster' | 'namespace' | L> => gauge.max('cluster', 'namespace', ...by);

/** Nodes of all selected pools in that state. */
export const nodes = (state: PoolState): string =>
  eachPoolOnce(POOLS.gauge(METRICS.poolNodes, { state })).sum().text;

/** The share of CPU that no build uses: 0 to 1. */
export const unusedShare = (): string => {
  const cpu = (...states: readonly string[]): string =>
    eachPoolOnce(POOLS.gauge(METRICS.poolCpu, { state: labelIn(...states) }), 'state').sum().text;
  return `${cpu('idle', 'stranded')} / ${cpu('used', 'idle', 'open', 'stranded')}`;
};

/** Node-hours over a window per 1000 builds of pull requests that arrived within it. The window in hours and in PromQL notation. */
export function nodeHoursPer1000(hours: number, window: string): string {
  const there = POOLS.gauge(METRICS.poolNodes, { state: 'actual' }).text;
  const builds = RUNNERS.increase(RUNNER_METRICS.builds, window, { event: 'pull_request' }).sum().text;
  return `1000 * ${hours} * sum (max by (${POOL.join(', ')}) (avg_over_time(${there}[${window}]))) / (${builds} > 0)`;
}
