import { AUTOSCALER_METRICS as METRICS } from '@hangar/autoscaler/metrics';
import { inOrder, type Panel, type Row } from '../board/board.ts';
import { WINDOW } from '../query/select.ts';
import { eachInstallationOnce, nodeHoursPer1000, nodes, SERVICE, unusedShare } from './capacity-queries.ts';

/** Why the cost per pull request may be unknown. */
export const NO_PULL_REQUESTS = 'no pull request was built within the window';
const NO_WAIT_ENDED = 'no Pod found a node within the window';

const glance: readonly Panel[] = [
  {
    title: 'Actual nodes',
    description: 'All nodes of the chosen pools, booting ones included.',
    kind: 'stat',
    unit: 'none',
    queries: [{ expr: nodes('actual'), legend: 'nodes' }],
    width: 4,
  },
  {
    title: 'Recommended nodes',
    description: 'The result of demand, buffer for the lead time, and guardrails.',
    kind: 'stat',
    unit: 'none',
    queries: [{ expr: nodes('desired'), legend: 'nodes' }],
    width: 4,
  },
  {
    title: 'Wait for a node against the objective',
    description: 'The p95 of the last 30 min as a share of the objective: up to 100 % meets the objective.',
    kind: 'stat',
    unit: 'percentunit',
    queries: [
      {
        expr: `${SERVICE.quantile(0.95, METRICS.nodeWait, '30m').text} / ${SERVICE.gauge(METRICS.objective).max().text}`,
        legend: 'of the objective',
        mayBeEmpty: NO_WAIT_ENDED,
      },
    ],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 0.8, color: 'orange' },
      { from: 1, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'How much CPU is idle or stranded?',
    description: 'As a share of all CPU of the pools. Some idle room is the buffer that keeps waits short.',
    kind: 'stat',
    unit: 'percentunit',
    queries: [{ expr: unusedShare(), legend: 'idle or stranded' }],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 0.4, color: 'orange' },
      { from: 0.7, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'Node-hours per 1000 pull-request builds, 1 day',
    description:
      'Each push to a pull request is a build; on the first day the value is too large, because a full day is counted.',
    kind: 'stat',
    unit: 'suffix:h',
    queries: [{ expr: nodeHoursPer1000(24, '1d'), legend: 'per 1000', mayBeEmpty: NO_PULL_REQUESTS }],
    width: 4,
  },
  {
    title: 'Is the recommendation current?',
    description:
      'stale: the last valid one is kept and nothing is scaled; /readyz of the autoscaler has the reason.',
    kind: 'stat',
    unit: 'none',
    queries: [{ expr: SERVICE.gauge(METRICS.stale).max().text, legend: 'state' }],
    words: { '0': 'yes', '1': 'stale' },
    thresholds: [
      { from: 0, color: 'green' },
      { from: 1, color: 'red' },
    ],
    width: 4,
  },
];

/** An overview in six numbers. */
export const CAPACITY_GLANCE_ROW: Row = { title: 'Is the number of nodes right?', panels: glance };

const wait = (
  quantile: number,
): { readonly expr: string; readonly legend: string; readonly mayBeEmpty: string } => ({
  expr: SERVICE.quantile(quantile, METRICS.nodeWait, WINDOW).text,
  legend: `p${quantile * 100}`,
  mayBeEmpty: NO_WAIT_ENDED,
});

const demand: readonly Panel[] = [
  {
    title: 'What needs capacity now, and how large is the buffer?',
    description:
      'Pods that run, Pods without a node (pending), stages without a Pod (known), and on top the band that the forecast or the rule keeps free for the lead time (buffer).',
    kind: 'areas',
    unit: 'suffix:Pods',
    queries: inOrder(['running', 'pending', 'known', 'buffer'], (state) =>
      eachInstallationOnce(SERVICE.gauge(METRICS.demand, { state })),
    ),
    colors: { running: 'green', pending: 'orange', known: 'yellow', buffer: 'purple' },
    width: 12,
  },
  {
    title: 'How long do builds wait for a node, against the objective?',
    description:
      'From the creation of the Pod to its binding to a node. The objective (dashed) is for the p95.',
    kind: 'lines',
    unit: 's',
    queries: [
      wait(0.5),
      wait(0.95),
      wait(0.99),
      { expr: SERVICE.gauge(METRICS.objective).max().text, legend: 'objective', isLimit: true },
    ],
    colors: { p50: 'green', p95: 'orange', p99: 'red', objective: 'blue' },
    width: 12,
  },
  {
    title: 'How far off is the forecast?',
    description:
      'Mean error over the lead time. Where it is less accurate than the rule z·√(running + pending) + floor, the rule sets the buffer.',
    kind: 'lines',
    unit: 'suffix:Pods',
    queries: [
      {
        expr: SERVICE.gauge(METRICS.forecastMiss).max().text,
        legend: 'mean error',
        mayBeEmpty: 'no forecast was old enough to be evaluated',
      },
    ],
    width: 8,
  },
  {
    title: 'What sets the buffer?',
    description: 'forecast: it was more accurate than the rule on past data; otherwise rule.',
    kind: 'lines',
    unit: 'none',
    queries: [{ expr: SERVICE.gauge(METRICS.buffer).max().text, legend: 'set by' }],
    words: { '0': 'rule', '1': 'forecast' },
    width: 8,
  },
  {
    title: 'How long does a node take to boot?',
    description:
      'Assumed time from the request for a node until it is ready: learned from boots, or HANGAR_AUTOSCALER_BOOT_TIME. Medians of the last boots by phase: machine, kubelet, and image of the first build.',
    kind: 'lines',
    unit: 's',
    queries: [
      { expr: SERVICE.gauge(METRICS.bootSeconds).max().text, legend: 'boot time' },
      {
        expr: SERVICE.gauge(METRICS.bootPhase).max('phase').text,
        legend: '{{phase}}',
        mayBeEmpty: 'no node has booted since the service was started',
      },
    ],
    width: 8,
  },
];

/** The demand of builds. */
export const DEMAND_ROW: Row = { title: 'What do builds need, and do they wait?', panels: demand };
