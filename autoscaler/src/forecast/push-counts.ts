import { type Calendar, kindOfDay } from './calendar.ts';
import { type DailyPeak, findPeaks, type PricedPush } from './daily-peaks.ts';
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
  /** How often each minute was seen: the first day may begin at any time. */
  readonly seen: Float64Array;
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
    seen: new Float64Array(MINUTES),
    days: 0,
  }));
  readonly #calendar: Calendar | undefined;
  readonly #today = new Float64Array(MINUTES);
  /** Pushes by the minute of the day, for the search for peaks. */
  readonly #byMinute: PricedPush[][] = Array.from({ length: MINUTES }, () => []);
  #usual: (Usual | undefined)[] = [];
  #day: number | undefined;
  #firstDay: number | undefined;
  #firstMinute = 0;

  /** @param calendar holidays, on which fewer people push; scheduled pipelines go by the weekday */
  constructor(calendar?: Calendar) {
    this.#calendar = calendar;
  }

  /** Advances the time; call it also when nothing arrives: a quiet day counts too. */
  advance(nowSeconds: number): void {
    const day = Math.floor(nowSeconds / DAY);
    this.#firstDay ??= day;
    if (this.#day === undefined) {
      this.#day = day;
      this.#firstMinute = Math.floor((nowSeconds % DAY) / 60);
    }
    while (this.#day < day) {
      this.#close(this.#day);
      this.#day += 1;
    }
  }

  /** @param count pushes that it is taken for @param price of a minute of its waiting */
  pushed(atSeconds: number, size: number, count = 1, price = 1): void {
    const second = atSeconds % DAY;
    const minute = Math.floor(second / 60);
    this.#today[minute] = (this.#today[minute] ?? 0) + count;
    const pushes = this.#byMinute[minute];
    pushes?.push({ day: Math.floor(atSeconds / DAY), size, second, price });
    if (pushes !== undefined && pushes.length > MOST_IN_MINUTE) pushes.shift();
  }

  #close(day: number): void {
    const weekday = this.#weekdays[kindOfDay(this.#calendar, day)];
    if (weekday === undefined) return;
    weekday.days = weekday.days * WEEK_DECAY + 1;
    const seenFrom = day === this.#firstDay ? this.#firstMinute : 0;
    for (let minute = 0; minute < MINUTES; minute += 1) {
      weekday.counts[minute] = (weekday.counts[minute] ?? 0) * WEEK_DECAY + (this.#today[minute] ?? 0);
      weekday.seen[minute] = (weekday.seen[minute] ?? 0) * WEEK_DECAY + (minute >= seenFrom ? 1 : 0);
    }
    this.#today.fill(0);
    this.#usual = [];
  }

  /** Whether a day, or the rest of the first one, was seen to its end. */
  get knowsADay(): boolean {
    return this.#weekdays.some(({ days }) => days > 0);
  }

  /** The peaks of the day of this time. */
  peaks(atSeconds: number): readonly DailyPeak[] {
    return this.#of(weekdayOf(Math.floor(atSeconds / DAY))).peaks;
  }

  /** Usual pushes between two times, without the peaks; 0 before the first whole day. */
  expected(fromSeconds: number, toSeconds: number): number {
    const width = BIN_MINUTES * 60;
    let sum = 0;
    for (let at = fromSeconds; at < toSeconds; ) {
      const end = Math.min(toSeconds, (Math.floor(at / width) + 1) * width);
      const { perMinute: rates } = this.#of(kindOfDay(this.#calendar, Math.floor(at / DAY)));
      const perMinute = rates[Math.floor((at % DAY) / width)] ?? 0;
      sum += (perMinute * (end - at)) / 60;
      at = end;
    }
    return sum;
  }

  #of(index: number): Usual {
    return (this.#usual[index] ??= this.#learn(index));
  }

  #learn(index: number): Usual {
    const firstDay = this.#firstDay ?? 0;
    const nextDay = this.#day ?? 0;
    const weights = daysAlike(this.#weekdays, index);
    if (!this.#weekdays.some(({ days }, nth) => days * (weights[nth] ?? 0) > 0)) return NOTHING;
    const peaks = findPeaks(this.#byMinute, { firstDay, nextDay, weekday: index });
    const sum = (key: 'counts' | 'seen', minute: number): number =>
      this.#weekdays.reduce((all, one, nth) => all + (weights[nth] ?? 0) * (one[key][minute] ?? 0), 0);
    const counts = Float64Array.from({ length: MINUTES }, (_, minute) => sum('counts', minute));
    const seen = Float64Array.from({ length: MINUTES }, (_, minute) => sum('seen', minute));
    for (const { minute } of peaks) counts[minute] = 0;
    return { perMinute: ratesOf(counts, seen), peaks };
  }
}

const total = (values: Float64Array, from: number, to: number): number => {
  let sum = 0;
  for (let nth = from; nth < to; nth += 1) sum += values[nth] ?? 0;
  return sum;
};

/**
 * Rates per minute of the quarters of an hour, each drawn to the rates of the longer spans around it.
 *
 * @param seen how often each minute was seen
 */
function ratesOf(counts: Float64Array, seen: Float64Array): Float64Array {
  let parent = Float64Array.of(total(counts, 0, MINUTES) / Math.max(1, total(seen, 0, MINUTES)));
  for (const { minutes, parentPushes } of SPANS) {
    const rates = new Float64Array(MINUTES / minutes);
    for (let nth = 0; nth < rates.length; nth += 1) {
      const prior = parent[Math.floor((nth * parent.length) / rates.length)] ?? 0;
      const own = total(counts, nth * minutes, (nth + 1) * minutes);
      const exposure = total(seen, nth * minutes, (nth + 1) * minutes);
      rates[nth] = prior === 0 ? 0 : (own + parentPushes) / (exposure + parentPushes / prior);
    }
    parent = rates;
  }
  return parent;
}
