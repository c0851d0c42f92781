import { BackTest } from './back-test.ts';
import type { BufferRule, DemandView } from './buffer-rule.ts';
import type { Calendar } from './calendar.ts';
import { DailyMeans } from './daily-means.ts';
import { type Chances, chancesOfRise, expectedRise } from './demand-chances.ts';
import { PushForecast } from './push-forecast.ts';
import { WaitBound } from './wait-bound.ts';
import { roomToKeep, roomToOrder, type Worth } from './waiting-price.ts';

/** Node-minutes for each minute that a build waits. */
export interface WaitPrices {
  readonly usual: number;
  /** Of builds of these events, such as `cron`. */
  readonly byEvent: Readonly<Record<string, number>>;
}

/** Settings of {@link priceRule}. */
export interface PriceRuleOptions {
  /** From a decision until its node works. */
  readonly leadSeconds: number;
  readonly prices: WaitPrices;
  /** Holidays; none by default. */
  readonly calendar?: Calendar | undefined;
  /** 95 % of the builds wait no longer than this; undefined: the price alone decides. */
  readonly waitBoundSeconds?: number | undefined;
}

/** The forecast is computed anew at the latest after this time, also when nothing happens: a scheduled push is foreseen in time. */
const LONGEST_SECONDS = 20;
/** Used until a pool says how many Pods a node holds. */
const PODS_PER_NODE = 3;

/** What may come, and what a minute of its waiting costs. */
interface Prospect {
  readonly rise: Chances;
  readonly expectedPods: number;
  readonly price: number;
  /** What the bound wants, whatever it costs. */
  readonly bounded: { readonly order: number; readonly keep: number };
}

const NOT_BOUNDED = { order: 0, keep: 0 } as const;

/** The prospect, computed anew when something happened, and from time to time. */
class RememberedProspect {
  readonly #compute: (view: DemandView) => Prospect;
  #atSeconds = -Infinity;
  #knownAhead = 0;
  #prospect: Prospect | undefined;

  constructor(compute: (view: DemandView) => Prospect) {
    this.#compute = compute;
  }

  at(view: DemandView): Prospect {
    const isNews = view.arrivals.length + view.finished.length > 0 || view.knownAhead !== this.#knownAhead;
    if (this.#prospect !== undefined && !isNews && view.nowSeconds < this.#atSeconds + LONGEST_SECONDS)
      return this.#prospect;
    this.#atSeconds = view.nowSeconds;
    this.#knownAhead = view.knownAhead;
    this.#prospect = this.#compute(view);
    return this.#prospect;
  }
}

const worthOf = ({ podsPerNode = PODS_PER_NODE }: DemandView, price: number): Worth => ({
  price,
  podsPerNode,
});

const buildsIn = ({ running, waitingTotal }: DemandView): number => running.length + waitingTotal;

/**
 * Sizes the free room by what waiting costs: a spare node is kept as long as the waiting that it is expected to save is worth more
 * than its idling. A bound for the wait may want more.
 *
 * @see docs/decisions/0024-price-of-waiting.md
 */
export function priceRule({ leadSeconds, prices, calendar, waitBoundSeconds }: PriceRuleOptions): BufferRule {
  const priceOf = (event: string): number => prices.byEvent[event] ?? prices.usual;
  const forecast = new PushForecast(leadSeconds, priceOf, calendar);
  const bound = waitBoundSeconds === undefined ? undefined : new WaitBound(waitBoundSeconds, leadSeconds);
  const remembered = new RememberedProspect((view) => {
    const changes = forecast.changes(view, leadSeconds);
    const rise = chancesOfRise(changes);
    const next = { sizes: changes.sizes, announcedShare: forecast.announcedShare };
    const bounded = bound?.room(rise, next) ?? NOT_BOUNDED;
    return { rise, expectedPods: expectedRise(rise), price: changes.price, bounded };
  });
  const backTest = new BackTest<number>(leadSeconds);
  const misses = new DailyMeans();
  let prospect: Prospect | undefined;
  let pods = 0;
  let isBounded = false;
  return {
    name: `price:${prices.usual}`,
    bufferPods: (view) => {
      forecast.learn(view);
      bound?.learn(view);
      prospect = remembered.at(view);
      for (const { at, note, risePods } of backTest.note(
        view.nowSeconds,
        buildsIn(view),
        prospect.expectedPods,
      ))
        misses.add(at, Math.abs(risePods - note));
      const worthwhile = roomToOrder(prospect.rise, worthOf(view, prospect.price), buildsIn(view));
      pods = Math.max(worthwhile, prospect.bounded.order);
      isBounded = pods > worthwhile;
      return pods;
    },
    announcedShare: () => forecast.announcedShare,
    because: () => {
      const room = `room for ${pods} more ${pods === 1 ? 'Pod' : 'Pods'}`;
      if (isBounded) return `${room} lets 95 % of the builds wait no longer than ${waitBoundSeconds} s`;
      const price = Number((prospect?.price ?? prices.usual).toFixed(1));
      return `${room} avoids waiting that costs more than the nodes, at ${price} node-minutes for each minute of waiting`;
    },
    bound: () => bound?.state,
    forecastError: (fromSeconds) => misses.mean(fromSeconds),
    keepPods: (view) => {
      const { rise, price, bounded } = prospect ?? remembered.at(view);
      return Math.max(bounded.keep, roomToKeep(rise, worthOf(view, price), buildsIn(view)));
    },
  };
}
