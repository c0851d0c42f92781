import { type DailyPeak, findPeaks } from './daily-peaks.ts';
import { daysAlike, MINUTES, weekdayOf } from './day-minutes.ts';

const DAY = 86_400;
/** The weight of a day that is a week older: habits change. */
const WEEK_DECAY = 0.75;
/**
 * Spans in minutes: the rate of each is drawn to that of the span around it, with a weight in pushes. Hours resemble their neighbours
 * more than nights resemble days.
 */
const SPANS = [
  { minutes: 360, parentPushes: 2 },
  { minutes: 180, parentPushes: 2 },
  { minutes: 60, parentPushes: 3 },
  { minutes: 15, parentPushes: 6 },
] as const;
const BIN_MINUTES = 15;
/** Pushes that are remembered for each minute of the day. */
const MOST_IN_MINUTE = 100;

interface Weekday {
  readonly counts: Float64Array;
  days: number;
}

/** The usual pushes of one weekday. */
interface Usual {
  /** Per minute, for each quarter of an hour, without the peaks. */
  readonly perMinute: Float64Array;
  readonly peaks: readonly DailyPeak[];
}

const NOTHING: Usual = { perMinute: new Float64Array(MINUTES / BIN_MINUTES), peaks: [] };

/**
 * When pushes usually arrive: a rate for each quarter of an hour of the week, and single minutes in which one arrives nearly every
 * day (scheduled pipelines). Days with similar totals share what is learned, so that the second day already knows the first.
 */
export class PushCounts {
  readonly #weekdays: Weekday[] = Array.from({ length: 7 }, () => ({
    counts: new Float64Array(MINUTES),
    days: 0,
  }));
  readonly #today = new Float64Array(MINUTES);
  /** Pushes by the minute of the day, for the search for peaks. */
  readonly #byMinute: { day: number; size: number; second: number }[][] = Array.from(
    { length: MINUTES },
    () => [],
  );
  #usual: (Usual | undefined)[] = [];
  #day: number | undefined;
  #firstDay: number | undefined;

  /** Advances the time; call it also when nothing arrives: a quiet day counts too. */
  advance(nowSeconds: number): void {
    const day = Math.floor(nowSeconds / DAY);
    this.#firstDay ??= day;
    if (this.#day === undefined) this.#day = day;
    while (this.#day < day) {
      this.#close(this.#day);
      this.#day += 1;
    }
  }

  /** @param count pushes that it is taken for */
  pushed(atSeconds: number, size: number, count = 1): void {
    const second = atSeconds % DAY;
    const minute = Math.floor(second / 60);
    this.#today[minute] = (this.#today[minute] ?? 0) + count;
    const pushes = this.#byMinute[minute];
    pushes?.push({ day: Math.floor(atSeconds / DAY), size, second });
    if (pushes !== undefined && pushes.length > MOST_IN_MINUTE) pushes.shift();
  }

  #close(day: number): void {
    const weekday = this.#weekdays[weekdayOf(day)];
    if (weekday === undefined) return;
    weekday.days = weekday.days * WEEK_DECAY + 1;
    for (let minute = 0; minute < MINUTES; minute += 1)
      weekday.counts[minute] = (weekday.counts[minute] ?? 0) * WEEK_DECAY + (this.#today[minute] ?? 0);
    this.#today.fill(0);
    this.#usual = [];
  }

  /** The peaks of the day of this time. */
  peaks(atSeconds: number): readonly DailyPeak[] {
    return this.#of(Math.floor(atSeconds / DAY)).peaks;
  }

  /** Usual pushes between two times, without the peaks; 0 before the first whole day. */
  expected(fromSeconds: number, toSeconds: number): number {
    const width = BIN_MINUTES * 60;
    let sum = 0;
    for (let at = fromSeconds; at < toSeconds; ) {
      const end = Math.min(toSeconds, (Math.floor(at / width) + 1) * width);
      const perMinute = this.#of(Math.floor(at / DAY)).perMinute[Math.floor((at % DAY) / width)] ?? 0;
      sum += (perMinute * (end - at)) / 60;
      at = end;
    }
    return sum;
  }

  #of(day: number): Usual {
    const index = weekdayOf(day);
    return (this.#usual[index] ??= this.#learn(index));
  }

  #learn(index: number): Usual {
    const firstDay = this.#firstDay ?? 0;
    const nextDay = this.#day ?? 0;
    const weights = daysAlike(this.#weekdays, index);
    const exposure = weights.reduce((sum, weight, nth) => sum + weight * (this.#weekdays[nth]?.days ?? 0), 0);
    if (exposure === 0) return NOTHING;
    const peaks = findPeaks(this.#byMinute, { firstDay, nextDay, weekday: index });
    const counts = new Float64Array(MINUTES);
    for (const [nth, { counts: own }] of this.#weekdays.entries())
      for (let minute = 0; minute < MINUTES; minute += 1)
        counts[minute] = (counts[minute] ?? 0) + (weights[nth] ?? 0) * (own[minute] ?? 0);
    for (const { minute } of peaks) counts[minute] = 0;
    return { perMinute: ratesOf(counts, exposure), peaks };
  }
}

/** Rates per minute of the quarters of an hour, each drawn to the rates of the longer spans around it. */
function ratesOf(counts: Float64Array, exposure: number): Float64Array {
  const all = counts.reduce((sum, count) => sum + count, 0);
  let parent = new Float64Array(1).fill(all / (exposure * MINUTES));
  for (const { minutes, parentPushes } of SPANS) {
    const rates = new Float64Array(MINUTES / minutes);
    for (let nth = 0; nth < rates.length; nth += 1) {
      const prior = parent[Math.floor((nth * parent.length) / rates.length)] ?? 0;
      let own = 0;
      for (let minute = nth * minutes; minute < (nth + 1) * minutes; minute += 1) own += counts[minute] ?? 0;
      rates[nth] = prior === 0 ? 0 : (own + parentPushes) / (exposure * minutes + parentPushes / prior);
    }
    parent = rates;
  }
  return parent;
}
