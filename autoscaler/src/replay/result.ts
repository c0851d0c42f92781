import { billedSeconds } from '../capacity/node-billing.ts';
import type { SimNode } from '../simulate/sim-node.ts';

/** Waits from arrival to binding, in seconds. */
export interface WaitSeconds {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The cost of a replay and the waits of builds, over the counted days. */
export interface ReplayResult {
  readonly policy: string;
  readonly placement: string;
  /** Jobs that arrived in the counted window and fit a node, placed or not. */
  readonly jobs: number;
  readonly nodeHours: number;
  /** The same in started billing units. */
  readonly billedNodeHours: number;
  readonly nodeHoursPer1000Jobs: number;
  readonly waitSeconds: WaitSeconds;
  /** The p95 wait of the hour of the trace in which it was longest. */
  readonly worstHourP95: number;
  readonly peakNodes: number;
  readonly boots: number;
  /** Jobs that started on a node without images. */
  readonly coldStarts: number;
  /** Always 0: kept in the result to make this explicit. */
  readonly evicted: number;
  /** Jobs without a node a week after the last arrival. */
  readonly unplaced: number;
  readonly tooLarge: number;
  /** Mean error of the forecast over the lead time, in Pods; null when there is none. */
  readonly forecastError: number | null;
}

/** PRs behind 1000 jobs in the loads of scheduling-and-scaling §5: one PR is 15 jobs. */
export const JOBS_PER_1000_PRS = 15_000;

const HOUR = 3600;
/** An hour with fewer jobs has no meaningful p95. */
const LEAST_JOBS_AN_HOUR = 20;

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

/** Counters of a running replay; a node is counted from its order until its removal, within the window. */
export class Tally {
  readonly #from: number;
  readonly #to: number;
  readonly #billingUnitMs: number;
  readonly #waits: number[] = [];
  readonly #hours = new Map<number, number[]>();
  #nodeSeconds = 0;
  #billedSeconds = 0;
  #boots = 0;
  #cold = 0;
  #jobs = 0;
  #tooLarge = 0;
  #peak = 0;

  /** @param billingUnitMs started units of this length are billed; 0: exactly */
  constructor(from: number, to: number, billingUnitMs = 0) {
    this.#billingUnitMs = billingUnitMs;
    this.#from = from;
    this.#to = to;
  }

  #counts(at: number): boolean {
    return at >= this.#from && at <= this.#to;
  }

  /** A job that fits a node has arrived. */
  arrived(at: number): void {
    if (this.#counts(at)) this.#jobs += 1;
  }

  bound(arrivedAt: number, at: number, cold: boolean): void {
    if (!this.#counts(arrivedAt)) return;
    this.#waits.push(at - arrivedAt);
    const hour = Math.floor(arrivedAt / HOUR);
    const waits = this.#hours.get(hour);
    if (waits === undefined) this.#hours.set(hour, [at - arrivedAt]);
    else waits.push(at - arrivedAt);
    if (cold) this.#cold += 1;
  }

  tooLarge(arrivedAt: number): void {
    if (this.#counts(arrivedAt)) this.#tooLarge += 1;
  }

  ordered(at: number, count: number): void {
    if (this.#counts(at)) this.#boots += count;
  }

  nodeGone(node: SimNode, at: number): void {
    const within = (until: number): number =>
      Math.max(0, Math.min(until, this.#to) - Math.max(node.orderedAt, this.#from));
    this.#nodeSeconds += within(at);
    this.#billedSeconds += within(node.orderedAt + billedSeconds(at - node.orderedAt, this.#billingUnitMs));
  }

  poolSize(at: number, nodes: number): void {
    if (this.#counts(at)) this.#peak = Math.max(this.#peak, nodes);
  }

  #worstHour(): number {
    const hours = [...this.#hours.values()];
    const busy = hours.filter((waits) => waits.length >= LEAST_JOBS_AN_HOUR);
    // On a quiet trace no hour has this many jobs, and 0 would look like a result.
    return (busy.length > 0 ? busy : hours).reduce(
      (worst, waits) => Math.max(worst, quantile(new Float64Array(waits).sort(), 0.95)),
      0,
    );
  }

  result(reported: {
    readonly policy: string;
    readonly placement: string;
    readonly unplaced: number;
    readonly forecastError: number | undefined;
  }): ReplayResult {
    const sorted = new Float64Array(this.#waits).sort();
    const nodeHours = this.#nodeSeconds / HOUR;
    return {
      policy: reported.policy,
      placement: reported.placement,
      jobs: this.#jobs,
      nodeHours,
      billedNodeHours: this.#billedSeconds / HOUR,
      nodeHoursPer1000Jobs: this.#jobs === 0 ? 0 : (nodeHours * 1000) / this.#jobs,
      waitSeconds: {
        mean: this.#waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, this.#waits.length),
        p50: quantile(sorted, 0.5),
        p95: quantile(sorted, 0.95),
        p99: quantile(sorted, 0.99),
        max: sorted.at(-1) ?? 0,
      },
      worstHourP95: this.#worstHour(),
      peakNodes: this.#peak,
      boots: this.#boots,
      coldStarts: this.#cold,
      evicted: 0,
      unplaced: reported.unplaced,
      tooLarge: this.#tooLarge,
      forecastError: reported.forecastError ?? null,
    };
  }
}
