import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { labelIn, Select } from '../query/select.ts';
import type { AlertRule } from './alert-rule.ts';
import {
  answerOf,
  BUILD_PODS,
  describeOf,
  EVENTS,
  logsOf,
  NODES,
  podsOf,
  SCHEDULER_EVENTS,
} from './commands.ts';
import { releaseDown, targetDown } from './down.ts';

const ALL = new Select('');
const poolNodes = (state: 'actual' | 'desired') =>
  ALL.gauge(METRICS.poolNodes, { state }).max('namespace', 'pool').text;

const POOL_NODES = ALL.gauge(METRICS.poolNodes).max('pool', 'state').text;

/** Alerts on the autoscaler service. */
export const SERVICE_ALERTS: readonly AlertRule[] = [
  {
    name: 'HangarAutoscalerDown',
    component: 'autoscaler',
    severity: 'warning',
    expr: releaseDown(METRICS.info),
    lasting: '10m',
    summary: 'The autoscaler of {{ $labels.job }} in {{ $labels.namespace }} is unreachable',
    description: 'Prometheus has not scraped any replica of it for 10 minutes: pools are not sized.',
    means: 'No process of the autoscaler answers Prometheus. Pools keep their size; builds continue.',
    looks: [
      { text: 'Do the scrape targets exist?', query: 'up' },
      {
        text: 'Its Pod and the end of its log. Exit code 78: the configuration is invalid, the log names each setting.',
      },
    ],
    commands: [podsOf('autoscaler'), describeOf('autoscaler'), logsOf('autoscaler'), EVENTS],
    acts: [
      '78: correct the settings that the log names.',
      'Any other case: see [HangarRunnerDown](HangarRunnerDown.md).',
    ],
  },
  {
    name: 'HangarAutoscalerTargetDown',
    component: 'autoscaler',
    severity: 'warning',
    expr: targetDown(METRICS.info),
    lasting: '10m',
    summary:
      'Prometheus cannot scrape autoscaler {{ $labels.instance }} of {{ $labels.job }} in {{ $labels.namespace }}',
    description: 'Another replica may lead. This one has not been scraped for 10 minutes.',
    means:
      'A target that was an autoscaler within the last day still exists, and its metrics are not served.',
    looks: [{ text: 'Which targets are down?', query: 'up == 0' }],
    commands: [podsOf('autoscaler'), describeOf('autoscaler'), logsOf('autoscaler')],
    acts: ['Follow [HangarRunnerTargetDown](HangarRunnerTargetDown.md).'],
  },
  {
    name: 'HangarRecommendationStale',
    component: 'autoscaler',
    severity: 'warning',
    expr: `min by (namespace) (${ALL.gauge(METRICS.stale).text}) == 1`,
    lasting: '10m',
    summary: 'The recommendation of the autoscaler in {{ $labels.namespace }} is stale',
    description:
      'No decision was possible for 10 minutes. The last valid recommendation is kept, and nothing is scaled.',
    means: "The autoscaler's data is too old: a watch of Pods or nodes is silent, or no runner answers.",
    looks: [
      { text: '`GET /readyz` of the autoscaler lists what is missing, with the remedy.' },
      { text: 'Which watch is silent?', query: ALL.gauge(METRICS.watchStale).max('watch').text },
    ],
    commands: [answerOf('autoscaler', '/readyz'), logsOf('autoscaler')],
    acts: [
      'Follow `/readyz`: grant the permission, repair the API server, or correct the addresses of the runners.',
    ],
  },
  {
    name: 'HangarTicksFail',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.increase(METRICS.ticks, '15m', { outcome: 'failed' }).sum('namespace').text} > 0`,
    threshold: { comparison: '> 0', meaning: 'failed ticks within 15 minutes' },
    lasting: '5m',
    summary: 'Ticks of the autoscaler in {{ $labels.namespace }} fail',
    description: '{{ $value | humanize }} ticks within 15 minutes ended with an error.',
    means: 'A tick failed with an unexpected error: a bug. The last recommendation is kept meanwhile.',
    looks: [
      { text: 'How do ticks end?', query: ALL.increase(METRICS.ticks, '15m').sum('outcome').text },
      { text: 'The log has the error of each failed tick.' },
    ],
    commands: [logsOf('autoscaler')],
    acts: [
      'Report it with the log. A restart keeps what was learned if `HANGAR_AUTOSCALER_DATA_DIR` is set.',
    ],
  },
  {
    name: 'HangarRunnersUnreachable',
    component: 'autoscaler',
    severity: 'warning',
    expr: `max by (namespace) (${ALL.gauge(METRICS.targets, { state: 'missing' }).text}) > 0`,
    threshold: { comparison: '> 0', meaning: 'runners' },
    lasting: '15m',
    summary: '{{ $value }} runners do not answer the autoscaler in {{ $labels.namespace }}',
    description: 'Their stages without a Pod are missing from the demand, which is therefore too low.',
    means: 'Configured or discovered runners do not serve their metrics within the deadline.',
    looks: [
      { text: '`GET /readyz` of the autoscaler lists them.' },
      { text: 'Does Prometheus scrape them?', query: 'hangar_runner_info' },
    ],
    commands: [
      answerOf('autoscaler', '/readyz'),
      podsOf('runner'),
      'kubectl get networkpolicies -n "$NAMESPACE"',
    ],
    acts: [
      'Correct `HANGAR_AUTOSCALER_RUNNERS` or `HANGAR_AUTOSCALER_RUNNER_SERVICE`, or the NetworkPolicy between both.',
      'If runners answer slowly, raise `HANGAR_AUTOSCALER_SCRAPE_DEADLINE`.',
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
    summary: 'Builds of {{ $labels.namespace }} wait for nodes longer than the objective',
    description:
      'The p95 wait for a node is {{ $value | humanizeDuration }}, above the objective, for half an hour.',
    means:
      'There are too few nodes, or nodes become ready too late: 5 % of the Pods waited for longer than `HANGAR_AUTOSCALER_OBJECTIVE`.',
    looks: [
      {
        text: 'Is the desired number of nodes above the actual one?',
        query: `${poolNodes('desired')} - ${poolNodes('actual')}`,
      },
      {
        text: 'Do the guardrails limit the recommendation?',
        query: ALL.gauge(METRICS.poolShort).max('pool').text,
      },
      {
        text: 'Does a node take longer to boot than before?',
        query: ALL.gauge(METRICS.bootSeconds).max().text,
      },
    ],
    commands: [answerOf('autoscaler', '/api/v1/recommendations'), SCHEDULER_EVENTS, NODES],
    acts: [
      'If desired is above actual, follow the recommendation, or find out why the engine does not (limits, quotas of the cloud).',
      'If guardrails limit it, see [HangarPoolAtItsLimit](HangarPoolAtItsLimit.md).',
      'Otherwise, keep more room free: raise `HANGAR_AUTOSCALER_WAIT_PRICE`, or set `HANGAR_AUTOSCALER_WAIT_BOUND`. Without a price of waiting (`HANGAR_AUTOSCALER_WAIT_PRICE=off`), raise `HANGAR_AUTOSCALER_BUFFER_FLOOR` or `HANGAR_AUTOSCALER_BUFFER_Z`.',
    ],
  },
  {
    name: 'HangarWaitBoundNotHeld',
    component: 'autoscaler',
    severity: 'warning',
    expr: `min by (namespace) (${ALL.gauge(METRICS.waitBoundHeld).text}) == 0`,
    lasting: '30m',
    summary: 'The bound for the wait of builds in {{ $labels.namespace }} is not held',
    description: 'The condition WaitBoundHeld of the autoscaler has been False for half an hour.',
    means:
      'More than 5 % of the builds of the last two weeks waited longer than `HANGAR_AUTOSCALER_WAIT_BOUND`, or will, because the bound requires more nodes than the pools can have.',
    looks: [
      {
        text: 'Which reason? `GET /api/v1/recommendations` lists the condition with `PoolMaximum` or `Exceeded`.',
      },
      {
        text: 'How many nodes are desired, how many exist?',
        query: POOL_NODES,
      },
      {
        text: 'Does a node take longer to boot than before?',
        query: ALL.gauge(METRICS.bootSeconds).max().text,
      },
    ],
    commands: [answerOf('autoscaler', '/api/v1/recommendations'), SCHEDULER_EVENTS, NODES],
    acts: [
      '`PoolMaximum`: raise `HANGAR_AUTOSCALER_MAX_NODES`, `HANGAR_AUTOSCALER_QUOTA_CPU` or `HANGAR_AUTOSCALER_QUOTA_MEMORY`, or the bound.',
      '`Exceeded`: the autoscaler keeps more room free since then. If desired is above actual, find out why nodes are not provisioned. After a single very large push, wait until it is two weeks old, or raise the bound.',
    ],
  },
  {
    name: 'HangarPoolAtItsLimit',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.poolShort).max('namespace', 'pool').text} > 0`,
    threshold: { comparison: '> 0', meaning: 'nodes' },
    lasting: '15m',
    summary:
      'Pool {{ $labels.pool }} of {{ $labels.namespace }} needs {{ $value }} more nodes than its guardrails allow',
    description: 'The guardrails have limited the recommendation below the demand for 15 minutes.',
    means:
      'The demand requires more nodes than `HANGAR_AUTOSCALER_MAX_NODES`, a quota, or the step of growth allows.',
    looks: [
      {
        text: 'How many nodes are desired, how many exist?',
        query: POOL_NODES,
      },
      { text: 'Which guardrail? The last reason of the recommendation (`because`) names it.' },
    ],
    commands: [answerOf('autoscaler', '/api/v1/recommendations')],
    acts: [
      'Check whether the load is intended. If a repository builds in a loop, stop it.',
      'Raise `HANGAR_AUTOSCALER_MAX_NODES`, `HANGAR_AUTOSCALER_QUOTA_CPU` or `HANGAR_AUTOSCALER_QUOTA_MEMORY`, or `HANGAR_AUTOSCALER_STEP_UP`.',
    ],
  },
  {
    name: 'HangarPoolUnserved',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.outcome, { outcome: 'unserved' }).max('namespace', 'pool').text} > 0`,
    lasting: '10m',
    summary: 'The nodes requested for pool {{ $labels.pool }} of {{ $labels.namespace }} are not provisioned',
    description:
      'Hangar requested nodes, the boot time has passed, and they do not exist. It requests no more.',
    means:
      'The buffer, placeholder or NodePool is set, and the engine behind it (Karpenter, Cluster Autoscaler) does not provision nodes for it.',
    looks: [
      {
        text: 'What is the outcome of the last order? `GET /api/v1/decisions` of the autoscaler, and `/readyz`.',
      },
      { text: 'Desired against actual', query: POOL_NODES },
      { text: 'Is the engine running, and what do its log and its events on the object report?' },
    ],
    commands: [answerOf('autoscaler', '/api/v1/decisions'), NODES, 'kubectl get nodeclaims,nodepools'],
    acts: [
      'Limits of the NodePool or node group, quotas of the cloud, and machine types that are sold out are the usual reasons.',
      'If no engine supports the object (CapacityBuffer requires a recent Cluster Autoscaler), choose another actuator.',
    ],
  },
  {
    name: 'HangarOrdersFail',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${ALL.gauge(METRICS.outcome, { outcome: labelIn('refused', 'failed', 'absent', 'foreign-owner') }).max('namespace', 'pool', 'outcome').text} > 0`,
    lasting: '15m',
    summary: 'Orders to pool {{ $labels.pool }} of {{ $labels.namespace }} fail: {{ $labels.outcome }}',
    description: 'For 15 minutes Hangar could not set what it recommends for this pool.',
    means:
      '`refused`: the API server or a limit of Hangar refuses. `absent`: the named object does not exist. `foreign-owner`: another scaler owns it. `failed`: the API server did not answer.',
    looks: [
      { text: 'The reason: `GET /api/v1/decisions` of the autoscaler.' },
      { text: 'Which pools?', query: 'hangar_autoscaler_pool_outcome' },
    ],
    commands: [answerOf('autoscaler', '/api/v1/decisions'), logsOf('autoscaler')],
    acts: [
      '`refused`: grant the permission that the reason names; the chart has a switch for each actuator.',
      '`absent`: create the object, or correct its name in the settings.',
      '`foreign-owner`: decide what scales the pool, and disable the other scaler.',
    ],
  },
  {
    name: 'HangarNodesIdle',
    component: 'autoscaler',
    severity: 'warning',
    expr: `${poolNodes('actual')} > 1.5 * ${poolNodes('desired')} + 2`,
    threshold: { comparison: '> 1.5', meaning: 'times the desired number of nodes, plus 2' },
    lasting: '2h',
    summary: 'Pool {{ $labels.pool }} of {{ $labels.namespace }} has far more nodes than it needs',
    description:
      'It has had {{ $value }} nodes for 2 hours, more than the desired number by the threshold (50 % unless it is changed), buffer included.',
    means: 'Nodes are paid for that neither the builds nor the buffer need, and they are not removed.',
    looks: [
      {
        text: 'Are nodes empty, or underutilized?',
        query: POOL_NODES,
      },
      {
        text: 'What is idle, what is stranded?',
        query: ALL.gauge(METRICS.poolCpu).max('pool', 'state').text,
      },
    ],
    commands: [answerOf('autoscaler', '/api/v1/recommendations'), NODES, BUILD_PODS],
    acts: [
      'If empty nodes stay, check the scale-down settings of the engine (unneeded time, minimum).',
      'If no node is empty, builds are spread over many nodes. Enable placement (`HANGAR_AUTOSCALER_PLACE`), so that nodes become empty.',
      'In a dry run, scale the pool down manually, or enable acting (`HANGAR_AUTOSCALER_ACT`).',
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
    threshold: { comparison: '> 5', meaning: 'Pods of mean error' },
    lasting: '2h',
    summary: 'The forecast error of {{ $labels.namespace }} exceeds half of the demand',
    description:
      'Its mean error is {{ $value | humanize }} Pods, and the forecast sets the buffer. Builds wait, or nodes are idle.',
    means: 'The load has changed from what was learned: a new team, a moved nightly build, a holiday.',
    looks: [
      { text: 'Do builds wait?', query: late },
      { text: 'How do forecast and outcome compare? The page of the autoscaler plots them.' },
    ],
    commands: [answerOf('autoscaler', '/api/v1/recommendations')],
    acts: [
      'The forecast adapts within a week. Until then, set `HANGAR_AUTOSCALER_FORECAST=false` to use the rule for the buffer, without `HANGAR_AUTOSCALER_WAIT_BOUND`, which requires the forecast.',
      'If it recurs every week and builds wait: raise `HANGAR_AUTOSCALER_WAIT_PRICE`, or without a price of waiting (`HANGAR_AUTOSCALER_WAIT_PRICE=off`) `HANGAR_AUTOSCALER_BUFFER_QUANTILE`. For holidays, set `HANGAR_AUTOSCALER_CALENDAR`.',
    ],
  },
];
