const DAY = 86_400;
const BIN_SECONDS = 900;
const BINS = DAY / BIN_SECONDS;
/** 1 January 1970 was a Thursday; Monday is 0. */
const EPOCH_WEEKDAY = 3;
/** The weight of a day that is a week older: habits change. */
const WEEK_DECAY = 0.75;
/** How fast the similarity of days falls with the ratio of their totals: at 2, a day with eight times the load has little weight. */
const LIKENESS = 2;

interface Weekday {
  readonly counts: Float64Array;
  days: number;
}

/**
 * The usual number of arrivals in each quarter of an hour of the week, learned from whole days. Weekdays with similar totals share
 * their shape, so that two weeks of data are enough; weekends need no configuration.
 */
export class ArrivalProfile {
  readonly #weekdays: Weekday[] = Array.from({ length: 7 }, () => ({
    counts: new Float64Array(BINS),
    days: 0,
  }));
  readonly #today = new Float64Array(BINS);
  readonly #usual: (Float64Array | undefined)[] = [];
  #day: number | undefined;
  #wholeDays = 0;

  /** Days observed from their first to their last second. */
  get wholeDays(): number {
    return this.#wholeDays;
  }

  /** Advances the time; call it at each tick, also when nothing arrives: a quiet day counts too. */
  advance(nowSeconds: number): void {
    const day = Math.floor(nowSeconds / DAY);
    if (this.#day === undefined) this.#day = day;
    while (this.#day < day) {
      this.#close(this.#day);
      this.#day += 1;
    }
  }

  /** One arrival of today. */
  arrived(atSeconds: number): void {
    const bin = Math.floor((atSeconds % DAY) / BIN_SECONDS);
    this.#today[bin] = (this.#today[bin] ?? 0) + 1;
  }

  #close(day: number): void {
    const weekday = this.#weekdays[weekdayOf(day)];
    if (weekday === undefined) return;
    weekday.days = weekday.days * WEEK_DECAY + 1;
    for (let bin = 0; bin < BINS; bin += 1) {
      weekday.counts[bin] = (weekday.counts[bin] ?? 0) * WEEK_DECAY + (this.#today[bin] ?? 0);
    }
    this.#today.fill(0);
    this.#wholeDays += 1;
    this.#usual.length = 0;
  }

  /** Usual arrivals between two times, ≥ 0; 0 before the first whole day. */
  expected(fromSeconds: number, toSeconds: number): number {
    let sum = 0;
    for (let at = fromSeconds; at < toSeconds; ) {
      const end = Math.min(toSeconds, (Math.floor(at / BIN_SECONDS) + 1) * BIN_SECONDS);
      const bin = Math.floor((at % DAY) / BIN_SECONDS);
      sum += ((this.#of(Math.floor(at / DAY))[bin] ?? 0) * (end - at)) / BIN_SECONDS;
      at = end;
    }
    return sum;
  }

  #of(day: number): Float64Array {
    const index = weekdayOf(day);
    return (this.#usual[index] ??= this.#blend(index));
  }

  /** A weekday's own counts, and those of other days weighted by similarity. */
  #blend(index: number): Float64Array {
    const blended = new Float64Array(BINS);
    const own = meanTotal(this.#weekdays[index]);
    let weights = 0;
    for (const weekday of this.#weekdays) {
      if (weekday.days === 0) continue;
      const like =
        own === undefined
          ? 1
          : Math.exp(-LIKENESS * Math.abs(Math.log((1 + own) / (1 + (meanTotal(weekday) ?? 0)))));
      weights += like * weekday.days;
      for (let bin = 0; bin < BINS; bin += 1)
        blended[bin] = (blended[bin] ?? 0) + like * (weekday.counts[bin] ?? 0);
    }
    return weights === 0 ? blended : blended.map((count) => count / weights);
  }
}

const weekdayOf = (day: number): number => (day + EPOCH_WEEKDAY) % 7;

function meanTotal(weekday: Weekday | undefined): number | undefined {
  if (weekday === undefined || weekday.days === 0) return undefined;
  return weekday.counts.reduce((sum, count) => sum + count, 0) / weekday.days;
}
