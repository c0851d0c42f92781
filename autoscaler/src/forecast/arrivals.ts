/** The averaging window: long enough to smooth pushes, short enough to follow a morning. */
const RECENT_SECONDS = 900;

/** Counts arrivals of the last quarter of an hour, or of another period. */
export class RecentArrivals {
  readonly #withinSeconds: number;
  /** By time: the API server's timestamps are whole seconds, so that thousands of arrivals need only a few entries. */
  readonly #counts = new Map<number, number>();

  constructor(withinSeconds = RECENT_SECONDS) {
    this.#withinSeconds = withinSeconds;
  }

  add(atSeconds: number, count: number): void {
    if (count > 0) this.#counts.set(atSeconds, (this.#counts.get(atSeconds) ?? 0) + count);
  }

  /** Arrivals per second, averaged over that period; ≥ 0. Drops older ones. */
  perSecond(nowSeconds: number): number {
    let sum = 0;
    for (const [at, count] of this.#counts)
      if (at > nowSeconds - this.#withinSeconds) sum += count;
      else this.#counts.delete(at);
    return sum / this.#withinSeconds;
  }
}
