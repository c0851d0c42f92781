const DAY = 86_400;

/** The forecast's mean error, day by day. */
export class DailyMisses {
  readonly #days = new Map<number, { pods: number; count: number }>();

  add(atSeconds: number, pods: number): void {
    const day = Math.floor(atSeconds / DAY);
    const sum = this.#days.get(day) ?? { pods: 0, count: 0 };
    this.#days.set(day, { pods: sum.pods + pods, count: sum.count + 1 });
  }

  /** In Pods, over the days from that time on; undefined when none of them has a judged forecast. */
  mean(fromSeconds = -Infinity): number | undefined {
    const days = [...this.#days].filter(([day]) => (day + 1) * DAY > fromSeconds).map(([, sum]) => sum);
    const count = days.reduce((sum, one) => sum + one.count, 0);
    return count === 0 ? undefined : days.reduce((sum, { pods }) => sum + pods, 0) / count;
  }
}
