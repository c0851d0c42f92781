import { AUTOSCALER_METRICS } from '@hangar/autoscaler/metrics';
import { type MetricSpec, RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import type { BoardEvent } from '../board/board.ts';
import type { Select } from '../query/select.ts';
import { POOLS, SERVICE } from './capacity-queries.ts';
import { CHOSEN } from './runner-flow.ts';

type Info = MetricSpec & { readonly kind: 'gauge' };

/** A version is marked from its first scrape on, for 5 minutes. */
function deploys(chosen: Select, info: Info): BoardEvent {
  const versions = (series: string): string => `count by (namespace, version) (${series})`;
  const { text } = chosen.gauge(info);
  return {
    name: 'Deployments',
    expr: `${versions(text)} unless ${versions(`${text} offset 5m`)}`,
    text: '{{namespace}}: version {{version}}',
    color: 'blue',
  };
}

/** A process is marked for its first two minutes. */
function restarts(chosen: Select, info: Info, processStart: Info): BoardEvent {
  return {
    name: 'Starts',
    expr: `(time() - ${chosen.gauge(processStart).text} < 120) and on (namespace, instance) ${chosen.gauge(info).text}`,
    text: '{{namespace}}: {{instance}} has started',
    color: 'orange',
  };
}

/** What happened to the runners. */
export const RUNNER_EVENTS: readonly BoardEvent[] = [
  deploys(CHOSEN, RUNNER_METRICS.info),
  restarts(CHOSEN, RUNNER_METRICS.info, RUNNER_METRICS.processStart),
];

/** Orders of the last minute, also the first one of a pool. */
const orders = [
  POOLS.increase(AUTOSCALER_METRICS.orders, '1m'),
  POOLS.begun(AUTOSCALER_METRICS.orders, '1m'),
].map((counted) => `${counted.sum('namespace', 'pool', 'outcome').text} > 0`);

/** What happened to the autoscaler, and what it ordered. */
export const CAPACITY_EVENTS: readonly BoardEvent[] = [
  deploys(SERVICE, AUTOSCALER_METRICS.info),
  restarts(SERVICE, AUTOSCALER_METRICS.info, RUNNER_METRICS.processStart),
  {
    name: 'Orders',
    expr: orders.join(' or '),
    text: '{{namespace}}/{{pool}}: {{outcome}}',
    color: 'purple',
  },
];
