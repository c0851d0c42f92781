import type { EndedBuild } from '../capacity/job.ts';
import { PUSH_SECONDS } from '../capacity/pushes.ts';
import { ArrivalProfile } from './arrival-profile.ts';
import { QuantileTracker } from './quantile-tracker.ts';
import { countByAge, RunTimes } from './run-times.ts';

/** The input of a forecast at each tick: arrivals and ends since the previous tick, and what runs. */
export interface ObservedDemand {
  readonly nowSeconds: number;
  readonly arrivals: readonly number[];
  readonly finished: readonly EndedBuild[];
  readonly running: readonly { readonly startedAt: number }[];
  readonly waitingTotal: number;
  /** Jobs that are announced and have not arrived; 0 when unknown. */
  readonly knownAhead?: number;
}

/** Settings of a {@link DemandForecast}. */
export interface ForecastOptions {
  /** The time from a decision until its node works: scrape, tick and boot. */
  readonly leadSeconds: number;
  /** The share of moments in which the buffer must be sufficient. */
  readonly quantile: number;
}

/** Demand over the lead time, in Pods above the current demand. */
export interface DemandAhead {
  /** The buffer that is sufficient in the wanted share of moments; ≥ 0. */
  readonly bufferPods: number;
  readonly expectedPods: number;
  readonly spreadPods: number;
}

/** Demand at one time, above the current demand, in Pods. */
interface Outlook {
  readonly mean: number;
  readonly spread: number;
}

/** Points of the lead time at which demand is computed: its peak may be before its end. */
const PARTS = [0.15, 0.4, 0.7, 1] as const;
/** In lead times: keeping a node that is needed again this soon is cheaper than ordering a new one. */
const KEEP_PARTS = [1.5, 2] as const;
/** Decay time of recent arrivals when they correct the usual rate. */
const RECENT_SECONDS = 1500;
/** The weight of the usual rate, in arrivals: the larger, the more slowly the forecast follows an unusual day. */
const PRIOR_PODS = 60;
/** Learning rate per tick of the share of arrivals known in advance: half of it in about an hour. */
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
 * How much more room will be needed over the lead time: usual arrivals by weekday and quarter of an hour, corrected by recent ones,
 * minus the builds that are likely to end; the spread from the size of pushes; and a factor on that spread that is adjusted to the
 * observed outcomes, hour by hour.
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

  /** Learns from what happened since the last call. */
  learn(seen: ObservedDemand): void {
    const from = this.#lastTickAt ?? seen.nowSeconds;
    const fade = Math.exp(-(seen.nowSeconds - from) / RECENT_SECONDS);
    this.#recent *= fade;
    this.#recentUsual = this.#recentUsual * fade + this.profile.expected(from, seen.nowSeconds);
    for (const at of seen.arrivals) this.#arrived(at);
    for (const { seconds } of seen.finished) this.#runTimes.ended(seconds);
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

  /** The current forecast of demand over the lead time. */
  ahead(seen: ObservedDemand): DemandAhead {
    this.#learnKnown(seen);
    return this.#peak(seen, PARTS, 0);
  }

  /**
   * Free room that is worth keeping, in Pods: what is likely to be needed again before a new node could replace one that is removed
   * now.
   *
   * @param margin added to the factor on the spread, as on the buffer's
   */
  worthKeeping(seen: ObservedDemand, margin: number): number {
    return this.#peak(seen, KEEP_PARTS, margin).bufferPods;
  }

  /** The demand at the point of time, in lead times, at which it is highest. */
  #peak(seen: ObservedDemand, parts: readonly number[], margin: number): DemandAhead {
    const ages = countByAge(seen.running, seen.nowSeconds);
    const factor = this.#tracker(seen.nowSeconds).value + margin;
    const reach = (one: Outlook): number => one.mean + factor * one.spread;
    const peak = parts
      .map((part) => this.#part(seen, ages, part * this.#options.leadSeconds))
      .reduce((high, one) => (reach(one) > reach(high) ? one : high));
    return { bufferPods: Math.max(0, reach(peak)), expectedPods: peak.mean, spreadPods: peak.spread };
  }

  /** Compares the announced with the expected arrivals over the lead time, to learn which share is not announced. */
  #learnKnown(seen: ObservedDemand): void {
    this.#knownMean += ((seen.knownAhead ?? 0) - this.#knownMean) * KNOWN_STEP;
    this.#arrivalsMean +=
      (this.#usual(seen.nowSeconds, this.#options.leadSeconds) - this.#arrivalsMean) * KNOWN_STEP;
  }

  /** The share of arrivals that are not announced, 0 to 1. */
  get unknownShare(): number {
    return this.#arrivalsMean <= 0 ? 1 : Math.max(0, 1 - this.#knownMean / this.#arrivalsMean);
  }

  #usual(nowSeconds: number, withinSeconds: number): number {
    const usual = this.profile.expected(nowSeconds, nowSeconds + withinSeconds);
    return (usual * (PRIOR_PODS + this.#recent)) / (PRIOR_PODS + this.#recentUsual);
  }

  /** Reports the outcome: the largest rise over the lead time that `ahead` forecast at `atSeconds`. */
  judge(atSeconds: number, ahead: DemandAhead, risePods: number): void {
    this.#tracker(atSeconds).saw((risePods - ahead.expectedPods) / ahead.spreadPods);
  }

  #tracker(atSeconds: number): QuantileTracker {
    const hour = Math.floor(atSeconds / 3600) % HOURS;
    return this.#trackers[hour] ?? new QuantileTracker(this.#options.quantile, 0);
  }

  /** Arrivals that are not announced; beyond the lead time nothing is announced yet. */
  #surprise(nowSeconds: number, withinSeconds: number): number {
    const near = this.#usual(nowSeconds, Math.min(withinSeconds, this.#options.leadSeconds));
    return this.#usual(nowSeconds, withinSeconds) - near * (1 - this.unknownShare);
  }

  #part(seen: ObservedDemand, ages: Float64Array, withinSeconds: number): Outlook {
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
