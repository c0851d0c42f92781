import { type MetricSpec, RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { markdownTable, metricTable } from '@hangar/shared/generate/markdown';
import { EVENTS, RESULTS } from '../metrics/label-values.ts';
import { FAILURES, type Failure } from '../pipeline/failures.ts';

/** `docs/metrics.md`, of the contract between runner and autoscaler. Pure. */
export function renderMetrics(): string {
  const specs: readonly MetricSpec[] = Object.values(RUNNER_METRICS);
  const histograms = specs.filter((spec) => spec.buckets);
  const buckets = histograms.map((spec) => [`\`${spec.name}\``, (spec.buckets ?? []).join(', ')]);
  return `# Metrics of the runner

Generated from \`shared/src/contract/runner-metrics.ts\`; do not edit. Back to the [index](README.md).

\`GET /metrics\` at \`DRONE_SERVER_PORT\`, in Prometheus' text format. The autoscaler, the dashboards and the alerts read the same list.

${metricTable(specs)}
## Values of labels

Labels have only values from fixed lists, so that pipelines and callers cannot add series; any other value counts as \`other\`.

${markdownTable(
  ['label', 'values'],
  [
    ['`state`', '`waiting` (its details being fetched included), `starting`, `running`'],
    ['`event`', EVENTS.map((event) => `\`${event}\``).join(', ')],
    [
      '`result`',
      `${RESULTS.map((result) => `\`${result}\``).join(', ')}; \`completed\` does not mean that the steps succeeded`,
    ],
    ['`class`', 'the codes in [errors.md](errors.md)'],
    ['`blame`', '`pipeline`, `operator`, `cluster`, `bug`'],
    ['`engine`', '`gate`, `swap`'],
    ['`code`', 'the HTTP status; `0`: no answer'],
  ],
)}
## Buckets

${markdownTable(['metric', 'upper bounds'], buckets)}`;
}

const RETRY: Readonly<Record<Failure['retry'], string>> = {
  safe: 'yes, no step has run',
  pointless: 'only after the remedy; no step has run',
  'steps-may-have-run': 'check first: steps may have run',
};

/** `docs/errors.md`, of the closed list of failures. Pure. */
export function renderErrors(): string {
  const rows = Object.entries(FAILURES).map(([code, failure]) => [
    `\`${code}\``,
    failure.blame,
    failure.meaning,
    RETRY[failure.retry],
    failure.cure,
  ]);
  return `# Errors of the runner

Generated from \`runner/src/pipeline/failures.ts\`; do not edit. Back to the [index](README.md).

A stage that fails for any other reason than its own steps shows an error message. It is counted in \`hangar_runner_failures_total\` by code and by who usually has to act (\`blame\`): the author of the \`pipeline\`, the \`operator\` of Hangar or Drone, the administrator of the \`cluster\`, or the developers of Hangar (\`bug\`).

${markdownTable(['code', 'responsible', 'what happened', 'restart the build?', 'remedy'], rows)}`;
}
