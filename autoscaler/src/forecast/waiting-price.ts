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

/** The least free room at which `isWorth` no longer holds; it falls with the room. At least `least`. */
export function leastRoom(rise: Chances, least: number, isWorth: (freePods: number) => boolean): number {
  let low = least;
  let high = Math.max(least, rise.from + rise.chances.length);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isWorth(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A node that is ordered has to pay for its boot too: about a third of a minute for each minute that it then stays. */
const BOOT_MARGIN = 0.3;

/**
 * Free room up to which one more node pays: the waiting that it saves, and its places that are used anyway, are worth more than its
 * minute. For one place on a node this is the quantile price / (price + 1) of demand.
 *
 * @param rise chances of demand at the time at which a node that is ordered now would be ready
 */
export const roomToOrder = (rise: Chances, { price, podsPerNode }: Worth): number =>
  leastRoom(
    rise,
    0,
    (free) => usedPlaces(rise, free, podsPerNode) * (price + 1 / podsPerNode) >= 1 + BOOT_MARGIN,
  );

/**
 * Free room up to which a node that exists pays: as {@link roomToOrder}, and closing it saves no more than the boot that is needed
 * when it is wanted again.
 *
 * @param bootShare the time of a boot as a share of the time that `rise` looks ahead
 */
export const roomToKeep = (rise: Chances, { price, podsPerNode }: Worth, bootShare: number): number =>
  leastRoom(rise, 0, (free) => {
    const again = bootShare * chanceOfAtLeast(rise, free + 1);
    return usedPlaces(rise, free, podsPerNode) * (price + 1 / podsPerNode) + again >= 1;
  });
