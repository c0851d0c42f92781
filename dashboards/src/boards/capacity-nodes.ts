import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { inOrder, type Panel, type Row } from '../board/board.ts';
import { labelIn, WINDOW } from '../query/select.ts';
import { NO_PULL_REQUESTS } from './capacity-demand.ts';
import { eachInstallationOnce, eachPoolOnce, nodeHoursPer1000, POOLS, SERVICE } from './capacity-queries.ts';

/** Two namespaces may have pools of the same name. */
const POOL_NAME = '{{namespace}}/{{pool}}';

const byPool = (state: 'actual' | 'ready' | 'empty' | 'desired') => ({
  expr: eachPoolOnce(POOLS.gauge(METRICS.poolNodes, { state })).text,
  legend: `${POOL_NAME} ${state}`,
});

const nodes: readonly Panel[] = [
  {
    title: 'Do the pools have what is recommended?',
    description:
      'Actual against desired nodes of each pool. Desired above actual for long: the recommendation is not followed, or no node is provisioned.',
    kind: 'lines',
    unit: 'suffix:nodes',
    queries: [byPool('actual'), { ...byPool('desired'), isLimit: true }],
    width: 12,
  },
  {
    title: 'How many nodes if all were of one shape?',
    description: 'now: for running, unschedulable and known Pods. ahead: with the buffer for the lead time.',
    kind: 'lines',
    unit: 'suffix:nodes',
    queries: [
      {
        expr: eachInstallationOnce(SERVICE.gauge(METRICS.shapeNodes), 'shape', 'when').sum('shape', 'when')
          .text,
        legend: '{{shape}} {{when}}',
      },
    ],
    width: 12,
  },
  {
    title: 'Which nodes are unused now?',
    description:
      'not ready: nodes that boot or are lost. empty: nodes without builds; they can be part of the buffer.',
    kind: 'lines',
    unit: 'suffix:nodes',
    queries: [
      {
        expr: `${byPool('actual').expr} - ${byPool('ready').expr}`,
        legend: `${POOL_NAME} not ready`,
      },
      byPool('empty'),
    ],
    width: 12,
  },
  {
    title: 'By how many nodes do the guardrails limit the recommendation?',
    description: 'Nodes that the demand needs beyond the maximum, the quota or the step of a pool.',
    kind: 'lines',
    unit: 'suffix:nodes',
    queries: [{ expr: eachPoolOnce(POOLS.gauge(METRICS.poolShort)).text, legend: POOL_NAME }],
    thresholds: [{ from: 1, color: 'orange' }],
    width: 12,
  },
];

/** Actual and recommended nodes. */
export const NODE_ROW: Row = { title: 'Do the recommended nodes exist?', panels: nodes };

const ROOM_COLORS = { used: 'green', open: 'blue', stranded: 'red', idle: 'orange' } as const;
const ROOM =
  'used: requests of builds. open: free beside builds, with room for one more usual Pod. idle: on nodes without builds. stranded: free beside builds, without room for one more.';

const money: readonly Panel[] = [
  {
    title: 'How is the CPU of the pools used?',
    description: ROOM,
    kind: 'areas',
    unit: 'suffix:cores',
    queries: inOrder(['used', 'open', 'stranded', 'idle'], (state) =>
      eachPoolOnce(POOLS.gauge(METRICS.poolCpu, { state })),
    ),
    colors: ROOM_COLORS,
    width: 8,
  },
  {
    title: 'How is the memory of the pools used?',
    description: ROOM,
    kind: 'areas',
    unit: 'bytes',
    queries: inOrder(['used', 'open', 'stranded', 'idle'], (state) =>
      eachPoolOnce(POOLS.gauge(METRICS.poolMemory, { state })),
    ),
    colors: ROOM_COLORS,
    width: 8,
  },
  {
    title: 'How many node-hours do 1000 pull-request builds cost?',
    description: 'Over the day before each moment. Compare weeks, or before and after a change of pools.',
    kind: 'lines',
    unit: 'suffix:node-hours',
    queries: [{ expr: nodeHoursPer1000(24, '1d'), legend: 'per 1000', mayBeEmpty: NO_PULL_REQUESTS }],
    width: 8,
  },
];

/** Why there may be no amounts. */
const NO_PRICES = 'HANGAR_AUTOSCALER_PRICES names no pool, or no shape';
const costOf = (state: 'actual' | 'desired') =>
  eachPoolOnce(POOLS.gauge(METRICS.poolCost, { state })).sum().text;

const amounts: readonly Panel[] = [
  {
    title: 'What do the pools cost in an hour?',
    description:
      'In HANGAR_AUTOSCALER_CURRENCY, pools with a price. recommended: the recommended nodes. cheapest mix: the shapes that hold the same demand for the least money.',
    kind: 'lines',
    unit: 'none',
    queries: [
      { expr: costOf('actual'), legend: 'actual', mayBeEmpty: NO_PRICES },
      { expr: costOf('desired'), legend: 'recommended', isLimit: true, mayBeEmpty: NO_PRICES },
      {
        expr: eachInstallationOnce(SERVICE.gauge(METRICS.mixCost)).sum().text,
        legend: 'cheapest mix',
        mayBeEmpty: NO_PRICES,
      },
    ],
    width: 12,
  },
  {
    title: 'What has been spent since midnight (UTC)?',
    description:
      'Node-hours that were seen today, at their prices. HANGAR_AUTOSCALER_MAX_SPEND_PER_DAY limits it.',
    kind: 'lines',
    unit: 'none',
    queries: [
      {
        expr: eachInstallationOnce(SERVICE.gauge(METRICS.spendToday)).sum().text,
        legend: 'today',
        mayBeEmpty: NO_PRICES,
      },
    ],
    width: 12,
  },
];

/** Costs. */
export const MONEY_ROW: Row = {
  title: 'What does the capacity cost, and is it used?',
  panels: [...money, ...amounts],
};

const OWNERS = [
  eachPoolOnce(POOLS.gauge(METRICS.poolOwner), 'owner').text,
  `* on (cluster, namespace, pool) group_left (outcome) ${eachPoolOnce(POOLS.gauge(METRICS.outcome), 'outcome').text}`,
].join('\n');

const decisions: readonly Panel[] = [
  {
    title: 'What was decided?',
    description:
      'Changes of a recommendation that were ordered, by outcome; dry-run: acting is off. The reasons are at /api/v1/decisions of the autoscaler.',
    kind: 'areas',
    unit: 'suffix:/h',
    queries: [
      {
        expr: `3600 * ${POOLS.rate(METRICS.orders, WINDOW).sum('namespace', 'pool', 'outcome').text}`,
        legend: `${POOL_NAME} {{outcome}}`,
        mayBeEmpty: 'no recommendation differed from the actual nodes',
      },
    ],
    width: 12,
  },
  {
    title: 'What scales which pool, and what was the outcome of the last order?',
    description:
      'owner: what scales the pool, according to its nodes. Hangar does not change a pool that is scaled by something else. outcome: dry-run, unchanged and set are normal; unserved, refused and foreign-owner have alerts.',
    kind: 'table',
    unit: 'none',
    queries: [{ expr: OWNERS, legend: `${POOL_NAME} {{owner}} {{outcome}}` }],
    columns: ['namespace', 'pool', 'owner', 'outcome'],
    width: 12,
  },
  {
    title: 'Do ticks end in a decision?',
    description: 'stale: the data was too old for a decision. failed: a bug, please report it.',
    kind: 'areas',
    unit: 'suffix:/min',
    queries: [
      { expr: `60 * ${SERVICE.rate(METRICS.ticks, WINDOW).sum('outcome').text}`, legend: '{{outcome}}' },
    ],
    colors: { decided: 'green', stale: 'orange', failed: 'red' },
    width: 8,
  },
  {
    title: 'How old is the data of the decisions?',
    description: 'Time since each watch last received an event, and since the recommendation was made.',
    kind: 'lines',
    unit: 's',
    queries: [
      { expr: SERVICE.gauge(METRICS.watchStale).max('watch').text, legend: 'watch of {{watch}}' },
      { expr: SERVICE.gauge(METRICS.age).max().text, legend: 'recommendation' },
    ],
    thresholds: [{ from: 180, color: 'red' }],
    width: 8,
  },
  {
    title: 'Do all runners answer?',
    description:
      'Runners queried at the last tick. The stages without a Pod of a missing one are not in the demand.',
    kind: 'areas',
    unit: 'suffix:runners',
    queries: [
      {
        expr: eachInstallationOnce(
          SERVICE.gauge(METRICS.targets, { state: labelIn('answered', 'missing') }),
          'state',
        ).sum('state').text,
        legend: '{{state}}',
      },
    ],
    colors: { answered: 'green', missing: 'red' },
    width: 8,
  },
  {
    title: 'Which conditions are present?',
    description:
      'Conditions by weight. stale: nothing is decided. partial: data is incomplete, so nothing is scaled down. note: information. /readyz of the autoscaler lists them, with remedies.',
    kind: 'areas',
    unit: 'suffix:conditions',
    queries: inOrder(['stale', 'partial', 'note'], (weight) =>
      eachInstallationOnce(SERVICE.gauge(METRICS.conditions, { weight })),
    ),
    colors: { stale: 'red', partial: 'orange', note: 'blue' },
    width: 12,
  },
  {
    title: 'Is a replica the leader, and does it act?',
    description:
      'no: a dry run, or no replica holds the Lease. If more than one line shows yes at the same time, please report it.',
    kind: 'lines',
    unit: 'none',
    queries: [{ expr: SERVICE.gauge(METRICS.leading).max('instance').text, legend: '{{instance}}' }],
    words: { '0': 'no', '1': 'yes' },
    width: 12,
  },
];

/** Decisions, actions and data quality. */
export const DECISION_ROW: Row = {
  title: 'What was decided, and can it be trusted?',
  panels: decisions,
  isCollapsed: true,
};
