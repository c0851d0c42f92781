import { metricTable } from '@hangar/shared/generate/markdown';
import { AUTOSCALER_METRICS } from '../metrics/specs.ts';

/** `docs/autoscaler-metrics.md`, made of the list that the service counts by. Pure. */
export function renderMetrics(): string {
  return `# Metrics of the autoscaler

Generated from \`autoscaler/src/metrics/specs.ts\`; do not edit. Back to the [index](README.md).

\`GET /metrics\` at \`HANGAR_AUTOSCALER_LISTEN\`, in Prometheus' text format. Boards and alerts are built from the same list; the runner's are in [metrics.md](metrics.md).

${metricTable(Object.values(AUTOSCALER_METRICS))}`;
}
