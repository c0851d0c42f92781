/** One day: the numerator and the denominator. */
export interface DayPair {
  readonly over: number;
  readonly under: number;
}

/** An estimate from data with a 90 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly days: number;
}

/** 95th percentiles of Student's t by degrees of freedom, from 1; later ones by {@link studentT}'s series. */
const T95 = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812];
const Z95 = 1.644854;

/** 95th percentile of Student's t: half of a 90 % interval. @param degrees ≥ 1 */
export function studentT(degrees: number): number {
  // Cornish-Fisher expansion: correct to three digits from 10 degrees on.
  return (
    T95[degrees - 1] ??
    Z95 + (Z95 ** 3 + Z95) / (4 * degrees) + (5 * Z95 ** 5 + 16 * Z95 ** 3 + 3 * Z95) / (96 * degrees ** 2)
  );
}

/**
 * A ratio of sums over days, such as run seconds by Pods, with an interval from the variation between days. Builds of one day are
 * correlated, so treating them as independent samples would give an interval that is far too narrow.
 *
 * @returns undefined with fewer than two days with a denominator above zero
 * @see scheduling-and-scaling §4.1 (counts inside an hour vary 37 times as much as independent arrivals would)
 */
export function ratioOfDays(pairs: readonly DayPair[]): Estimate | undefined {
  const days = pairs.filter(({ under }) => under > 0);
  const count = days.length;
  if (count < 2) return undefined;
  const under = days.reduce((sum, day) => sum + day.under, 0);
  const value = days.reduce((sum, day) => sum + day.over, 0) / under;
  // The jackknife over days accounts for days of different weight, where the plain formula gives too narrow an interval.
  const without = days.map((day) => (value * under - day.over) / (under - day.under));
  const usable = without.filter((one) => Number.isFinite(one));
  const mean = usable.reduce((sum, one) => sum + one, 0) / Math.max(1, usable.length);
  const squares = usable.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const half = studentT(count - 1) * Math.sqrt((squares * (count - 1)) / count);
  return { value, low: Math.max(0, value - half), high: value + half, days: count };
}
