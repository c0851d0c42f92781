/** Lately: long enough to smooth pushes, short enough to follow a morning. */
const RECENT_SECONDS = 900;

/** Counts arrivals of the last quarter of an hour. */
export class RecentArrivals {
  #times: { readonly at: number; readonly count: number }[] = [];

  add(atSeconds: number, count: number): void {
    if (count > 0) this.#times.push({ at: atSeconds, count });
  }

  /** Arrivals in a second, averaged over the last quarter of an hour; ≥ 0. */
  perSecond(nowSeconds: number): number {
    this.#times = this.#times.filter(({ at }) => at > nowSeconds - RECENT_SECONDS);
    return this.#times.reduce((sum, { count }) => sum + count, 0) / RECENT_SECONDS;
  }
}
