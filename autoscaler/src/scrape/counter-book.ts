interface Counter {
  value: number;
  seenRound: number;
}

interface Book {
  startedAtSeconds: number | undefined;
  seenRound: number;
  readonly counters: Map<string, Counter>;
}

/** Rounds without a sign after which a target is forgotten: a replica that is gone doesn't come back under its address. */
const FORGET_ROUNDS = 360;
/** Clocks of processes are read in whole or broken seconds; a smaller difference is no restart. */
const SAME_START_SECONDS = 1;
/** Series of one target that are followed; more is a target gone wild. */
const MOST_SERIES = 2_000;

/**
 * Turns running totals of many replicas into increases. A total begins anew when its process does (by its start time, or by falling
 * where it doesn't tell one); what is seen for the first time counts as nothing, for nobody knows when it grew, unless its process
 * began after the round before.
 */
export class CounterBook {
  readonly #books = new Map<string, Book>();
  #round = 0;
  #lastRoundAtSeconds: number | undefined;

  /** How many series are remembered. */
  get size(): number {
    return [...this.#books.values()].reduce((sum, { counters }) => sum + counters.size, 0);
  }

  /**
   * Takes one round.
   *
   * @returns increases since the round before, by series, summed over targets
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

  /** Its process began after the round before, so all that it counted is news. */
  #isNew({ startedAtSeconds }: Book): boolean {
    const last = this.#lastRoundAtSeconds;
    return startedAtSeconds !== undefined && last !== undefined && startedAtSeconds > last;
  }
}

const sameStart = (one: number | undefined, other: number | undefined): boolean =>
  one === undefined || other === undefined || Math.abs(one - other) <= SAME_START_SECONDS;
