import { PUSH_SECONDS } from '../capacity/pushes.ts';
import type { BufferRule, DemandView } from './buffer-rule.ts';
import { type Changes, chancesOfRise } from './demand-chances.ts';
import { PushCounts } from './push-counts.ts';
import { PushSizes } from './push-sizes.ts';
import { RecentActivity } from './recent-activity.ts';
import { countByAge, RunTimes } from './run-times.ts';
import { roomToKeep, roomToOrder, type Worth } from './waiting-price.ts';

/** Settings of {@link priceRule}. */
export interface PriceRuleOptions {
  /** From a decision until its node works. */
  readonly leadSeconds: number;
  /** Node-minutes for each minute that a build waits. */
  readonly price: number;
}

/** In lead times: closing is judged by what is needed again this soon. */
const KEEP_PARTS = [1, 2] as const;
const DAY = 86_400;
/** A peak is foreseen with this precision. */
const LONGEST_SECONDS = 20;
/** A scheduled push that is later than it ever was may still come for so long. */
const LATE_SECONDS = 30;
/** Learning rate per tick of the share of arrivals known in advance: half of it in about an hour. */
const KNOWN_STEP = 0.002;
/** Used until a pool says how many Pods a node holds. */
const PODS_PER_NODE = 3;

/** What pushes do in the coming time. */
export class PushForecast {
  readonly #leadSeconds: number;
  readonly #counts = new PushCounts();
  readonly #activity: RecentActivity;
  readonly #sizes = new PushSizes();
  readonly #runTimes = new RunTimes();
  #lastAt: number | undefined;
  #open: { readonly at: number; lastAt: number; size: number } | undefined;
  readonly #arrivedPeaks = new Map<number, number>();
  #ages:
    | {
        readonly view: DemandView;
        readonly ages: readonly { readonly bin: number; readonly count: number }[];
      }
    | undefined;
  #knownMean = 0;
  #arrivalsMean = 0;

  constructor(leadSeconds: number) {
    this.#leadSeconds = leadSeconds;
    this.#activity = new RecentActivity(leadSeconds);
  }

  learn(view: DemandView): void {
    const { nowSeconds } = view;
    const from = this.#lastAt ?? nowSeconds;
    this.#counts.advance(nowSeconds);
    let pushes = 0;
    for (const at of view.arrivals) pushes += this.#arrived(at) ? 1 : 0;
    this.#closePush(nowSeconds);
    for (const seconds of view.finishedSeconds) this.#runTimes.ended(seconds);
    this.#activity.passed(nowSeconds - from, pushes, this.#counts.expected(from, nowSeconds));
    const usual = this.#counts.expected(nowSeconds, nowSeconds + this.#leadSeconds);
    this.#activity.judge(nowSeconds, usual);
    this.#knownMean += (view.knownAhead - this.#knownMean) * KNOWN_STEP;
    this.#arrivalsMean += (usual * this.#sizes.mean - this.#arrivalsMean) * KNOWN_STEP;
    this.#lastAt = nowSeconds;
  }

  /** @returns whether a new push began that no peak explains */
  #arrived(at: number): boolean {
    if (this.#open !== undefined && at - this.#open.lastAt <= PUSH_SECONDS) {
      this.#open.size += 1;
      this.#open.lastAt = at;
      return false;
    }
    this.#closePush(Infinity);
    this.#open = { at, lastAt: at, size: 1 };
    const minute = Math.floor((at % DAY) / 60);
    if (!this.#counts.peaks(at).some((peak) => peak.minute === minute)) return true;
    this.#arrivedPeaks.set(minute, Math.floor(at / DAY));
    return false;
  }

  #closePush(nowSeconds: number): void {
    if (this.#open === undefined || nowSeconds - this.#open.lastAt <= PUSH_SECONDS) return;
    const { at, size } = this.#open;
    this.#counts.pushed(at, size);
    this.#sizes.pushed(at, size);
    this.#open = undefined;
  }

  /** What changes demand within so many seconds. */
  changes(view: DemandView, withinSeconds: number): Changes {
    const { nowSeconds } = view;
    const { mean, shape } = this.#activity.factor;
    const near = Math.min(withinSeconds, this.#leadSeconds);
    const unknown = this.#unknownShare;
    const expect = (seconds: number): number => this.#counts.expected(nowSeconds, nowSeconds + seconds);
    const usual = expect(withinSeconds) - expect(near) * (1 - unknown);
    const early = this.#runTimes.chanceOfEnd(0, withinSeconds / 2);
    const chances = this.#runTimes.chancesOfEnd(withinSeconds);
    const leaving = this.#agesOf(view).map(({ bin, count }) => ({ count, chance: chances[bin] ?? 0 }));
    const peaks = this.#counts.peaks(nowSeconds);
    return {
      pushes: { mean: usual * mean * (1 - early), shape },
      sizes: this.#sizes.chances(peaks),
      singles: this.#coming(nowSeconds, withinSeconds),
      known: Math.round(view.knownAhead * Math.min(1, withinSeconds / this.#leadSeconds)),
      leaving,
    };
  }

  #agesOf(view: DemandView): readonly { readonly bin: number; readonly count: number }[] {
    if (this.#ages?.view === view) return this.#ages.ages;
    const ages: { bin: number; count: number }[] = [];
    if (view.running.length > 0)
      countByAge(view.running, view.nowSeconds).forEach((count, bin) => {
        if (count > 0) ages.push({ bin, count });
      });
    this.#ages = { view, ages };
    return ages;
  }

  /** The share of arrivals that are not announced, 0 to 1. */
  get #unknownShare(): number {
    return this.#arrivalsMean <= 0 ? 1 : Math.max(0, 1 - this.#knownMean / this.#arrivalsMean);
  }

  #coming(nowSeconds: number, withinSeconds: number): Changes['singles'] {
    const today = Math.floor(nowSeconds / DAY);
    return [today, today + 1].flatMap((day) =>
      this.#counts.peaks(day * DAY).filter(({ minute, earliestSecond, latestSecond }) => {
        if (this.#arrivedPeaks.get(minute) === day) return false;
        const begins = day * DAY + earliestSecond;
        return begins <= nowSeconds + withinSeconds && nowSeconds <= day * DAY + latestSecond + LATE_SECONDS;
      }),
    );
  }
}

/** Remembers an answer for a while: the rate of pushes changes slowly. */
class Remembered {
  readonly #forSeconds: number;
  #at = -Infinity;
  #demand = -1;
  #pods = 0;

  constructor(forSeconds: number) {
    this.#forSeconds = forSeconds;
  }

  /** @param demand computed anew whenever it changes */
  get(nowSeconds: number, demand: number, compute: () => number): number {
    if (demand !== this.#demand || nowSeconds - this.#at >= this.#forSeconds) {
      this.#pods = compute();
      this.#demand = demand;
      this.#at = nowSeconds;
    }
    return this.#pods;
  }
}

/** Sizes the free room by what waiting costs: a spare node is there as long as the waiting that it saves is worth more than it. */
export function priceRule({ leadSeconds, price }: PriceRuleOptions): BufferRule {
  const forecast = new PushForecast(leadSeconds);
  const worthOf = ({ podsPerNode = PODS_PER_NODE }: DemandView): Worth => ({ price, podsPerNode });
  const order = new Remembered(LONGEST_SECONDS);
  const keep = new Remembered(LONGEST_SECONDS);
  let events = 0;
  const computeKeep = (view: DemandView): number => {
    const rooms = KEEP_PARTS.map((part) => {
      const rise = chancesOfRise(forecast.changes(view, part * leadSeconds));
      return roomToKeep(rise, worthOf(view), 1 / part);
    });
    return Math.max(...rooms);
  };
  return {
    name: `price:${price}`,
    bufferPods: (view) => {
      forecast.learn(view);
      events += view.arrivals.length + view.finishedSeconds.length;
      return order.get(view.nowSeconds, events + view.knownAhead / 1e6, () =>
        roomToOrder(chancesOfRise(forecast.changes(view, leadSeconds)), worthOf(view)),
      );
    },
    keepPods: (view) => keep.get(view.nowSeconds, 0, () => computeKeep(view)),
  };
}
