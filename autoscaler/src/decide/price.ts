import type { Calibration } from '../calibrate/calibrate.ts';
import { BUILDS_PER_PR } from '../calibrate/calibrate.ts';
import type { Cost } from './recommendation.ts';

/** Price of a node-hour, by name of the shape or the pool. */
export type Prices = Readonly<Record<string, number>>;

const HOURS = { day: 24, month: 730, second: 1 / 3600 } as const;

/** Hours of node room used by the Pods of 1000 PRs, from the calibration. */
export const podHoursOf1000Prs = ({ podsPerBuild, podSeconds }: Calibration): number =>
  1000 * BUILDS_PER_PR * podsPerBuild.value * podSeconds.value * HOURS.second;

/**
 * The cost of nodes.
 *
 * @param pods Pods that share these nodes now
 * @param podHours hours of node room used by the Pods of 1000 PRs
 */
export function costOf(perHour: number, pods: number, podHours: number): Cost {
  return {
    perHour,
    perDay: perHour * HOURS.day,
    perMonth: perHour * HOURS.month,
    per1000Prs: pods === 0 ? undefined : (perHour / pods) * podHours,
  };
}

/** The price of a name; undefined: it has none. Inherited keys such as `constructor` are not prices. */
export const priceOf = (prices: Prices, name: string): number | undefined =>
  Object.hasOwn(prices, name) ? prices[name] : undefined;

/** Names that have a price but match no pool and no shape: probably typing errors. */
export const unusedPrices = (prices: Prices, names: readonly string[]): readonly string[] =>
  Object.keys(prices).filter((name) => !names.includes(name));

/** `9.20 EUR`, or `9.20` without a currency. */
export const priceText = (amount: number, currency: string): string =>
  `${amount.toFixed(2)} ${currency}`.trim();
