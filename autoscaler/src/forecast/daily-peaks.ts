import { MINUTES, weekdayOf } from './day-minutes.ts';

/** A minute of the day in which a push arrives nearly every day: most likely a scheduled pipeline. */
export interface DailyPeak {
  readonly minute: number;
  /** Of the day; when the push arrived at the earliest and at the latest. */
  readonly earliestSecond: number;
  readonly latestSecond: number;
  /** That it comes on such a day. */
  readonly chance: number;
  /** Builds of the last pushes. */
  readonly sizes: readonly number[];
  /** What a minute of their waiting cost. */
  readonly price: number;
}

/** A push, and what a minute of its waiting costs. */
export interface PricedPush {
  readonly day: number;
  readonly size: number;
  readonly second: number;
  readonly price: number;
}

interface Days {
  readonly firstDay: number;
  /** The day that is not over yet. */
  readonly nextDay: number;
  readonly weekday: number;
}

/** Older pushes are forgotten. */
const MEMORY_DAYS = 28;
/** Days of one kind that are looked at. */
const LOOK_DAYS = 14;
/** How improbable the pushes of a minute must be by the rate around it, as a natural logarithm: about 1 in 3000. */
const LEAST_SURPRISE = 8;
const AROUND_MINUTES = 30;
/** More pushes than this in a minute, over all remembered days, are no schedule. */
const BUSY_PUSHES = 3 * MEMORY_DAYS;
/** The last pushes of a peak, whose sizes and times are expected again. */
const RECENT_PUSHES = 8;

const isWeekend = (day: number): boolean => weekdayOf(day) >= 5;

/** A minute of the day: when pushes came in it, on the days that are looked at. */
interface Minute {
  readonly minute: number;
  readonly hits: readonly PricedPush[];
  readonly hitDays: ReadonlySet<number>;
}

/** The last days of the same kind, working days or weekends, newest first. */
function daysLike({ firstDay, nextDay, weekday }: Days): readonly number[] {
  const days: number[] = [];
  const first = Math.max(firstDay, nextDay - MEMORY_DAYS);
  for (let day = nextDay - 1; day >= first && days.length < LOOK_DAYS; day -= 1)
    if (isWeekend(day) === weekday >= 5) days.push(day);
  return days.length > 0 ? days : [nextDay - 1];
}

function forget(byMinute: PricedPush[][], before: number): void {
  for (const [minute, pushes] of byMinute.entries())
    if ((pushes[0]?.day ?? Infinity) < before) byMinute[minute] = pushes.filter(({ day }) => day >= before);
}

/** Minutes in which pushes arrive on far more days than the rate around them explains. */
export function findPeaks(byMinute: PricedPush[][], span: Days): readonly DailyPeak[] {
  const days = daysLike(span);
  const kind = new Set(days);
  forget(byMinute, span.nextDay - MEMORY_DAYS);
  return byMinute.flatMap((pushes, minute): readonly DailyPeak[] => {
    // A busy minute is no peak, however regular it is.
    if (pushes.length < 2 || pushes.length > BUSY_PUSHES) return [];
    const hits = pushes.filter(({ day }) => kind.has(day));
    const hitDays = new Set(hits.map(({ day }) => day));
    const found = { minute, hits, hitDays };
    return hitDays.size >= 2 && surprise(byMinute, found, days) >= LEAST_SURPRISE
      ? [peakOf(found, days, span.weekday)]
      : [];
  });
}

/** How improbable it is that pushes came on so many days, by the pushes of the minutes around; 0 where it is usual. */
function surprise(
  byMinute: readonly PricedPush[][],
  { minute, hitDays }: Minute,
  days: readonly number[],
): number {
  const from = days.at(-1) ?? 0;
  let others = 0.5;
  for (let near = minute - AROUND_MINUTES; near <= minute + AROUND_MINUTES; near += 1)
    if (near !== minute) others += countFrom(byMinute[(near + MINUTES) % MINUTES] ?? [], from);
  const usual = Math.min(days.length, others / (2 * AROUND_MINUTES));
  const hits = hitDays.size;
  return hits <= usual ? 0 : hits * Math.log(hits / usual) - (hits - usual);
}

function countFrom(pushes: readonly PricedPush[], from: number): number {
  let count = 0;
  for (let nth = pushes.length - 1; nth >= 0 && (pushes[nth]?.day ?? 0) >= from; nth -= 1) count += 1;
  return count;
}

function peakOf({ minute, hits, hitDays }: Minute, days: readonly number[], weekday: number): DailyPeak {
  const ofKind = (hitDays.size + 0.25) / (days.length + 0.5);
  const same = days.filter((day) => weekdayOf(day) === weekday);
  const sameHits = same.filter((day) => hitDays.has(day)).length;
  const recent = hits.slice(-RECENT_PUSHES);
  return {
    minute,
    earliestSecond: Math.min(...recent.map(({ second }) => second)),
    latestSecond: Math.max(...recent.map(({ second }) => second)),
    chance: (sameHits + ofKind) / (same.length + 1),
    sizes: recent.map(({ size }) => size),
    price: recent.reduce((sum, { price }) => sum + price, 0) / Math.max(1, recent.length),
  };
}
