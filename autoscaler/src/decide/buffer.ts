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

/** The rule without history; it is never less than what is known to come (`max`, as the forecast's own fallback has it). Pure. */
export function ruleBuffer(
  { runningPods, pendingPods, knownStages, stagesSoon }: Demand,
  { z, floor }: BufferOptions,
): Buffer {
  const pods = z * Math.sqrt(runningPods + pendingPods + knownStages) + floor;
  if (stagesSoon > pods)
    return {
      pods: stagesSoon,
      by: 'rule',
      because: `${stagesSoon} stages of running builds are expected before a node that is ordered now would work`,
    };
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
  /** Work that is known to come within the lead time; none unless told. */
  readonly knownAhead?: number;
}

const NOWHERE: Resources & { readonly pods: number } = { cpuMillicores: 0, memoryBytes: 0, pods: 0 };

/** News that nobody asks about for long are let go: more than a large installation's hour. */
const MOST_UNREAD = 100_000;

/** A forecast at work: arrivals and ends since the last moment, and the rule that learns from them. */
export class LiveForecast {
  readonly leadSeconds: number;
  readonly #rule: BufferRule;
  #arrivals: number[] = [];
  #finished: number[] = [];

  /** @param leadSeconds from a decision until its node works */
  constructor(leadSeconds: number, { z, floor, quantile }: BufferOptions) {
    this.leadSeconds = leadSeconds;
    this.#rule = forecastRule({ leadSeconds, quantile, floor, fallback: { z, floor } });
  }

  arrived(atSeconds: number): void {
    if (this.#arrivals.length < MOST_UNREAD) this.#arrivals.push(atSeconds);
  }

  ended(runSeconds: number): void {
    if (this.#finished.length < MOST_UNREAD) this.#finished.push(runSeconds);
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
      knownAhead: moment.knownAhead ?? 0,
      nodes: [],
      nodeSpec: { allocatable: NOWHERE },
      bootSeconds: this.leadSeconds,
      waiting: [],
      typicalRequest: NOWHERE,
      roomOn: () => 0,
    };
    this.#arrivals = [];
    this.#finished = [];
    return this.#rule.bufferPods(view);
  }
}

/**
 * The better of rule and forecast, and no more than a quota lets in. The forecast gives the rule's own number where its back-test
 * doesn't win.
 */
export function bufferOf(demand: Demand, options: BufferOptions, forecastPods: number | undefined): Buffer {
  const wanted = betterOf(demand, options, forecastPods);
  const room = Math.max(0, demand.quotaRoomPods - demand.knownStages);
  if (wanted.pods <= room) return wanted;
  return { ...wanted, pods: room, because: `${wanted.because}, and quotas let in ${room} more` };
}

function betterOf(demand: Demand, options: BufferOptions, forecastPods: number | undefined): Buffer {
  const rule = ruleBuffer(demand, options);
  if (forecastPods === undefined || Math.abs(forecastPods - rule.pods) < 1e-6) return rule;
  return {
    pods: forecastPods,
    by: 'forecast',
    because: `the forecast says ${forecastPods.toFixed(1)} Pods for this hour, and has done better at it than the rule (${rule.pods.toFixed(1)})`,
  };
}
