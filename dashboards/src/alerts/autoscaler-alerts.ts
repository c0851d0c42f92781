import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { labelIn, Select } from '../query/select.ts';
import type { AlertRule } from './alert-rule.ts';

const ALL = new Select('');
const poolNodes = (state: 'actual' | 'wanted') =>
  ALL.gauge(METRICS.poolNodes, { state }).max('namespace', 'pool').text;

/** Alerts on the autoscaler service. */
export const SERVICE_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarAutoscalerDown',
    component: 'autoscaler',
    severity: 'warning',
    expr: `absent(${ALL.gauge(METRICS.info).text})`,
    lasting: '10m',
    summary: 'The autoscaler can not be reached',
    description: 'Prometheus has read no metrics of it for 10 minutes: nobody sizes the pools.',
    means: 'No process of the autoscaler answers Prometheus. Pools stay as they are; builds go on.',
    looks: [
      { text: 'Are the targets there?', query: 'up' },
      {
        text: 'Its Pod and the end of its log. Exit code 78: the configuration is wrong, the log names each setting.',
      },
    ],
    acts: [
      '78: correct the settings that the log names.',
      'Else as for [HangarRunnerDown](HangarRunnerDown.md).',
    ],
  },
  {
    name: 'HangarRecommendationStale',
    component: 'autoscaler',
    severity: 'warning',
    expr: `min by (namespace) (${ALL.gauge(METRICS.stale).text}) == 1`,
    lasting: '10m',
    summary: 'The recommendation is no longer true to the data',
    description:
      'For 10 minutes nothing could be decided. The last good recommendation stands, and nothing is acted upon.',
    means:
      'What the autoscaler needs to know is too old: a watch of Pods or nodes is silent, or no runner answers.',
    looks: [
      { text: '`GET /readyz` of the autoscaler says what is missing, with the cure.' },
      { text: 'Which watch is silent?', query: ALL.gauge(METRICS.watchStale).max('watch').text },
    ],
    acts: [
      'Do what `/readyz` says: grant the right, mend the API server, or correct the addresses of the runners.',
    ],
  },
  {
    name: 'HangarTicksFail',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.increase(METRICS.ticks, '15m', { outcome: 'failed' }).sum('namespace').text} > 0`,
    lasting: '5m',
    summary: 'Ticks of the autoscaler fail',
    description: '{{ $value | humanize }} ticks within 15 minutes ended with an error.',
    means: 'A tick ended in a way that nobody has foreseen: a bug. The last recommendation stands meanwhile.',
    looks: [
      { text: 'How do ticks end?', query: ALL.increase(METRICS.ticks, '15m').sum('outcome').text },
      { text: 'The log has the error of each failed tick.' },
    ],
    acts: [
      'Report it with the log. A restart keeps what was learned if `HANGAR_AUTOSCALER_DATA_DIR` is set.',
    ],
  },
  {
    name: 'HangarRunnersUnheard',
    component: 'autoscaler',
    severity: 'warning',
    expr: `max by (namespace) (${ALL.gauge(METRICS.targets, { state: 'missing' }).text}) > 0`,
    lasting: '15m',
    summary: '{{ $value }} runners do not answer the autoscaler',
    description:
      'What these runners know of work without a Pod is missing in the demand, so that it is too low.',
    means: 'Runners that are configured or found do not answer their metrics within the deadline.',
    looks: [
      { text: '`GET /readyz` of the autoscaler names them.' },
      { text: 'Are they up for Prometheus?', query: 'hangar_runner_info' },
    ],
    acts: [
      'Correct `HANGAR_AUTOSCALER_RUNNERS` or `HANGAR_AUTOSCALER_RUNNER_SERVICE`, or the NetworkPolicy between both.',
      'Slow ones: raise `HANGAR_AUTOSCALER_SCRAPE_DEADLINE`.',
    ],
  },
];

const late = `${ALL.quantile(0.95, METRICS.nodeWait, '30m', 'namespace').text}`;
const demand = ALL.gauge(METRICS.demand, { state: labelIn('running', 'pending') }).max(
  'namespace',
  'state',
).text;

/** Alerts on actual capacity compared with the recommendation. */
export const CAPACITY_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarWaitsAboveObjective',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${late} > on (namespace) ${ALL.gauge(METRICS.objective).max('namespace').text}`,
    lasting: '30m',
    summary: 'Builds wait for nodes longer than agreed',
    description:
      'The p95 wait for a node is {{ $value | humanizeDuration }}, above the objective, for half an hour.',
    means:
      'Too few nodes, or nodes come too late: 5 of 100 Pods waited for longer than `HANGAR_AUTOSCALER_OBJECTIVE`.',
    looks: [
      { text: 'Is more wanted than there is?', query: `${poolNodes('wanted')} - ${poolNodes('actual')}` },
      { text: 'Do guardrails hold back?', query: ALL.gauge(METRICS.poolShort).max('pool').text },
      {
        text: 'Does a node take longer to boot than before?',
        query: ALL.gauge(METRICS.bootSeconds).max().text,
      },
    ],
    acts: [
      'wanted above actual: follow the recommendation, or find out why the engine does not (limits, quotas of the cloud).',
      'Guardrails: see [HangarPoolAtItsLimit](HangarPoolAtItsLimit.md).',
      'Neither: a larger `HANGAR_AUTOSCALER_BUFFER_FLOOR` or `HANGAR_AUTOSCALER_BUFFER_Z` keeps more room free.',
    ],
  },
  {
    name: 'HangarPoolAtItsLimit',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.poolShort).max('namespace', 'pool').text} > 0`,
    lasting: '15m',
    summary: 'Pool {{ $labels.pool }} would need {{ $value }} nodes more than it may have',
    description: 'The guardrails have held the recommendation below the demand for 15 minutes.',
    means:
      'The demand asks for more nodes than `HANGAR_AUTOSCALER_MAX_NODES`, a quota, or the step of growth allows.',
    looks: [
      {
        text: 'How much is wanted, how much is there?',
        query: 'max by (pool, state) (hangar_autoscaler_pool_nodes)',
      },
      { text: 'Which guardrail? The reasons of the recommendation end with it (`because`).' },
    ],
    acts: [
      'Is the load real? A repository that builds in a loop is cheaper to stop.',
      'Raise `HANGAR_AUTOSCALER_MAX_NODES`, `HANGAR_AUTOSCALER_QUOTA_CPU` or `HANGAR_AUTOSCALER_QUOTA_MEMORY`, or `HANGAR_AUTOSCALER_STEP_UP`.',
    ],
  },
  {
    name: 'HangarPoolUnserved',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.outcome, { outcome: 'unserved' }).max('namespace', 'pool').text} > 0`,
    lasting: '10m',
    summary: 'Nobody brings the nodes that pool {{ $labels.pool }} was ordered',
    description:
      'Hangar asked for nodes, a boot time has passed, and they are not there. It asks for no more.',
    means:
      'The buffer, placeholder or NodePool is set, and the engine behind it (Karpenter, Cluster Autoscaler) does not make nodes of it.',
    looks: [
      { text: 'What does the last order say? `GET /api/v1/decisions` of the autoscaler, and `/readyz`.' },
      { text: 'Ordered against there', query: 'max by (pool, state) (hangar_autoscaler_pool_nodes)' },
      { text: 'Does the engine run, and what do its log and its events on the object say?' },
    ],
    acts: [
      'Limits of the NodePool or node group, quotas of the cloud, and machine types that are sold out are the usual reasons.',
      'No engine serves such objects (CapacityBuffer needs a recent Cluster Autoscaler): choose another actuator.',
    ],
  },
  {
    name: 'HangarOrdersFail',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.outcome, { outcome: labelIn('refused', 'failed', 'absent', 'foreign-owner') }).max('namespace', 'pool', 'outcome').text} > 0`,
    lasting: '15m',
    summary: 'Orders to pool {{ $labels.pool }} come to nothing: {{ $labels.outcome }}',
    description: 'For 15 minutes Hangar could not set what it recommends for this pool.',
    means:
      '`refused`: the API server or a bound of ours says no. `absent`: the object that was named is not there. `foreign-owner`: somebody else sets it. `failed`: the API server did not answer.',
    looks: [
      { text: 'The reason in words: `GET /api/v1/decisions` of the autoscaler.' },
      { text: 'Which pools?', query: 'hangar_autoscaler_pool_outcome' },
    ],
    acts: [
      '`refused`: grant the right that the reason names; the chart has a switch for each actuator.',
      '`absent`: make the object, or correct its name in the settings.',
      '`foreign-owner`: decide who scales the pool, and take it from the other one.',
    ],
  },
  {
    name: 'HangarNodesIdle',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${poolNodes('actual')} > 1.5 * ${poolNodes('wanted')} + 2`,
    lasting: '2h',
    summary: 'Pool {{ $labels.pool }} has far more nodes than it needs',
    description:
      'It has had {{ $value }} nodes for 2 hours, more than half beyond what is wanted with the buffer.',
    means: 'Nodes are paid for that neither the builds nor the buffer need, and nobody takes them away.',
    looks: [
      {
        text: 'Are nodes empty, or thinly used?',
        query: 'max by (pool, state) (hangar_autoscaler_pool_nodes)',
      },
      {
        text: 'What is idle, what is stranded?',
        query: ALL.gauge(METRICS.poolCpu).max('pool', 'state').text,
      },
    ],
    acts: [
      'Empty ones stay: look at the scale-down of the engine (its unneeded time, its minimum).',
      'None is empty: builds are spread thinly; placing makes nodes empty.',
      'A dry run: lower the pool by hand, or let Hangar act.',
    ],
  },
  {
    name: 'HangarForecastOff',
    component: 'autoscaler',
    severity: 'warning',
    expr: [
      `${ALL.gauge(METRICS.forecastMiss).max('namespace').text} > 5`,
      `and on (namespace) (${ALL.gauge(METRICS.forecastMiss).max('namespace').text} > 0.5 * avg_over_time(sum by (namespace) (${demand})[1h:1m]))`,
      `and on (namespace) (${ALL.gauge(METRICS.buffer).max('namespace').text} == 1)`,
    ].join('\n'),
    lasting: '2h',
    summary: 'The forecast misses by more than half of the demand',
    description:
      'Its mean miss is {{ $value | humanize }} Pods, and it sets the buffer. Waits or idle nodes are the price.',
    means:
      'The load is no longer like the one that was learned: a new team, a moved nightly build, a holiday.',
    looks: [
      { text: 'Do builds wait?', query: late },
      { text: 'How did forecast and outcome go? The page of the autoscaler plots them.' },
    ],
    acts: [
      'It learns a new week by itself. Until then `HANGAR_AUTOSCALER_FORECAST=false` lets the rule set the buffer.',
      'If it comes every week: raise `HANGAR_AUTOSCALER_BUFFER_QUANTILE`.',
    ],
  },
];
