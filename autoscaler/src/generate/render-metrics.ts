import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';
import { AUTOSCALER_METRICS } from '../metrics/specs.ts';
import { table } from './table.ts';

/** `docs/autoscaler-metrics.md`, made of the list that the service counts by. Pure. */
export function renderMetrics(): string {
  const specs: readonly MetricSpec[] = Object.values(AUTOSCALER_METRICS);
  const rows = specs.map(({ name, kind, labels, help }) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return `# Metrics of the autoscaler

Generated from \`autoscaler/src/metrics/specs.ts\`; do not edit.

\`GET /metrics\` at \`HANGAR_AUTOSCALER_LISTEN\`, in Prometheus' text format. Boards and alerts are built from the same list; the runner's are in [metrics.md](metrics.md).

${table(['metric', 'kind', 'labels', 'meaning'], rows)}`;
}
