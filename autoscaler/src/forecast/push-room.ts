import type { Chances } from './demand-chances.ts';

/** The builds that arrive next, whenever that is. */
export interface NextPush {
  /** Chance of each size; index 0 is unused. */
  readonly sizes: Float64Array;
  /** Share of the builds that are announced, and so part of the rise already; 0 to 1. */
  readonly announcedShare: number;
}

/** The share of the builds of a push that find no place, by the number of free ones. A large push counts by its builds. */
function unplacedShares(sizes: Float64Array): Float64Array {
  const unplaced = new Float64Array(sizes.length);
  let ofThisSize = 0;
  for (let free = sizes.length - 2; free >= 0; free -= 1) {
    ofThisSize += sizes[free + 1] ?? 0;
    unplaced[free] = (unplaced[free + 1] ?? 0) + ofThisSize;
  }
  const mean = unplaced[0] ?? 0;
  return mean > 0 ? unplaced.map((builds) => builds / mean) : unplaced;
}

/** The share of the builds that find no place, if one more push comes when demand has risen. */
function waitingShare(
  { from, chances }: Chances,
  room: number,
  unplaced: Float64Array,
  announcedShare: number,
): number {
  let share = 0;
  for (const [nth, atLeast] of chances.entries()) {
    const chance = atLeast - (chances[nth + 1] ?? 0);
    const free = room - from - nth;
    const announced = free < 0 ? announcedShare : 0;
    share += chance * (announced + (1 - announcedShare) * (unplaced[Math.max(0, free)] ?? 0));
  }
  return share;
}

/**
 * The least free room with which no more than this share of the builds finds no place. It does not depend on how soon a push comes: pushes
 * that come independently find a system as it is at any time (Poisson arrivals see time averages).
 *
 * @param rise chances of demand at the time for which the room is kept
 */
export function roomForPush(
  rise: Chances,
  { sizes, announcedShare }: NextPush,
  allowedShare: number,
): number {
  const unplaced = unplacedShares(sizes);
  let low = 0;
  let high = Math.max(0, rise.from + rise.chances.length + sizes.length);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (waitingShare(rise, middle, unplaced, announcedShare) > allowedShare) low = middle + 1;
    else high = middle;
  }
  return low;
}
