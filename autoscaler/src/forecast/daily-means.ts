const DAY = 86_400;

/** The mean of values that were seen, such as the forecast's errors, day by day. */
export class DailyMeans {
  readonly #days = new Map<number, { sum: number; count: number }>();

  add(atSeconds: number, value: number): void {
    const day = Math.floor(atSeconds / DAY);
    const { sum, count } = this.#days.get(day) ?? { sum: 0, count: 0 };
    this.#days.set(day, { sum: sum + value, count: count + 1 });
  }

  /** Over the days from that time on; undefined when they have fewer values than this. */
  mean(fromSeconds = -Infinity, least = 1): number | undefined {
    const days = [...this.#days].filter(([day]) => (day + 1) * DAY > fromSeconds).map(([, one]) => one);
    const count = days.reduce((all, one) => all + one.count, 0);
    return count < least ? undefined : days.reduce((all, { sum }) => all + sum, 0) / count;
  }
}
