/** Of what a value is a number: milliseconds, memory, things, or a share of something else. */
export type SampleUnit = 'ms' | 'MiB' | 'count' | 'ratio';

/** What is to be reached: that statistic, at most so much, in the unit of the row. */
export interface SampleTarget {
  readonly of: 'p50' | 'p99' | 'max';
  readonly atMost: number;
}

/** What a bench brings: one thing measured some times. */
export interface Measured {
  readonly name: string;
  readonly unit: SampleUnit;
  /** At least one. */
  readonly values: readonly number[];
  /** None: there is no target. */
  readonly targets?: readonly SampleTarget[];
  /** How it was measured, or what it is made of; omitted when the name is sufficient. */
  readonly note?: string;
}

/** Statistics of a set of measured values; all in the unit of the values. */
export interface SampleSummary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A line of the table. */
export interface BenchRow extends SampleSummary, Required<Omit<Measured, 'values'>> {
  readonly bench: string;
  /** `none`: there is no target. */
  readonly verdict: 'met' | 'missed' | 'none';
  /** Load average of the last minute when the bench had ended: runnable processes, on a machine of `cores`. */
  readonly loadAverage: number;
}

/**
 * The smallest of the values that at least that share of them doesn't exceed (nearest rank: no value is made up). With less than
 * 100 values, p99 is the largest. `share` from 0 to 1; throws without values.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new Error('there is no quantile of nothing');
  return value;
}

/** Sums values up; throws without values. */
export function summarize(values: readonly number[]): SampleSummary {
  return {
    n: values.length,
    min: quantile(values, 0),
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    max: quantile(values, 1),
  };
}

/** From the end of each to the start of the next, in order. Times in one unit, such as milliseconds since 1970. */
export function gaps(
  spans: readonly { readonly startMs: number; readonly endMs: number }[],
): readonly number[] {
  return spans.slice(1).map(({ startMs }, index) => startMs - (spans[index]?.endMs ?? startMs));
}

/** Sums a measurement up and holds it against its targets: all of them, or it is missed. Throws when nothing was measured. */
export function rowOf(bench: string, measured: Measured, loadAverage: number): BenchRow {
  const { name, unit, values, targets = [], note = '' } = measured;
  if (values.length === 0) throw new Error(`"${name}" was never measured`);
  const summary = summarize(values);
  const isMet = targets.every(({ of, atMost }) => summary[of] <= atMost);
  const verdict = targets.length === 0 ? 'none' : isMet ? 'met' : 'missed';
  return { bench, name, unit, ...summary, targets, verdict, loadAverage, note };
}
