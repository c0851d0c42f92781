import { RecentArrivals } from '@hangar/autoscaler/forecast/arrivals';
import { BackTest } from '@hangar/autoscaler/forecast/back-test';
import type { BufferRule, DemandView } from '@hangar/autoscaler/forecast/buffer-rule';

const DAY = 86_400;
const HOUR = 3600;
/** 1 January 1970 was a Thursday; Monday is 0. */
const EPOCH_WEEKDAY = 3;
/** A bucket with fewer ticks than a quarter of an hour holds says nothing yet. */
const LEAST_SAMPLES = 90;
const UNKNOWN_PODS = 5;
const LARGEST_RISE = 4000;

/** How often each rise was seen. */
class Rises {
  readonly #counts = new Uint32Array(LARGEST_RISE + 1);
  #total = 0;

  get isKnown(): boolean {
    return this.#total >= LEAST_SAMPLES;
  }

  add(rise: number): void {
    const at = Math.min(LARGEST_RISE, rise);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  quantile(share: number): number {
    let left = share * this.#total;
    for (let rise = 0; rise <= LARGEST_RISE; rise += 1) {
      left -= this.#counts[rise] ?? 0;
      if (left <= 0) return rise;
    }
    return LARGEST_RISE;
  }
}

interface Hour {
  readonly levels: readonly [Rises, Rises, Rises];
  ticks: number;
  perSecond: number;
}

/**
 * What one would write in an afternoon: the quantile of the rises of demand over the lead time that were seen in this hour of
 * working days or weekends, at this level of recent activity (none, less than usual, more). Five places until an hour is known.
 */
export function quantileRule(quantile: number, leadSeconds: number): BufferRule {
  const hours = Array.from(
    { length: 48 },
    (): Hour => ({ levels: [new Rises(), new Rises(), new Rises()], ticks: 0, perSecond: 0 }),
  );
  const backTest = new BackTest<Rises>(leadSeconds);
  const recent = new RecentArrivals();
  let cached: { rises: Rises; until: number; pods: number } | undefined;
  const pick = (nowSeconds: number): Rises | undefined => {
    const weekend = (Math.floor(nowSeconds / DAY) + EPOCH_WEEKDAY) % 7 >= 5 ? 24 : 0;
    const hour = hours[weekend + (Math.floor(nowSeconds / HOUR) % 24)];
    if (hour === undefined) return undefined;
    const rate = recent.perSecond(nowSeconds);
    hour.ticks += 1;
    hour.perSecond += (rate - hour.perSecond) / hour.ticks;
    return hour.levels[rate === 0 ? 0 : rate <= hour.perSecond ? 1 : 2];
  };
  const bufferPods = (view: DemandView): number => {
    const { nowSeconds, arrivals, running, waitingTotal } = view;
    for (const at of arrivals) recent.add(at, 1);
    const rises = pick(nowSeconds);
    if (rises === undefined) return UNKNOWN_PODS;
    for (const { note, risePods } of backTest.note(nowSeconds, running.length + waitingTotal, rises))
      note.add(risePods);
    if (!rises.isKnown) return UNKNOWN_PODS;
    if (cached?.rises !== rises || nowSeconds >= cached.until)
      cached = { rises, until: nowSeconds + 60, pods: rises.quantile(quantile) };
    return cached.pods;
  };
  return { name: `quantile:${quantile}`, bufferPods };
}
