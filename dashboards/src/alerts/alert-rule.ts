/** Something to check while an alert fires: as text, and as a query where Prometheus has the data. */
export interface RunbookCheck {
  readonly text: string;
  /** PromQL; run against a real Prometheus by the tests. */
  readonly query?: string;
}

/** One alert with its runbook. `summary` and `description` are Prometheus templates (`{{ $labels.x }}`, `{{ $value }}`). */
export interface AlertRule {
  readonly name: `Hangar${string}`;
  readonly component: 'runner' | 'autoscaler';
  /** `critical`: builds are stopped or results get lost; page someone. `warning`: act within the day. */
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** The bound that an installation may change by the chart's values. */
  readonly threshold?: {
    /** As it is written in `expr`, there once: `> 300`. */
    readonly comparison: `> ${number}`;
    /** Its unit, and of what. */
    readonly meaning: string;
  };
  /** How long the condition must hold before the alert fires, in Prometheus' duration format. */
  readonly lasting: `${number}m` | `${number}h`;
  readonly summary: string;
  readonly description: string;
  /** The runbook: meaning, diagnosis, mitigation. */
  readonly means: string;
  readonly looks: readonly [RunbookCheck, ...RunbookCheck[]];
  /** Shell commands for the diagnosis; `$NAMESPACE` is the label `namespace` of the alert. */
  readonly commands: readonly [string, ...string[]];
  readonly acts: readonly [string, ...string[]];
}
