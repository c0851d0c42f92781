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
}

interface Push {
  readonly day: number;
  readonly size: number;
  readonly second: number;
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

const isWeekend = (day: number): boolean => weekdayOf(day) >= 5;

/** Minutes in which pushes arrive on far more days than the rate around them explains. */
export function findPeaks(byMinute: Push[][], { firstDay, nextDay, weekday }: Days): readonly DailyPeak[] {
  const days: number[] = [];
  for (
    let day = nextDay - 1;
    day >= Math.max(firstDay, nextDay - MEMORY_DAYS) && days.length < LOOK_DAYS;
    day -= 1
  )
    if (isWeekend(day) === weekday >= 5) days.push(day);
  const asked = days.length > 0 ? days : [nextDay - 1];
  const from = asked.at(-1) ?? nextDay;
  for (const [minute, pushes] of byMinute.entries())
    if ((pushes[0]?.day ?? Infinity) < nextDay - MEMORY_DAYS)
      byMinute[minute] = pushes.filter(({ day }) => day >= nextDay - MEMORY_DAYS);
  const kind = new Set(asked);
  return byMinute.flatMap((pushes, minute): readonly DailyPeak[] => {
    if (pushes.length < 2) return [];
    const hits = pushes.filter(({ day }) => kind.has(day));
    const hitDays = new Set(hits.map(({ day }) => day));
    if (hitDays.size < 2 || surprise(byMinute, minute, from, hitDays.size, asked.length) < LEAST_SURPRISE)
      return [];
    return [peakOf(minute, hits, hitDays, asked, weekday)];
  });
}

function surprise(
  byMinute: readonly Push[][],
  minute: number,
  from: number,
  hits: number,
  days: number,
): number {
  let others = 0.5;
  for (let near = minute - AROUND_MINUTES; near <= minute + AROUND_MINUTES; near += 1)
    if (near !== minute) others += countFrom(byMinute[(near + MINUTES) % MINUTES] ?? [], from);
  const usual = Math.min(days, others / (2 * AROUND_MINUTES));
  return hits <= usual ? 0 : hits * Math.log(hits / usual) - (hits - usual);
}

function countFrom(pushes: readonly Push[], from: number): number {
  let count = 0;
  for (let nth = pushes.length - 1; nth >= 0 && (pushes[nth]?.day ?? 0) >= from; nth -= 1) count += 1;
  return count;
}

function peakOf(
  minute: number,
  hits: readonly Push[],
  hitDays: ReadonlySet<number>,
  days: readonly number[],
  weekday: number,
): DailyPeak {
  const ofKind = (hitDays.size + 0.25) / (days.length + 0.5);
  const same = days.filter((day) => weekdayOf(day) === weekday);
  const sameHits = same.filter((day) => hitDays.has(day)).length;
  const recent = hits.slice(-8);
  return {
    minute,
    earliestSecond: Math.min(...recent.map(({ second }) => second)),
    latestSecond: Math.max(...recent.map(({ second }) => second)),
    chance: (sameHits + ofKind) / (same.length + 1),
    sizes: recent.map(({ size }) => size),
  };
}
