import { type Chances, chanceOfAtLeast } from './demand-chances.ts';

/** What nodes and waiting cost. */
export interface Worth {
  /** Node-minutes for each minute that a build waits. */
  readonly price: number;
  /** Places on a node. */
  readonly podsPerNode: number;
}

/** Places of one more node that demand is expected to use, when so many places are free without it. */
export function usedPlaces(rise: Chances, freePods: number, podsPerNode: number): number {
  let used = 0;
  for (let place = 1; place <= podsPerNode; place += 1) used += chanceOfAtLeast(rise, freePods + place);
  return used;
}

/** The least free room at which another node no longer pays: its worth falls with the room. */
function leastRoom(rise: Chances, pays: (freePods: number) => boolean): number {
  let low = 0;
  let high = Math.max(0, rise.from + rise.chances.length);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (pays(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many times its minutes a node must be worth, beside few builds and beside many. */
interface Demanded {
  readonly quiet: number;
  readonly busy: number;
}

/**
 * A node that is ordered has to pay for its boot too, and one that is kept for the next boot that it spares. How much that is
 * depends on how long it will be wanted: beside many builds free room comes and goes with their ends, beside few it stays. Measured on
 * the table-like load (decision 24).
 */
const TO_ORDER: Demanded = { quiet: 1.5, busy: 12 };
const TO_KEEP: Demanded = { quiet: 1, busy: 3 };
/** Builds at which it is halfway between both. */
const HALFWAY_BUILDS = 20;

const demandedAt = ({ quiet, busy }: Demanded, builds: number): number =>
  quiet + ((busy - quiet) * builds) / (builds + HALFWAY_BUILDS);

const isWorth = (rise: Chances, freePods: number, { price, podsPerNode }: Worth, times: number): boolean =>
  usedPlaces(rise, freePods, podsPerNode) * (price + 1 / podsPerNode) >= times;

/**
 * Free room up to which one more node pays: the waiting that it saves, and its places that are used anyway, are worth more than its
 * minutes and its boot.
 *
 * @param rise chances of demand at the time at which a node that is ordered now would be ready
 * @param builds that run or wait
 */
export const roomToOrder = (rise: Chances, worth: Worth, builds: number): number =>
  leastRoom(rise, (free) => isWorth(rise, free, worth, demandedAt(TO_ORDER, builds)));

/**
 * Free room up to which a node that exists pays: its boot is paid. For one place on a node this is the quantile price / (price + 1)
 * of demand. What lies between this and {@link roomToOrder} is the hysteresis.
 */
export const roomToKeep = (rise: Chances, worth: Worth, builds: number): number =>
  leastRoom(rise, (free) => isWorth(rise, free, worth, demandedAt(TO_KEEP, builds)));
