import type { Resources } from '../capacity/shape.ts';
import { forecastRule } from '../forecast/forecast-rule.ts';
import type { BufferRule } from '../replay/policies/own-pool.ts';
import type { PolicyView } from '../replay/policy.ts';
import type { Demand } from './demand.ts';
import type { Buffer } from './recommendation.ts';

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

/** The rule without history. Pure. */
export function ruleBuffer(
  { runningPods, pendingPods, knownStages }: Demand,
  { z, floor }: BufferOptions,
): Buffer {
  const pods = z * Math.sqrt(runningPods + pendingPods + knownStages) + floor;
  return {
    pods,
    by: 'rule',
    because: `${z}·√(${runningPods} running + ${pendingPods + knownStages} waiting) + ${floor} = ${pods.toFixed(1)} Pods`,
  };
}

/** What a forecast sees at one moment. */
export interface Moment {
  readonly nowSeconds: number;
  /** When each running Pod began, in seconds. */
  readonly running: readonly { readonly startedAt: number }[];
  readonly waitingTotal: number;
}

const NOWHERE: Resources & { readonly pods: number } = { cpuMillicores: 0, memoryBytes: 0, pods: 0 };

/** A forecast at work: arrivals and ends so far, and the rule that learns from them. */
export class LiveForecast {
  readonly leadSeconds: number;
  readonly #rule: BufferRule;
  readonly #arrivals: number[] = [];
  readonly #finished: number[] = [];

  /** @param leadSeconds from a decision until its node works */
  constructor(leadSeconds: number, { z, floor, quantile }: BufferOptions) {
    this.leadSeconds = leadSeconds;
    this.#rule = forecastRule({ leadSeconds, quantile, floor, fallback: { z, floor } });
  }

  /** How much it keeps. */
  get size(): number {
    return this.#arrivals.length + this.#finished.length;
  }

  arrived(atSeconds: number): void {
    this.#arrivals.push(atSeconds);
  }

  ended(runSeconds: number): void {
    this.#finished.push(runSeconds);
  }

  /** Mean miss in Pods over the lead time; undefined: nothing is judged yet. */
  get meanMissPods(): number | undefined {
    return this.#rule.forecastError?.();
  }

  /** Learns from this moment and says how many Pods' room to keep free. */
  bufferPods(moment: Moment): number {
    const view: PolicyView = {
      nowSeconds: moment.nowSeconds,
      running: moment.running,
      waitingTotal: moment.waitingTotal,
      arrivals: this.#arrivals,
      finishedSeconds: this.#finished,
      knownAhead: 0,
      nodes: [],
      nodeSpec: { allocatable: NOWHERE },
      bootSeconds: this.leadSeconds,
      waiting: [],
      typicalRequest: NOWHERE,
      roomOn: () => 0,
    };
    return this.#rule.bufferPods(view);
  }
}

/** The better of rule and forecast. The forecast gives the rule's own number where its back-test doesn't win. */
export function bufferOf(demand: Demand, options: BufferOptions, forecastPods: number | undefined): Buffer {
  const rule = ruleBuffer(demand, options);
  if (forecastPods === undefined || Math.abs(forecastPods - rule.pods) < 1e-6) return rule;
  return {
    pods: forecastPods,
    by: 'forecast',
    because: `the forecast says ${forecastPods.toFixed(1)} Pods for this hour, and has done better at it than the rule (${rule.pods.toFixed(1)})`,
  };
}
