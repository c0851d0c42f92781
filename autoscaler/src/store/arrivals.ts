/** Lately: long enough to smooth pushes, short enough to follow a morning. */
const RECENT_SECONDS = 900;

/** Counts arrivals of the last quarter of an hour, or of another time. */
export class RecentArrivals {
  readonly #withinSeconds: number;
  #times: { readonly at: number; readonly count: number }[] = [];

  constructor(withinSeconds = RECENT_SECONDS) {
    this.#withinSeconds = withinSeconds;
  }

  add(atSeconds: number, count: number): void {
    if (count > 0) this.#times.push({ at: atSeconds, count });
  }

  /** Arrivals in a second, averaged over that time; ≥ 0. Forgets older ones. */
  perSecond(nowSeconds: number): number {
    this.#times = this.#times.filter(({ at }) => at > nowSeconds - this.#withinSeconds);
    return this.#times.reduce((sum, { count }) => sum + count, 0) / this.#withinSeconds;
  }
}
