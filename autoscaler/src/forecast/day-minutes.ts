/** Minutes of a day. */
export const MINUTES = 1440;
/** 1 January 1970 was a Thursday; Monday is 0. */
const EPOCH_WEEKDAY = 3;
/** How fast the similarity of days falls with the ratio of their totals: at 2, a day with eight times the load has little weight. */
const LIKENESS = 2;

/** Monday is 0. */
export const weekdayOf = (day: number): number => (day + EPOCH_WEEKDAY) % 7;

interface CountedDays {
  readonly counts: Float64Array;
  readonly days: number;
}

const meanTotal = ({ counts, days }: CountedDays): number | undefined =>
  days === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0) / days;

/** How much each weekday says about one of them: 1 for itself, and for all where it was never seen. */
export function daysAlike(weekdays: readonly CountedDays[], index: number): readonly number[] {
  const one = weekdays[index];
  const own = one === undefined ? undefined : meanTotal(one);
  return weekdays.map((weekday) => {
    const total = meanTotal(weekday);
    if (total === undefined) return 0;
    return own === undefined ? 1 : Math.exp(-LIKENESS * Math.abs(Math.log((1 + own) / (1 + total))));
  });
}
