/** Something to look at while an alert fires: in words, and as a query where Prometheus knows. */
export interface Look {
  readonly text: string;
  /** PromQL; run against a real Prometheus by the tests. */
  readonly query?: string;
}

/** One alert with its runbook. Texts of `summary` and `description` are Prometheus templates (`{{ $labels.x }}`, `{{ $value }}`). */
export interface AlertRule {
  readonly name: `Hangar${string}`;
  readonly component: 'runner' | 'autoscaler';
  /** `critical`: builds stand still or results get lost, wake somebody. `warning`: act within the day. */
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long it must hold before somebody is told, as Prometheus writes spans. */
  readonly lasting: `${number}m` | `${number}h`;
  readonly summary: string;
  readonly description: string;
  /** The runbook: what it means, how to look, what to do. */
  readonly means: string;
  readonly looks: readonly [Look, ...Look[]];
  readonly acts: readonly [string, ...string[]];
}
