import {
  type BootMinute,
  CURVE_PRICES,
  type CurvePoint,
  type CurveQuestion,
  type CurveSettings,
  type PriceCurve,
} from '../curve/price-curve.ts';
import { CapacityPolicy } from '../decide/capacity-policy.ts';
import { servicePolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import { replay } from './replay.ts';
import { JOBS_PER_1000_PRS } from './result.ts';

const DAY_SECONDS = 86_400;
const MINUTE_SECONDS = 60;
/** The first part of the builds is for learning. */
const LEARNING_SHARE = 1 / 3;

function priced(settings: CurveSettings, usual: number): CurveSettings {
  const byEvent = settings.buffer.waitPrices?.byEvent ?? {};
  return { ...settings, buffer: { ...settings.buffer, waitPrices: { usual, byEvent } } };
}

/** Replays the builds with each price of waiting. Takes seconds on long traces; the same question gives the same answer. */
export function playCurve(question: CurveQuestion): PriceCurve {
  const { jobs, settings } = question;
  const from = jobs[0]?.arrivedAt ?? 0;
  const until = jobs.at(-1)?.arrivedAt ?? from;
  const countFrom = from + (until - from) * LEARNING_SHARE;
  const days = Math.max(1 / 24, (until - countFrom) / DAY_SECONDS);
  const waitPrice = settings.buffer.waitPrices?.usual;
  const prices = [...new Set([...CURVE_PRICES, waitPrice ?? CURVE_PRICES[0] ?? 1])];
  const points = prices
    .toSorted((one, other) => one - other)
    .map((price) => playPoint(question, { countFrom, days, price }));
  const builds = jobs.filter(({ arrivedAt }) => arrivedAt >= countFrom).length;
  const own = points.find((point) => point.waitPrice === waitPrice);
  const slower = { ...question, bootSeconds: question.bootSeconds + MINUTE_SECONDS };
  const bootMinute =
    own && bootMinuteOf(own, playPoint(slower, { countFrom, days, price: own.waitPrice }), builds / days);
  return { days, builds, waitPrice, points, bootMinute };
}

function bootMinuteOf(own: CurvePoint, slower: CurvePoint, buildsPerDay: number): BootMinute {
  const nodeHoursPerDay = slower.nodeHoursPerDay - own.nodeHoursPerDay;
  return {
    nodeHoursPer1000Prs: (nodeHoursPerDay * JOBS_PER_1000_PRS) / Math.max(1, buildsPerDay),
    waitMeanSeconds: slower.waitMeanSeconds - own.waitMeanSeconds,
  };
}

function playPoint(
  { jobs, node, bootSeconds, settings }: CurveQuestion,
  { countFrom, days, price }: { readonly countFrom: number; readonly days: number; readonly price: number },
): CurvePoint {
  const changed = priced(settings, price);
  let waits = 0;
  let builds = 0;
  const { billedNodeHours: nodeHours, waitSeconds } = replay({
    ...{ jobs, node, bootSeconds, seed: 1, countFrom },
    billingUnitMs: settings.billing?.unitMs,
    policy: softlyPlaced(servicePolicy({ ...changed, policy: new CapacityPolicy(changed) })),
    onBound: (arrivedAt, at) => {
      if (arrivedAt < countFrom) return;
      waits += at - arrivedAt;
      builds += 1;
    },
  });
  return {
    waitPrice: price,
    nodeHoursPerDay: nodeHours / days,
    waitMinutesPerDay: waits / 60 / days,
    waitMeanSeconds: waits / Math.max(1, builds),
    waitP95Seconds: waitSeconds.p95,
  };
}
