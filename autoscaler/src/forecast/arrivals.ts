/** Lately: long enough to smooth pushes, short enough to follow a morning. */
const RECENT_SECONDS = 900;

/** Counts arrivals of the last quarter of an hour, or of another time. */
export class RecentArrivals {
  readonly #withinSeconds: number;
  /** By their time: the API server tells whole seconds, so that thousands are a few. */
  readonly #counts = new Map<number, number>();

  constructor(withinSeconds = RECENT_SECONDS) {
    this.#withinSeconds = withinSeconds;
  }

  add(atSeconds: number, count: number): void {
    if (count > 0) this.#counts.set(atSeconds, (this.#counts.get(atSeconds) ?? 0) + count);
  }

  /** Arrivals in a second, averaged over that time; ≥ 0. Forgets older ones. */
  perSecond(nowSeconds: number): number {
    let sum = 0;
    for (const [at, count] of this.#counts)
      if (at > nowSeconds - this.#withinSeconds) sum += count;
      else this.#counts.delete(at);
    return sum / this.#withinSeconds;
  }
}
