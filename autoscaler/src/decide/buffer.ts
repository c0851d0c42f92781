import type { Resources } from '../capacity/shape.ts';
import { forecastRule } from '../forecast/forecast-rule.ts';
import type { BufferRule } from '../replay/policies/static-node-pool.ts';
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

/** How many Pods' room shall be free, beside room for what waits. */
export interface FreeRoom {
  readonly pods: number;
  /** Room that is worth keeping where it is already there: what goes now would soon be ordered anew. */
  readonly keepPods: number;
  /** A forecast that has done better than the rule, or the rule, corrected by the waits that were seen. */
  readonly isForecast: boolean;
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
    const view: PolicyView = {
      nowSeconds: moment.nowSeconds,
      running: moment.running,
      waitingTotal: moment.waitingTotal,
      arrivals: this.#arrivals,
      finishedSeconds: this.#finished,
      waits: this.#waits,
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
    this.#waits = [];
    const pods = this.#rule.bufferPods(view);
    return {
      pods,
      keepPods: this.#rule.keepPods?.(view) ?? pods,
      isForecast: this.#rule.isForecast?.() ?? true,
    };
  }
}

/**
 * The better of rule and forecast, and no more than a quota lets in. The forecast gives the rule's own number where its back-test
 * doesn't win.
 */
export function bufferOf(demand: Demand, options: BufferOptions, forecast: FreeRoom | undefined): Buffer {
  const wanted = betterOf(demand, options, forecast);
  const room = Math.max(0, demand.quotaRoomPods - demand.knownStages);
  if (wanted.pods <= room) return wanted;
  return { ...wanted, pods: room, because: `${wanted.because}, and quotas let in ${room} more` };
}

function betterOf(demand: Demand, options: BufferOptions, forecast: FreeRoom | undefined): Buffer {
  const rule = ruleBuffer(demand, options);
  if (forecast === undefined) return rule;
  const { pods, isForecast } = forecast;
  if (!isForecast) return correctedRule(rule, pods);
  return {
    pods,
    by: 'forecast',
    because: `the forecast says ${pods.toFixed(1)} Pods for this hour, and has done better at it than the rule (${rule.pods.toFixed(1)})`,
  };
}

/** The rule as the waits of the last days have corrected it. */
function correctedRule(rule: Buffer, pods: number): Buffer {
  const more = pods - rule.pods;
  if (Math.abs(more) < 0.05) return rule;
  const word = more > 0 ? 'more' : 'less';
  const why = more > 0 ? 'longer than the objective' : 'no longer than the objective';
  return {
    ...rule,
    pods,
    because: `${rule.because}, and ${Math.abs(more).toFixed(1)} ${word} since builds waited ${why} lately`,
  };
}
