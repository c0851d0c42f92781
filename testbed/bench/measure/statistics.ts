/** What is said of a set of measured values; all in the unit of the values. */
export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
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
export function summarize(values: readonly number[]): Summary {
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
