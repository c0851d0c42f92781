interface Counter {
  value: number;
  seenRound: number;
}

interface Book {
  startedAtSeconds: number | undefined;
  seenRound: number;
  readonly counters: Map<string, Counter>;
}

/** A target without an answer for this many rounds is forgotten: a replica that was removed doesn't return under its address. */
const FORGET_ROUNDS = 360;
/** Start times are reported as whole or fractional seconds; a smaller difference is not a restart. */
const SAME_START_SECONDS = 1;
/** Limit of series per target; a target with more is misbehaving. */
const MOST_SERIES = 2_000;

/**
 * Turns the counters of many replicas into increases. A counter restarts with its process (detected by the start time, or by a
 * decrease where there is none). A counter that is seen for the first time adds nothing, because it is unknown when it grew, unless
 * its process started after the previous round.
 */
export class CounterBook {
  readonly #books = new Map<string, Book>();
  #round = 0;
  #lastRoundAtSeconds: number | undefined;

  /** The number of series in memory. */
  get size(): number {
    return [...this.#books.values()].reduce((sum, { counters }) => sum + counters.size, 0);
  }

  /**
   * Processes one round.
   *
   * @returns increases since the previous round, by series, summed over targets
   */
  take(
    atSeconds: number,
    readings: readonly {
      readonly target: string;
      readonly startedAtSeconds: number | undefined;
      readonly counters: ReadonlyMap<string, number>;
    }[],
  ): ReadonlyMap<string, number> {
    this.#round += 1;
    const increases = new Map<string, number>();
    for (const { target, startedAtSeconds, counters } of readings) {
      const book = this.#bookOf(target, startedAtSeconds);
      for (const [series, value] of counters) {
        const increase = this.#increase(book, series, value);
        increases.set(series, (increases.get(series) ?? 0) + increase);
      }
    }
    for (const [target, book] of this.#books)
      if (book.seenRound < this.#round - FORGET_ROUNDS) this.#books.delete(target);
    this.#lastRoundAtSeconds = atSeconds;
    return increases;
  }

  #bookOf(target: string, startedAtSeconds: number | undefined): Book {
    const known = this.#books.get(target);
    if (known !== undefined && sameStart(known.startedAtSeconds, startedAtSeconds)) {
      known.seenRound = this.#round;
      return known;
    }
    const book: Book = { startedAtSeconds, seenRound: this.#round, counters: new Map() };
    this.#books.set(target, book);
    return book;
  }

  #increase(book: Book, series: string, value: number): number {
    const counter = book.counters.get(series);
    if (counter === undefined) {
      if (book.counters.size >= MOST_SERIES) return 0;
      book.counters.set(series, { value, seenRound: this.#round });
      return this.#isNew(book) ? value : 0;
    }
    const increase = value >= counter.value ? value - counter.value : value;
    counter.value = value;
    counter.seenRound = this.#round;
    return increase;
  }

  /** Its process started after the previous round, so its whole count is new. */
  #isNew({ startedAtSeconds }: Book): boolean {
    const last = this.#lastRoundAtSeconds;
    return startedAtSeconds !== undefined && last !== undefined && startedAtSeconds > last;
  }
}

const sameStart = (one: number | undefined, other: number | undefined): boolean =>
  one === undefined || other === undefined || Math.abs(one - other) <= SAME_START_SECONDS;
