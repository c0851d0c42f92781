import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';
import type { BoardVariable } from '../board/board.ts';

/**
 * Which installations a board shows: cluster, namespace and job. Series without the label `cluster` are shown while all are selected.
 *
 * @param info the metric that every process of the program has
 * @param job the variable's name: each program has jobs of its own, so a link from board to board must not carry them over
 */
export function scopeVariables(
  { name }: MetricSpec,
  job: 'runner_job' | 'autoscaler_job',
): readonly BoardVariable[] {
  return [
    { name: 'cluster', label: 'Cluster', query: `label_values(${name}, cluster)` },
    {
      name: 'namespace',
      label: 'Namespace',
      query: `label_values(${name}{cluster=~"$cluster"}, namespace)`,
    },
    {
      name: job,
      label: 'Job',
      query: `label_values(${name}{cluster=~"$cluster", namespace=~"$namespace"}, job)`,
    },
  ];
}
