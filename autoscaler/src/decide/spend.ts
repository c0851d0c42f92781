import type { Pool } from '../capacity/pools.ts';
import type { NodeHours } from '../capacity/spend-book.ts';
import { type Prices, priceOf, priceText } from './price.ts';
import type { PoolSize, Spend } from './recommendation.ts';

/** The spend limit and how money is counted. */
export interface SpendLimit {
  readonly prices: Prices;
  /** The currency appended to amounts; may be empty. */
  readonly currency: string;
  /** All pools with a price together, from midnight to midnight UTC. Undefined: no bound. */
  readonly maxPerDay: number | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The cost of live pools; undefined: none of them has a price. */
export function spendOf(pools: readonly Pool[], hours: NodeHours, money: SpendLimit): Spend | undefined {
  const priced = pools.filter(({ name }) => priceOf(money.prices, name) !== undefined);
  const seen = [...hours.byPool].map(([name, count]) => (priceOf(money.prices, name) ?? 0) * count);
  if (priced.length === 0) return undefined;
  return {
    perHourNow: priced.reduce(
      (sum, { name, nodes }) => sum + (priceOf(money.prices, name) ?? 0) * nodes.length,
      0,
    ),
    today: seen.reduce((sum, one) => sum + one, 0),
    countedFromMs: hours.countedFromMs,
    maxPerDay: money.maxPerDay,
    unpricedPools: pools.filter((pool) => !priced.includes(pool)).map(({ name }) => name),
  };
}

/**
 * The hourly spend that is allowed from now on, so that the daily limit is never exceeded: what is left lasts an hour, or until
 * midnight.
 */
export function affordablePerHour({ today, maxPerDay = Infinity }: Spend, nowMs: number): number {
  const leftHours = (DAY_MS - (nowMs % DAY_MS)) / HOUR_MS;
  return Math.max(0, maxPerDay - today) / Math.min(1, leftHours);
}

/**
 * Holds pools with a price within the daily spend limit, the first of them first. Nodes that hold builds are never removed: the
 * bound takes effect as builds end. It overrides floors, and a pool shrinks no faster than otherwise.
 *
 * @param sizes in the order in which the money is assigned to them
 */
export function withinSpend(
  sizes: readonly PoolSize[],
  spend: Spend,
  { prices, currency }: SpendLimit,
  { nowMs, stepDown }: { readonly nowMs: number; readonly stepDown: number },
): readonly PoolSize[] {
  if (spend.maxPerDay === undefined) return sizes;
  const perHour = affordablePerHour(spend, nowMs);
  const busy = ({ actualNodes, emptyNodes, desiredNodes }: PoolSize): number =>
    Math.min(desiredNodes, actualNodes - emptyNodes);
  const price = ({ pool }: PoolSize): number | undefined => priceOf(prices, pool);
  let left = perHour - sizes.reduce((sum, size) => sum + busy(size) * (price(size) ?? 0), 0);
  const why = `${priceText(spend.today, currency)} of ${priceText(spend.maxPerDay, currency)} a day are spent, so all pools together may cost at most ${priceText(perHour, currency)} an hour`;
  return sizes.map((size) => {
    const each = price(size);
    if (each === undefined || each === 0) return size;
    const more = Math.max(0, Math.floor(left / each + 1e-9));
    const allowed = Math.max(busy(size) + more, size.actualNodes - stepDown);
    const nodes = Math.min(size.desiredNodes, allowed);
    left -= (nodes - busy(size)) * each;
    if (nodes === size.desiredNodes) return size;
    return {
      ...size,
      desiredNodes: nodes,
      needNodes: Math.min(nodes, size.needNodes),
      shrinkToNodes: Math.min(nodes, size.shrinkToNodes),
      spareNodes: Math.min(nodes, size.spareNodes),
      shortNodes: size.shortNodes + size.desiredNodes - nodes,
      because: [...size.because, `${nodes} at most: ${why}`],
    };
  });
}
