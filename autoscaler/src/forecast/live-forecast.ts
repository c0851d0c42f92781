import { forecastRule } from './forecast-rule.ts';
import type { BufferRule, DemandView } from './buffer-rule.ts';

/** Settings of the buffer. */
export interface BufferOptions {
  /** Standard deviations of a Poisson stream to be ready for. */
  readonly z: number;
  /** Places that are free at the quietest hour. */
  readonly floor: number;
  /** The share of moments in which a forecast's buffer shall be enough. */
  readonly quantile: number;
  readonly forecast: boolean;
}

/** What a forecast sees at one moment. */
export interface Moment {
  readonly nowSeconds: number;
  /** When each running Pod began, in seconds. */
  readonly running: readonly { readonly startedAt: number }[];
  readonly waitingTotal: number;
  /** Work that is known to come within the lead time; none unless told. */
  readonly knownAhead?: number;
}

/** How many Pods' room shall be free, beside room for what waits. */
export interface FreeRoom {
  readonly pods: number;
  /** Room that is worth keeping where it is already there: what goes now would soon be ordered anew. */
  readonly keepPods: number;
  /** A forecast that has done better than the rule, or the rule, corrected by the waits that were seen. */
  readonly isForecast: boolean;
}

/** News that nobody asks about for long are let go: more than a large installation's hour. */
const MOST_UNREAD = 100_000;

/** A forecast at work: arrivals and ends since the last moment, and the rule that learns from them. */
export class LiveForecast {
  readonly leadSeconds: number;
  readonly #rule: BufferRule;
  #arrivals: number[] = [];
  #finished: number[] = [];
  #waits: number[] = [];

  /** @param leadSeconds from a decision until its node works @param objectiveP95Seconds the wait that is aimed at */
  constructor(leadSeconds: number, { z, floor, quantile }: BufferOptions, objectiveP95Seconds: number) {
    this.leadSeconds = leadSeconds;
    const fallback = { z, floor };
    this.#rule = forecastRule({ leadSeconds, quantile, floor, fallback, objectiveP95Seconds });
  }

  /** News that wait for the next moment; bounded, however long nobody asks. */
  get unread(): number {
    return this.#arrivals.length + this.#finished.length + this.#waits.length;
  }

  arrived(atSeconds: number): void {
    if (this.#arrivals.length < MOST_UNREAD) this.#arrivals.push(atSeconds);
  }

  ended(runSeconds: number): void {
    if (this.#finished.length < MOST_UNREAD) this.#finished.push(runSeconds);
  }

  /** A build found a node after so long. */
  waited(seconds: number): void {
    if (this.#waits.length < MOST_UNREAD) this.#waits.push(seconds);
  }

  /** Mean miss in Pods over the lead time; undefined: nothing is judged yet. */
  get meanMissPods(): number | undefined {
    return this.#rule.forecastError?.();
  }

  /** Learns from this moment and says how many Pods' room to keep free. */
  look(moment: Moment): FreeRoom {
    const view: DemandView = {
      nowSeconds: moment.nowSeconds,
      running: moment.running,
      waitingTotal: moment.waitingTotal,
      arrivals: this.#arrivals,
      finishedSeconds: this.#finished,
      waits: this.#waits,
      knownAhead: moment.knownAhead ?? 0,
      bootSeconds: this.leadSeconds,
    };
    this.#arrivals = [];
    this.#finished = [];
    this.#waits = [];
    const pods = this.#rule.bufferPods(view);
    return {
      pods,
      keepPods: this.#rule.keepPods?.(view) ?? pods,
      isForecast: this.#rule.isForecast?.() ?? true,
    };
  }
}
