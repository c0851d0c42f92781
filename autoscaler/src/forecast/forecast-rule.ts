import type { BufferRule, DemandView } from './buffer-rule.ts';
import { BackTest, pinballLoss } from './back-test.ts';
import { type DemandAhead, DemandForecast, type ForecastOptions } from './demand-forecast.ts';
import { WaitGovernor } from './wait-governor.ts';

/** The fallback that needs no history, and must be beaten to be replaced. */
export interface FallbackRule {
  readonly z: number;
  readonly floor: number;
}

/** Settings of {@link forecastRule}. */
export interface ForecastRuleOptions extends ForecastOptions {
  readonly fallback: FallbackRule;
  /** The p95 wait that is aimed at, in seconds; without it, or without known waits, the quantile alone decides. */
  readonly objectiveP95Seconds?: number;
  /** Places that are free at the quietest hour, whatever the forecast says. */
  readonly floor: number;
}

interface Note {
  readonly ahead: DemandAhead;
  readonly fallbackPods: number;
}

/**
 * Waits are held to a part of the objective: builds come in clusters, and what is learned is learned late. What was announced
 * should hardly wait at all.
 */
const OBJECTIVE_SHARE = { announced: 0.05, surprise: 0.25 } as const;
/** A back-test of less than a day proves nothing: it has not seen the peak. */
const LEAST_DAYS = 2;
/** Losses fade over about two days of ticks of 10 s. */
const LOSS_MEMORY = 17_000;
/** Days differ, hours differ more: each hour of the day is judged by itself. */
const HOURS = 24;

/** Which of two answers has done better lately, by the loss of a quantile. */
class Contest {
  #forecast = 0;
  #fallback = 0;

  judge(forecastLoss: number, fallbackLoss: number): void {
    const share = HOURS / LOSS_MEMORY;
    this.#forecast += (forecastLoss - this.#forecast) * share;
    this.#fallback += (fallbackLoss - this.#fallback) * share;
  }

  get forecastWins(): boolean {
    return this.#forecast < this.#fallback;
  }
}

const DAY = 86_400;

/** How far the forecast was off, day by day. */
class DailyMisses {
  readonly #days = new Map<number, { pods: number; count: number }>();

  add(atSeconds: number, pods: number): void {
    const day = Math.floor(atSeconds / DAY);
    const sum = this.#days.get(day) ?? { pods: 0, count: 0 };
    this.#days.set(day, { pods: sum.pods + pods, count: sum.count + 1 });
  }

  /** In Pods, over the days from that time on; undefined when there was no miss or hit in them. */
  mean(fromSeconds = -Infinity): number | undefined {
    const days = [...this.#days].filter(([day]) => (day + 1) * DAY > fromSeconds).map(([, sum]) => sum);
    const count = days.reduce((sum, one) => sum + one.count, 0);
    return count === 0 ? undefined : days.reduce((sum, { pods }) => sum + pods, 0) / count;
  }
}

/**
 * The quantile forecast, used where its own back-test beats the rule `z·√(running + waiting) + floor`, and that rule elsewhere.
 *
 * @see shared/design.md, "Forecast"
 */
export function forecastRule(options: ForecastRuleOptions): BufferRule {
  const forecast = new DemandForecast(options);
  const backTest = new BackTest<Note>(options.leadSeconds);
  const contests = Array.from({ length: HOURS }, () => new Contest());
  const governor = new WaitGovernor(options.objectiveP95Seconds ?? Infinity);
  let trusted = false;
  const misses = new DailyMisses();
  const contestAt = (seconds: number): Contest =>
    contests[Math.floor(seconds / 3600) % HOURS] ?? new Contest();

  const learn = (view: DemandView, note: Note): void => {
    const demand = view.running.length + view.waitingTotal;
    for (const { at, note: then, risePods } of backTest.note(view.nowSeconds, demand, note)) {
      forecast.judge(at, then.ahead, risePods);
      const loss = (foretold: number): number => pinballLoss(options.quantile, foretold, risePods);
      contestAt(at).judge(loss(then.ahead.bufferPods), loss(then.fallbackPods));
      misses.add(at, Math.abs(risePods - then.ahead.expectedPods));
    }
  };

  const borneShare = (): number =>
    OBJECTIVE_SHARE.announced +
    (OBJECTIVE_SHARE.surprise - OBJECTIVE_SHARE.announced) * forecast.unknownShare;

  const freeRoom = (view: DemandView): number => {
    const ahead = forecast.ahead(view);
    const demand = view.running.length + view.waitingTotal;
    const fallbackPods = options.fallback.z * Math.sqrt(demand) + options.fallback.floor;
    learn(view, { ahead, fallbackPods });
    if (options.objectiveP95Seconds !== undefined) governor.learn(view.waits ?? [], borneShare());
    const more = governor.margin * ahead.spreadPods;
    trusted = forecast.profile.wholeDays >= LEAST_DAYS && contestAt(view.nowSeconds).forecastWins;
    if (!trusted) return Math.max(options.floor, view.knownAhead, fallbackPods + more);
    // The floor is for a push that nobody announced.
    return Math.max(options.floor * forecast.unknownShare, ahead.bufferPods + more);
  };

  return {
    name: 'forecast',
    bufferPods: (view) => {
      forecast.learn(view);
      return freeRoom(view);
    },
    isForecast: () => trusted,
    keepPods: (view) => forecast.worthKeeping(view, governor.margin),
    forecastError: (fromSeconds) => misses.mean(fromSeconds),
  };
}
