import { RUNNER_METRICS as METRICS } from '@hangar/shared/contract/runner-metrics';
import type { Panel, Row } from '../board/board.ts';
import { labelNotIn, WINDOW } from '../query/select.ts';
import { CHOSEN } from './runner-flow.ts';

const failures: readonly Panel[] = [
  {
    title: 'How do stages end?',
    description:
      'completed: by their own steps, whatever those did. cancelled: by a person. timed-out and broken: see the failures beside.',
    kind: 'areas',
    unit: 'suffix:/h',
    queries: [
      { expr: `3600 * ${CHOSEN.rate(METRICS.stagesEnded, WINDOW).sum('result').text}`, legend: '{{result}}' },
    ],
    colors: { completed: 'green', cancelled: 'blue', 'timed-out': 'orange', broken: 'red' },
    width: 8,
  },
  {
    title: 'Why do stages fail?',
    description: 'Failures by class. docs/errors.md lists the meaning and the remedy of each class.',
    kind: 'areas',
    unit: 'suffix:/h',
    queries: [
      {
        expr: `3600 * ${CHOSEN.rate(METRICS.failures, WINDOW).sum('class').text} > 0`,
        legend: '{{class}}',
        mayBeEmpty: 'no failures',
      },
    ],
    width: 8,
  },
  {
    title: 'Who has to act?',
    description:
      "The same failures by blame: the author of the pipeline, the operator of Hangar or Drone, the cluster's administrator, or Hangar (bug).",
    kind: 'areas',
    unit: 'suffix:/h',
    queries: [
      { expr: `3600 * ${CHOSEN.rate(METRICS.failures, WINDOW).sum('blame').text}`, legend: '{{blame}}' },
    ],
    colors: { pipeline: 'blue', operator: 'orange', cluster: 'yellow', bug: 'red' },
    width: 8,
  },
];

/** Failures. */
export const FAILURE_ROW: Row = { title: 'What fails, and who has to act?', panels: failures };

const api: readonly Panel[] = [
  {
    title: 'Which Kubernetes API calls do the runners make?',
    description: 'Calls by verb and resource. The writes of a pipeline do not grow with its steps.',
    kind: 'areas',
    unit: 'reqps',
    queries: [
      {
        expr: CHOSEN.rate(METRICS.apiRequests, WINDOW).sum('verb', 'resource').text,
        legend: '{{verb}} {{resource}}',
      },
    ],
    width: 12,
  },
  {
    title: 'Does Kubernetes refuse or throttle?',
    description:
      '429: the API server throttles. 403: a permission is missing. 5xx and 0 (no answer): the API server has a problem. 404 and 409 are part of ordinary work.',
    kind: 'lines',
    unit: 'reqps',
    queries: [
      {
        expr: CHOSEN.rate(METRICS.apiRequests, WINDOW, { code: labelNotIn('2..', '101', '404', '409') }).sum(
          'code',
        ).text,
        legend: '{{code}}',
        mayBeEmpty: 'every call succeeded',
      },
    ],
    thresholds: [{ from: 1, color: 'red' }],
    width: 12,
  },
  {
    title: 'How fast does the Kubernetes API answer?',
    description:
      '95 of 100 calls were answered within this time, by verb. For logs and watches: until the answer begins.',
    kind: 'lines',
    unit: 's',
    queries: [
      { expr: CHOSEN.quantile(0.95, METRICS.apiLatency, WINDOW, 'verb').text, legend: '{{verb}} p95' },
    ],
    thresholds: [{ from: 1, color: 'orange' }],
    width: 8,
  },
  {
    title: 'How long does the client-side rate limit delay calls?',
    description: 'Seconds here: the configured rate limit is too low for the load.',
    kind: 'lines',
    unit: 's',
    queries: [
      { expr: CHOSEN.quantile(0.5, METRICS.limiterWait, WINDOW).text, legend: 'p50' },
      { expr: CHOSEN.quantile(0.95, METRICS.limiterWait, WINDOW).text, legend: 'p95' },
    ],
    thresholds: [{ from: 5, color: 'red' }],
    width: 8,
  },
  {
    title: 'How do calls of the Drone server end?',
    description:
      'By status. 0: no answer. 409: another runner was faster, which is ordinary. 401: the secret is wrong.',
    kind: 'lines',
    unit: 'reqps',
    queries: [{ expr: CHOSEN.rate(METRICS.droneRequests, WINDOW).sum('code').text, legend: '{{code}}' }],
    width: 8,
  },
  {
    title: 'Do ended stages wait for the Drone server?',
    description:
      'Stages that have ended and whose result or logs the server has not accepted. They use no capacity. Their Pods stay until the server accepts the result. See /readyz.',
    kind: 'lines',
    unit: 'suffix:stages',
    queries: [
      { expr: CHOSEN.gauge(METRICS.unreported).sum('instance').text, legend: '{{instance}}' },
      { expr: CHOSEN.increase(METRICS.expired, '1h').sum().text, legend: 'given up within an hour' },
    ],
    thresholds: [{ from: 1, color: 'orange' }],
    width: 24,
  },
];

/** Both servers that the runner depends on. */
export const API_ROW: Row = { title: 'Do Kubernetes and Drone answer?', panels: api };

const health: readonly Panel[] = [
  {
    title: 'When did the Pod watch last receive an event?',
    description:
      'The quietest watch of each runner. It receives a bookmark about once a minute; several minutes mean that changes of Pods are observed late.',
    kind: 'lines',
    unit: 's',
    queries: [{ expr: CHOSEN.gauge(METRICS.watchStale).max('instance').text, legend: '{{instance}}' }],
    thresholds: [{ from: 180, color: 'red' }],
    width: 8,
  },
  {
    title: 'How late are live logs?',
    description: 'The largest delay of log lines after they were written, by runner.',
    kind: 'lines',
    unit: 's',
    queries: [{ expr: CHOSEN.gauge(METRICS.logLag).max('instance').text, legend: '{{instance}}' }],
    thresholds: [{ from: 30, color: 'red' }],
    width: 8,
  },
  {
    title: 'Does the runner itself keep up?',
    description: "The 99th percentile of the event loop's delay. Above half a second the process lacks CPU.",
    kind: 'lines',
    unit: 's',
    queries: [{ expr: CHOSEN.gauge(METRICS.eventLoopLag).max('instance').text, legend: '{{instance}}' }],
    thresholds: [{ from: 0.5, color: 'red' }],
    width: 8,
  },
  {
    title: 'Are pipelines of lost runners adopted?',
    description:
      'Pipelines that a running runner adopted within the last hour. If no runner was restarted or upgraded, a runner was lost.',
    kind: 'lines',
    unit: 'suffix:stages',
    queries: [
      {
        expr: `round(${CHOSEN.increase(METRICS.adopted, '1h').sum('instance').text})`,
        legend: '{{instance}}',
      },
    ],
    width: 12,
  },
  {
    title: 'Pods that belong to no running runner',
    description:
      'They should be adopted within seconds. If some stay, see the runbook of HangarOrphanedPods.',
    kind: 'lines',
    unit: 'suffix:Pods',
    queries: [{ expr: CHOSEN.gauge(METRICS.orphans).max('namespace').text, legend: '{{namespace}}' }],
    thresholds: [{ from: 1, color: 'orange' }],
    width: 12,
  },
];

/** The runner's own state. */
export const HEALTH_ROW: Row = { title: 'Are the runners healthy?', panels: health, isCollapsed: true };
