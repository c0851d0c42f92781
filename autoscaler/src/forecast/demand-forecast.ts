import { PUSH_SECONDS } from '../capacity/pushes.ts';
import { ArrivalProfile } from './arrival-profile.ts';
import { QuantileTracker } from './quantile-tracker.ts';
import { countByAge, RunTimes } from './run-times.ts';

/** What a forecast learns from at each tick: arrivals and ends since the tick before, and what runs. */
export interface DemandSeen {
  readonly nowSeconds: number;
  readonly arrivals: readonly number[];
  readonly finishedSeconds: readonly number[];
  readonly running: readonly { readonly startedAt: number }[];
  readonly waitingTotal: number;
  /** Jobs that are known and have not arrived; 0 when nobody tells. */
  readonly knownAhead?: number;
}

/** Settings of a {@link DemandForecast}. */
export interface ForecastOptions {
  /** From a decision until its node works: scrape, tick and boot. */
  readonly leadSeconds: number;
  /** The share of moments in which the buffer shall be enough. */
  readonly quantile: number;
}

/** Demand over the lead time, in Pods above today's. */
export interface DemandAhead {
  /** The buffer that is enough in the wanted share of moments; ≥ 0. */
  readonly bufferPods: number;
  readonly expectedPods: number;
  readonly spreadPods: number;
}

/** Demand at one time, above today's, in Pods. */
interface Outlook {
  readonly mean: number;
  readonly spread: number;
}

/** Parts of the lead time at which demand is looked at: its peak may come before its end. */
const PARTS = [0.15, 0.4, 0.7, 1] as const;
/** In lead times: a node that is needed again so soon is cheaper kept than ordered anew. */
const KEEP_PARTS = [1.5, 2] as const;
/** How fast the last hour's weight fades when it corrects the usual. */
const RECENT_SECONDS = 1500;
/** Arrivals that the usual weighs as much as: the more, the slower a day is believed to be different. */
const PRIOR_PODS = 60;
/** How fast the share of arrivals that are known ahead is learned, for each tick: half of it in about an hour. */
const KNOWN_STEP = 0.002;
const PUSH_MEMORY = 2000;
const HOURS = 24;
const STANDARD_NORMAL: readonly (readonly [number, number])[] = [
  [0.5, 0],
  [0.8, 0.84],
  [0.9, 1.28],
  [0.95, 1.64],
  [0.98, 2.05],
  [0.99, 2.33],
];

const firstGuess = (share: number): number =>
  STANDARD_NORMAL.reduce((best, [at, z]) => (at <= share ? z : best), 0);

/**
 * How much more room will be needed over the lead time: usual arrivals by weekday and quarter of an hour, corrected by recent
 * ones, less the builds that are likely to end; its spread from the size of pushes; and a factor on that spread that is held
 * to what really came, hour by hour.
 *
 * @see scheduling-and-scaling §4.2
 */
export class DemandForecast {
  readonly profile = new ArrivalProfile();
  readonly #runTimes = new RunTimes();
  readonly #options: ForecastOptions;
  readonly #trackers: QuantileTracker[];
  #recent = 0;
  #recentUsual = 0;
  #lastTickAt: number | undefined;
  #lastArrivalAt = -Infinity;
  #knownMean = 0;
  #arrivalsMean = 0;
  #pushSize = 1;
  #squares = 1;
  #pushes = 1;

  constructor(options: ForecastOptions) {
    this.#options = options;
    this.#trackers = Array.from(
      { length: HOURS },
      () => new QuantileTracker(options.quantile, firstGuess(options.quantile)),
    );
  }

  /** Takes in what happened since the last call. */
  learn(seen: DemandSeen): void {
    const from = this.#lastTickAt ?? seen.nowSeconds;
    const fade = Math.exp(-(seen.nowSeconds - from) / RECENT_SECONDS);
    this.#recent *= fade;
    this.#recentUsual = this.#recentUsual * fade + this.profile.expected(from, seen.nowSeconds);
    for (const at of seen.arrivals) this.#arrived(at);
    for (const runSeconds of seen.finishedSeconds) this.#runTimes.ended(runSeconds);
    this.profile.advance(seen.nowSeconds);
    this.#lastTickAt = seen.nowSeconds;
  }

  #arrived(at: number): void {
    this.profile.advance(at);
    this.profile.arrived(at);
    this.#recent += 1;
    if (at - this.#lastArrivalAt > PUSH_SECONDS) this.#closePush();
    this.#lastArrivalAt = at;
    this.#pushSize += 1;
  }

  #closePush(): void {
    const keep = 1 - 1 / PUSH_MEMORY;
    this.#squares = this.#squares * keep + this.#pushSize * this.#pushSize;
    this.#pushes = this.#pushes * keep + this.#pushSize;
    this.#pushSize = 0;
  }

  /** Demand over the lead time as it looks now. */
  ahead(seen: DemandSeen): DemandAhead {
    this.#learnKnown(seen);
    return this.#peak(seen, PARTS, 0);
  }

  /**
   * Free room that is worth keeping, in Pods: what is likely to be needed again before a node that goes now could be there again.
   *
   * @param margin added to the factor on the spread, as on the buffer's
   */
  worthKeeping(seen: DemandSeen, margin: number): number {
    return this.#peak(seen, KEEP_PARTS, margin).bufferPods;
  }

  /** The part of the time, in lead times, at which demand reaches highest. */
  #peak(seen: DemandSeen, parts: readonly number[], margin: number): DemandAhead {
    const ages = countByAge(seen.running, seen.nowSeconds);
    const factor = this.#tracker(seen.nowSeconds).value + margin;
    const reach = (one: Outlook): number => one.mean + factor * one.spread;
    const peak = parts
      .map((part) => this.#part(seen, ages, part * this.#options.leadSeconds))
      .reduce((high, one) => (reach(one) > reach(high) ? one : high));
    return { bufferPods: Math.max(0, reach(peak)), expectedPods: peak.mean, spreadPods: peak.spread };
  }

  /** What is announced, against what is expected over the lead time: how much of the expected is not announced. */
  #learnKnown(seen: DemandSeen): void {
    this.#knownMean += ((seen.knownAhead ?? 0) - this.#knownMean) * KNOWN_STEP;
    this.#arrivalsMean +=
      (this.#usual(seen.nowSeconds, this.#options.leadSeconds) - this.#arrivalsMean) * KNOWN_STEP;
  }

  /** The share of arrivals that nobody announces, 0 to 1. */
  get unknownShare(): number {
    return this.#arrivalsMean <= 0 ? 1 : Math.max(0, 1 - this.#knownMean / this.#arrivalsMean);
  }

  #usual(nowSeconds: number, withinSeconds: number): number {
    const usual = this.profile.expected(nowSeconds, nowSeconds + withinSeconds);
    return (usual * (PRIOR_PODS + this.#recent)) / (PRIOR_PODS + this.#recentUsual);
  }

  /** Tells what came: the largest rise over the lead time that was foretold by `ahead` at `atSeconds`. */
  judge(atSeconds: number, ahead: DemandAhead, risePods: number): void {
    this.#tracker(atSeconds).saw((risePods - ahead.expectedPods) / ahead.spreadPods);
  }

  #tracker(atSeconds: number): QuantileTracker {
    const hour = Math.floor(atSeconds / 3600) % HOURS;
    return this.#trackers[hour] ?? new QuantileTracker(this.#options.quantile, 0);
  }

  /** Arrivals that nobody announced; beyond the lead time nothing is announced yet. */
  #surprise(nowSeconds: number, withinSeconds: number): number {
    const near = this.#usual(nowSeconds, Math.min(withinSeconds, this.#options.leadSeconds));
    return this.#usual(nowSeconds, withinSeconds) - near * (1 - this.unknownShare);
  }

  #part(seen: DemandSeen, ages: Float64Array, withinSeconds: number): Outlook {
    const surprise = this.#surprise(seen.nowSeconds, withinSeconds);
    const part = Math.min(1, withinSeconds / this.#options.leadSeconds);
    const known = (seen.knownAhead ?? 0) * part;
    const arrivals = surprise + known;
    let leaving = 0;
    let spread = 0;
    const chances = this.#runTimes.chancesOfEnd(withinSeconds);
    for (const [bin, count] of ages.entries()) {
      const chance = chances[bin] ?? 0;
      leaving += count * chance;
      spread += count * chance * (1 - chance);
    }
    const early = arrivals * this.#runTimes.chanceOfEnd(0, withinSeconds / 2);
    const clumping = this.#squares / Math.max(1, this.#pushes);
    const clumped = (surprise + known * (1 - part)) * clumping;
    return { mean: arrivals - leaving - early, spread: Math.sqrt(spread + clumped + 1) };
  }
}
