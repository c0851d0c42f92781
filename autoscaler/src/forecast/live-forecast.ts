import type { EndedBuild, RunningBuild } from '../capacity/job.ts';
import type { BufferRule, DemandView } from './buffer-rule.ts';
import type { Calendar } from './calendar.ts';
import { forecastRule } from './forecast-rule.ts';
import { priceRule, type WaitPrices } from './price-rule.ts';
import type { BoundState } from './wait-bound.ts';

/** Settings of the buffer. */
export interface BufferOptions {
  /** How many standard deviations of a Poisson stream the buffer covers. */
  readonly z: number;
  /** Places that are free at the quietest hour. */
  readonly floor: number;
  /** The share of moments in which a forecast's buffer must be sufficient. */
  readonly quantile: number;
  readonly forecast: boolean;
  /** What waiting costs; undefined: the quantile and the objective decide. */
  readonly waitPrices?: WaitPrices | undefined;
  /** Holidays; none by default. */
  readonly calendar?: Calendar | undefined;
  /** 95 % of the builds wait no longer than this, whatever the price; undefined: no bound. */
  readonly waitBoundSeconds?: number | undefined;
}

/** The input of a forecast at one time. */
export interface Moment {
  readonly nowSeconds: number;
  readonly running: readonly RunningBuild[];
  readonly waitingTotal: number;
  /** Work that is known to arrive within the lead time; none by default. */
  readonly knownAhead?: number;
  /** The time from the order of a node until it works; the lead time by default. */
  readonly bootSeconds?: number;
  /** Pods of the usual size that an empty node holds; undefined: not known. */
  readonly podsPerNode?: number | undefined;
}

/** The free room to keep, in Pods, in addition to room for waiting Pods. */
export interface FreeRoom {
  readonly pods: number;
  /** Room that is worth keeping where it already exists: a node removed now would soon be ordered again. */
  readonly keepPods: number;
  /** Whether it comes from a forecast that performs better than the rule, and not from the rule corrected by the observed waits. */
  readonly isForecast: boolean;
  /** The share of builds that are announced a boot before they come, 0 to 1; none by default. */
  readonly announcedShare?: number | undefined;
  /** How the bound for the wait is held; undefined: there is none. */
  readonly bound?: BoundState | undefined;
  /** Why it is that much, where the rule can say. */
  readonly because?: string | undefined;
}

/**
 * The rule that learns how much room to keep free.
 *
 * @param leadSeconds from a decision until its node works
 * @param objectiveP95Seconds the target p95 wait
 */
export function learningRule(
  leadSeconds: number,
  { z, floor, quantile, waitPrices, calendar, waitBoundSeconds }: BufferOptions,
  objectiveP95Seconds: number,
): BufferRule {
  if (waitPrices !== undefined)
    return priceRule({ leadSeconds, prices: waitPrices, calendar, waitBoundSeconds });
  return forecastRule({ leadSeconds, quantile, floor, fallback: { z, floor }, objectiveP95Seconds });
}

/** Limit of unread observations; older ones are dropped. More than an hour of a large installation. */
const MOST_UNREAD = 100_000;

/** The live forecast: collects arrivals and ends since the last moment, and the rule that learns from them. */
export class LiveForecast {
  readonly leadSeconds: number;
  readonly #rule: BufferRule;
  #arrivals: number[] = [];
  #events: string[] = [];
  #finished: EndedBuild[] = [];
  #waits: number[] = [];

  /** @param leadSeconds from a decision until its node works @param objectiveP95Seconds the target p95 wait */
  constructor(leadSeconds: number, options: BufferOptions, objectiveP95Seconds: number) {
    this.leadSeconds = leadSeconds;
    this.#rule = learningRule(leadSeconds, options, objectiveP95Seconds);
  }

  /** Observations that wait for the next `look`; bounded, however long it isn't called. */
  get unread(): number {
    return this.#arrivals.length + this.#finished.length + this.#waits.length;
  }

  /** @param event such as `push` or `cron`; empty: unknown */
  arrived(atSeconds: number, event = ''): void {
    if (this.#arrivals.length >= MOST_UNREAD) return;
    this.#arrivals.push(atSeconds);
    this.#events.push(event);
  }

  ended(build: EndedBuild): void {
    if (this.#finished.length < MOST_UNREAD) this.#finished.push(build);
  }

  /** A build was bound to a node after this wait. */
  waited(seconds: number): void {
    if (this.#waits.length < MOST_UNREAD) this.#waits.push(seconds);
  }

  /** Mean error in Pods over the lead time, for the days from then on; undefined: no forecast is judged yet. */
  missPods(fromSeconds?: number): number | undefined {
    return this.#rule.forecastError?.(fromSeconds);
  }

  /** Learns from this moment and returns how much room to keep free. */
  look(moment: Moment): FreeRoom {
    const view: DemandView = {
      nowSeconds: moment.nowSeconds,
      running: moment.running,
      waitingTotal: moment.waitingTotal,
      arrivals: this.#arrivals,
      events: this.#events,
      finished: this.#finished,
      waits: this.#waits,
      knownAhead: moment.knownAhead ?? 0,
      bootSeconds: moment.bootSeconds ?? this.leadSeconds,
      podsPerNode: moment.podsPerNode,
    };
    this.#arrivals = [];
    this.#events = [];
    this.#finished = [];
    this.#waits = [];
    const pods = this.#rule.bufferPods(view);
    return {
      pods,
      keepPods: this.#rule.keepPods?.(view) ?? pods,
      isForecast: this.#rule.isForecast?.() ?? true,
      announcedShare: this.#rule.announcedShare?.(),
      bound: this.#rule.bound?.(),
      because: this.#rule.because?.(),
    };
  }
}
