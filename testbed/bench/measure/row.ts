import { type Summary, summarize } from './statistics.ts';

/** Of what a value is a number: milliseconds, things, or a share of something else. */
export type Unit = 'ms' | 'count' | 'ratio';

/** What is to be reached: that statistic, at most so much, in the unit of the row. */
export interface Target {
  readonly of: 'p50' | 'p99' | 'max';
  readonly atMost: number;
}

/** What a bench brings: one thing measured some times. */
export interface Measured {
  readonly name: string;
  readonly unit: Unit;
  /** At least one. */
  readonly values: readonly number[];
  /** None: the value stands for itself. */
  readonly targets: readonly Target[];
  /** How it was measured, or what it is made of; empty when the name says it all. */
  readonly note: string;
}

/** `none`: there is no target. */
export type Verdict = 'met' | 'missed' | 'none';

/** A line of the table. */
export interface Row extends Summary {
  readonly bench: string;
  readonly name: string;
  readonly unit: Unit;
  readonly targets: readonly Target[];
  readonly verdict: Verdict;
  /** Load average of the last minute when the bench had ended: runnable processes, on a machine of `cores`. */
  readonly loadAverage: number;
  readonly note: string;
}

/** Sums a measurement up and holds it against its targets: all of them, or it is missed. Throws when nothing was measured. */
export function rowOf(bench: string, measured: Measured, loadAverage: number): Row {
  const { name, unit, values, targets, note } = measured;
  if (values.length === 0) throw new Error(`"${name}" was never measured`);
  const summary = summarize(values);
  return { bench, name, unit, ...summary, targets, verdict: verdictOf(summary, targets), loadAverage, note };
}

function verdictOf(summary: Summary, targets: readonly Target[]): Verdict {
  if (targets.length === 0) return 'none';
  return targets.every(({ of, atMost }) => summary[of] <= atMost) ? 'met' : 'missed';
}
