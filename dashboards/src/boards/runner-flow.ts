import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import { inOrder, type Panel, type Query, type Row } from '../board/board.ts';
import { labelIn, labelNotIn, Select, WINDOW } from '../query/select.ts';

/** The runners that the user selected. */
export const CHOSEN = new Select(
  'cluster=~"$cluster", namespace=~"$namespace", job=~"$runner_job", instance=~"$instance"',
);

const { stages, capacity } = METRICS;
/** Without them Grafana draws pushes, the most frequent event, in red. */
const EVENT_COLORS = { push: 'blue', pull_request: 'green', tag: 'yellow', cron: 'purple' } as const;
const STAGE_COLORS = { running: 'green', starting: 'yellow', waiting: 'orange', capacity: 'blue' } as const;
const taken = CHOSEN.gauge(stages, { state: labelIn('starting', 'running') }).sum().text;

const glance: readonly Panel[] = [
  {
    title: 'Reachable runners',
    description: 'Processes that Prometheus scrapes. None: no build is accepted.',
    kind: 'stat',
    unit: 'none',
    queries: [{ expr: CHOSEN.gauge(METRICS.info).count().text, legend: 'runners' }],
    thresholds: [
      { from: 0, color: 'red' },
      { from: 1, color: 'green' },
    ],
    width: 4,
  },
  {
    title: 'Stages that wait now',
    description:
      'Accepted from Drone, and waiting for admission before they get a Pod. "Why do stages wait?" below shows the reasons.',
    kind: 'stat',
    unit: 'none',
    queries: [{ expr: CHOSEN.gauge(stages, { state: 'waiting' }).sum().text, legend: 'waiting' }],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 1, color: 'orange' },
      { from: 20, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'How full are the runners?',
    description: 'Stages with a Pod against DRONE_RUNNER_CAPACITY. At 100 % further stages wait in Drone.',
    kind: 'stat',
    unit: 'percentunit',
    queries: [{ expr: `${taken} / ${CHOSEN.gauge(capacity).sum().text}`, legend: 'taken' }],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 0.8, color: 'orange' },
      { from: 1, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'Wait for admission, p95 of 15 min',
    description: '95 of 100 stages were admitted within this time. Empty when none was admitted lately.',
    kind: 'stat',
    unit: 's',
    queries: [{ expr: CHOSEN.quantile(0.95, METRICS.wait, '15m').text, legend: 'p95' }],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 60, color: 'orange' },
      { from: 300, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'Stages failed in 1 h, not caused by authors',
    description: 'Failures caused by the operator, the cluster or Hangar itself.',
    kind: 'stat',
    unit: 'none',
    queries: [
      {
        expr: `round(${CHOSEN.increase(METRICS.failures, '1h', { blame: labelNotIn('pipeline') }).sum().text})`,
        legend: 'broken',
      },
    ],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 1, color: 'orange' },
      { from: 10, color: 'red' },
    ],
    width: 4,
  },
  {
    title: 'Since Drone last answered a poll',
    description:
      'The longest of all runners. A runner without free capacity does not poll; otherwise more than a minute is a problem.',
    kind: 'stat',
    unit: 's',
    queries: [{ expr: CHOSEN.gauge(METRICS.pollAge).max().text, legend: 'age' }],
    thresholds: [
      { from: 0, color: 'green' },
      { from: 60, color: 'orange' },
      { from: 180, color: 'red' },
    ],
    width: 4,
  },
];

/** An overview in six numbers. */
export const RUNNER_GLANCE_ROW: Row = { title: 'Overview', panels: glance };

/** The 50th, 95th and 99th percentiles. */
export function quantiles(spec: Parameters<typeof CHOSEN.quantile>[1]): readonly [Query, Query, Query] {
  const query = (quantile: number): Query => ({
    expr: CHOSEN.quantile(quantile, spec, WINDOW).text,
    legend: `p${quantile * 100}`,
  });
  return [query(0.5), query(0.95), query(0.99)];
}

const flow: readonly Panel[] = [
  {
    title: 'Do stages run, start or wait?',
    description:
      'Stages of the runners, against their capacity (dashed). Waiting stages below the line wait for something else than capacity.',
    kind: 'areas',
    unit: 'suffix:stages',
    queries: [
      ...inOrder(['running', 'starting', 'waiting'], (state) => CHOSEN.gauge(stages, { state })),
      { expr: CHOSEN.gauge(capacity).sum().text, legend: 'capacity', isLimit: true },
    ],
    colors: STAGE_COLORS,
    width: 12,
  },
  {
    title: 'Why do stages wait?',
    description:
      'Stages that waited before admission, by the last reason: capacity (DRONE_RUNNER_CAPACITY), a budget (HANGAR_BUDGET_*), quota (ResourceQuota), or queue (other stages were first).',
    kind: 'areas',
    unit: 'suffix:/min',
    queries: [
      {
        expr: `60 * ${CHOSEN.rate(METRICS.waits, WINDOW).sum('reason').text}`,
        legend: '{{reason}}',
        mayBeEmpty: 'no stage ever had to wait',
      },
    ],
    width: 12,
  },
  {
    title: 'How long do stages wait for admission?',
    description: 'From acceptance to admission. Rising p99 alone: few large pipelines wait for a budget.',
    kind: 'lines',
    unit: 's',
    queries: quantiles(METRICS.wait),
    thresholds: [{ from: 300, color: 'red' }],
    width: 8,
  },
  {
    title: 'How soon does a step start after its turn?',
    description:
      'From the end of what a step waited for to the start of its program. gate: milliseconds. swap: seconds, since the kubelet starts the container then.',
    kind: 'lines',
    unit: 's',
    queries: [
      { expr: CHOSEN.quantile(0.5, METRICS.stepStart, WINDOW, 'engine').text, legend: '{{engine}} p50' },
      { expr: CHOSEN.quantile(0.95, METRICS.stepStart, WINDOW, 'engine').text, legend: '{{engine}} p95' },
    ],
    width: 8,
  },
  {
    title: 'How long from admission to the scheduler?',
    description:
      'The Pod and its Secrets are created in this time. Seconds: the API server is slow, or the client-side rate limit delays calls.',
    kind: 'lines',
    unit: 's',
    queries: quantiles(METRICS.launch),
    thresholds: [{ from: 10, color: 'red' }],
    width: 8,
  },
  {
    title: 'How many builds arrive?',
    description:
      'Builds of which a runner accepted at least one stage, by event; each counts once for each runner.',
    kind: 'areas',
    unit: 'suffix:/h',
    queries: [
      { expr: `3600 * ${CHOSEN.rate(METRICS.builds, WINDOW).sum('event').text}`, legend: '{{event}}' },
    ],
    colors: EVENT_COLORS,
    width: 8,
  },
  {
    title: 'How long do stages run?',
    description: 'From admission to the end.',
    kind: 'lines',
    unit: 's',
    queries: quantiles(METRICS.run),
    width: 8,
  },
  {
    title: 'Unschedulable Pods',
    description:
      'The scheduler finds no node for them now. For longer than the boot time of a node: see the board "Capacity".',
    kind: 'lines',
    unit: 'suffix:Pods',
    queries: [{ expr: CHOSEN.gauge(METRICS.unschedulable).sum('namespace').text, legend: '{{namespace}}' }],
    thresholds: [{ from: 1, color: 'orange' }],
    width: 8,
  },
  {
    title: 'How much CPU do the Pods request?',
    description: 'Requests, not use, of stages by state. Waiting ones are demand that is still to come.',
    kind: 'areas',
    unit: 'suffix:cores',
    queries: inOrder(['running', 'starting', 'waiting'], (state) =>
      CHOSEN.gauge(METRICS.requestedCpu, { state }),
    ),
    colors: STAGE_COLORS,
    width: 12,
  },
  {
    title: 'How much memory do the Pods request?',
    description: 'Requests, not use, of stages by state.',
    kind: 'areas',
    unit: 'bytes',
    queries: inOrder(['running', 'starting', 'waiting'], (state) =>
      CHOSEN.gauge(METRICS.requestedMemory, { state }),
    ),
    colors: STAGE_COLORS,
    width: 12,
  },
];

/** From Drone to a running step. */
export const FLOW_ROW: Row = { title: 'Do builds run, and what do they wait for?', panels: flow };
