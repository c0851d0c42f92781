import type { Advice } from '../advise/advice.ts';
import type {
  Cost,
  NodeMix,
  PoolSize,
  Recommendation,
  RequestClass,
  Spend,
} from '../decide/recommendation.ts';
import { resourcesJson } from '../recommend/as-json.ts';

/** Rounds to hundredths of a cent. */
const round = (value: number): number => Math.round(value * 10_000) / 10_000;
const orNull = (value: number | undefined): number | null => (value === undefined ? null : round(value));

const costAnswer = ({ perHour, perDay, perMonth, per1000Prs }: Cost) => ({
  perHour: round(perHour),
  perDay: round(perDay),
  perMonth: round(perMonth),
  per1000Prs: orNull(per1000Prs),
});

/** Null where there is no price. */
export const maybeCostAnswer = (cost: Cost | undefined) => (cost === undefined ? null : costAnswer(cost));

const mixAnswer = ({ parts, cost, waitP95Seconds, tooLargeShare, because }: NodeMix) => ({
  parts: parts.map(({ shape, nodes, perHour }) => ({ shape, nodes, perHour: round(perHour) })),
  cost: costAnswer(cost),
  waitP95Seconds: orNull(waitP95Seconds),
  tooLargeShare: round(tooLargeShare),
  because,
});

/** Null where there is no price, or nothing was simulated. */
export const poolAnswer = ({ nodePerHour, waitP95Seconds, ...rest }: PoolSize) => ({
  ...rest,
  waitP95Seconds: orNull(waitP95Seconds),
  nodePerHour: orNull(nodePerHour),
});

const spendAnswer = ({ perHourNow, today, countedFromMs, maxPerDay, unpricedPools }: Spend) => ({
  perHourNow: round(perHourNow),
  today: round(today),
  countedFrom: new Date(countedFromMs).toISOString(),
  maxPerDay: orNull(maxPerDay),
  unpricedPools,
});

const classAnswer = ({ request, share, ...rest }: RequestClass) => ({
  request: resourcesJson(request),
  share: round(share),
  ...rest,
});

const adviceAnswer = ({ saves, ...rest }: Advice) => ({
  ...rest,
  saves: {
    nodeHoursShare: orNull(saves.nodeHoursShare),
    waitP95Seconds: orNull(saves.waitP95Seconds),
    basis: saves.basis,
    text: saves.text,
  },
});

/** The part of a recommendation about sizes of Pods, prices and node scalers. */
export const costsAnswer = ({ requestClasses, mix, currency, spend, advice }: Recommendation) => ({
  requestClasses: requestClasses.map(classAnswer),
  currency,
  mix: mix === undefined ? null : mixAnswer(mix),
  spend: spend === undefined ? null : spendAnswer(spend),
  advice: advice.map(adviceAnswer),
});
