/** Which of the two texts it is: they differ in the unit of time stamps, in escapes of HELP and in `# EOF`. */
export type ExpositionFormat = 'prometheus-text' | 'openmetrics';

/** What a family says it is; `unknown` when it says nothing. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** A trace's mark on a bucket or a counter. */
export interface Exemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestampMs?: number;
}

/** One line of values. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite. */
  readonly value: number;
  /** When the target says it was measured, in milliseconds since 1970. */
  readonly timestampMs?: number;
  readonly exemplar?: Exemplar;
}

/** Everything under one name: for a histogram its buckets, sum and count together. */
export interface Family {
  readonly name: string;
  readonly type: MetricType;
  readonly help?: string;
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

/** What could not be taken as it stood, where, and what the target must do instead. */
export interface ExpositionProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
  readonly cure: string;
}

/** All that a text says. Lines that say nothing sensible are problems; the others count. */
export interface Exposition {
  readonly families: ReadonlyMap<string, Family>;
  /** The first of them, in order; {@link problemCount} counts all. */
  readonly problems: readonly ExpositionProblem[];
  readonly problemCount: number;
  /** False when an OpenMetrics text lacks its end mark, or reading stopped at a limit: what is missing is unknown, not zero. */
  readonly complete: boolean;
}
