import type { BufferRule, DemandView } from './buffer-rule.ts';
import { type Chances, chancesOfRise } from './demand-chances.ts';
import { PushForecast } from './push-forecast.ts';
import { roomToKeep, roomToOrder, type Worth } from './waiting-price.ts';

/** Settings of {@link priceRule}. */
export interface PriceRuleOptions {
  /** From a decision until its node works. */
  readonly leadSeconds: number;
  /** Node-minutes for each minute that a build waits. */
  readonly price: number;
}

/** The forecast is computed anew at the latest after this time, also when nothing happens: a scheduled push is foreseen in time. */
const LONGEST_SECONDS = 20;
/** Used until a pool says how many Pods a node holds. */
const PODS_PER_NODE = 3;

/** The chances of demand, computed anew when something happened, and from time to time. */
class RememberedChances {
  readonly #compute: (view: DemandView) => Chances;
  #atSeconds = -Infinity;
  #knownAhead = 0;
  #chances: Chances | undefined;

  constructor(compute: (view: DemandView) => Chances) {
    this.#compute = compute;
  }

  at(view: DemandView): Chances {
    const isNews =
      view.arrivals.length + view.finishedSeconds.length > 0 || view.knownAhead !== this.#knownAhead;
    if (this.#chances !== undefined && !isNews && view.nowSeconds < this.#atSeconds + LONGEST_SECONDS)
      return this.#chances;
    this.#atSeconds = view.nowSeconds;
    this.#knownAhead = view.knownAhead;
    this.#chances = this.#compute(view);
    return this.#chances;
  }
}

const buildsIn = ({ running, waitingTotal }: DemandView): number => running.length + waitingTotal;

/**
 * Sizes the free room by what waiting costs: a spare node is kept as long as the waiting that it is expected to save is worth more
 * than its idling.
 *
 * @see docs/decisions/0024-price-of-waiting.md
 */
export function priceRule({ leadSeconds, price }: PriceRuleOptions): BufferRule {
  const forecast = new PushForecast(leadSeconds);
  const remembered = new RememberedChances((view) => chancesOfRise(forecast.changes(view, leadSeconds)));
  const worthOf = ({ podsPerNode = PODS_PER_NODE }: DemandView): Worth => ({ price, podsPerNode });
  let rise: Chances | undefined;
  return {
    name: `price:${price}`,
    bufferPods: (view) => {
      forecast.learn(view);
      rise = remembered.at(view);
      return roomToOrder(rise, worthOf(view), buildsIn(view));
    },
    keepPods: (view) => roomToKeep(rise ?? remembered.at(view), worthOf(view), buildsIn(view)),
  };
}
