import { BackTest, pinballLoss } from './back-test.ts';
import type { BufferRule, DemandView } from './buffer-rule.ts';
import { DailyMeans } from './daily-means.ts';
import { type DemandAhead, DemandForecast, type ForecastOptions } from './demand-forecast.ts';
import { WaitController } from './wait-controller.ts';

/** The fallback that needs no history; the forecast replaces it only where it performs better. */
export interface FallbackRule {
  readonly z: number;
  readonly floor: number;
}

/** Settings of {@link forecastRule}. */
export interface ForecastRuleOptions extends ForecastOptions {
  readonly fallback: FallbackRule;
  /** The target p95 wait in seconds; without it, or without known waits, only the quantile decides. */
  readonly objectiveP95Seconds?: number;
  /** Places that are free at the quietest hour, whatever the forecast is. */
  readonly floor: number;
}

interface Note {
  readonly ahead: DemandAhead;
  readonly fallbackPods: number;
}

/**
 * The part of the objective that waits are held to: builds arrive in clusters, and the correction lags. Announced builds should
 * hardly wait at all.
 */
const OBJECTIVE_SHARE = { announced: 0.05, surprise: 0.25 } as const;
/** A back-test of less than this is not conclusive: it has not seen the peaks. */
const LEAST_DAYS = 2;
/** Memory of the losses, in ticks of 10 s: about two days. */
const LOSS_MEMORY = 17_000;
/** Each hour of the day is judged by itself, because hours differ more than days. */
const HOURS = 24;

/** Compares the recent quantile losses of the forecast and the fallback. */
class LossComparison {
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

/**
 * The quantile forecast, used where its back-test beats the rule `z·√(running + waiting) + floor`, and that rule elsewhere.
 *
 * @see shared/design.md, "Forecast"
 */
export function forecastRule(options: ForecastRuleOptions): BufferRule {
  const forecast = new DemandForecast(options);
  const backTest = new BackTest<Note>(options.leadSeconds);
  const comparisons = Array.from({ length: HOURS }, () => new LossComparison());
  const waitController = new WaitController(options.objectiveP95Seconds ?? Infinity);
  let trusted = false;
  const misses = new DailyMeans();
  const comparisonAt = (seconds: number): LossComparison =>
    comparisons[Math.floor(seconds / 3600) % HOURS] ?? new LossComparison();

  const learn = (view: DemandView, note: Note): void => {
    const demand = view.running.length + view.waitingTotal;
    for (const { at, note: earlier, risePods } of backTest.note(view.nowSeconds, demand, note)) {
      forecast.judge(at, earlier.ahead, risePods);
      const loss = (forecastPods: number): number => pinballLoss(options.quantile, forecastPods, risePods);
      comparisonAt(at).judge(loss(earlier.ahead.bufferPods), loss(earlier.fallbackPods));
      misses.add(at, Math.abs(risePods - earlier.ahead.expectedPods));
    }
  };

  const objectiveShare = (): number =>
    OBJECTIVE_SHARE.announced +
    (OBJECTIVE_SHARE.surprise - OBJECTIVE_SHARE.announced) * forecast.unknownShare;

  const freeRoom = (view: DemandView): number => {
    const ahead = forecast.ahead(view);
    const demand = view.running.length + view.waitingTotal;
    const fallbackPods = options.fallback.z * Math.sqrt(demand) + options.fallback.floor;
    learn(view, { ahead, fallbackPods });
    if (options.objectiveP95Seconds !== undefined) waitController.learn(view.waits ?? [], objectiveShare());
    const more = waitController.margin * ahead.spreadPods;
    trusted = forecast.profile.wholeDays >= LEAST_DAYS && comparisonAt(view.nowSeconds).forecastWins;
    if (!trusted) return Math.max(options.floor, view.knownAhead, fallbackPods + more);
    // The floor covers a push that was not announced.
    return Math.max(options.floor * forecast.unknownShare, ahead.bufferPods + more);
  };

  return {
    name: 'forecast',
    bufferPods: (view) => {
      forecast.learn(view);
      return freeRoom(view);
    },
    isForecast: () => trusted,
    keepPods: (view) => forecast.worthKeeping(view, waitController.margin),
    forecastError: (fromSeconds) => misses.mean(fromSeconds),
  };
}
