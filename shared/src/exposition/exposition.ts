/** The text format: the two differ in the unit of timestamps, in the escapes of HELP and in `# EOF`. */
export type ExpositionFormat = 'prometheus-text' | 'openmetrics';

/** Type of a metric family; `unknown` if it has no TYPE line. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** An exemplar: a reference to a trace on a bucket or a counter. */
export interface Exemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestampMs?: number;
}

/** One sample line. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite. */
  readonly value: number;
  /** Timestamp set by the target, in milliseconds since 1970. */
  readonly timestampMs?: number;
  readonly exemplar?: Exemplar;
}

/** All samples of one metric family: for a histogram its buckets, sum and count. */
export interface Family {
  readonly name: string;
  readonly type: MetricType;
  readonly help?: string;
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

/** A line that could not be parsed: where it is, and what the target must change. */
export interface ExpositionProblem {
  /** Line number, from 1. */
  readonly line: number;
  readonly problem: string;
  readonly cure: string;
}

/** The parsed text. Invalid lines become problems; the other lines are kept. */
export interface Exposition {
  readonly families: ReadonlyMap<string, Family>;
  /** The first problems, in order, and the one at which parsing stopped; {@link problemCount} counts all. */
  readonly problems: readonly ExpositionProblem[];
  readonly problemCount: number;
  /** False if an OpenMetrics text lacks its end mark, or if parsing stopped at a limit: missing series are then unknown, not zero. */
  readonly complete: boolean;
}
