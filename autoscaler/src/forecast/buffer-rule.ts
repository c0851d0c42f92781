import type { EndedBuild, RunningBuild } from '../capacity/job.ts';
import type { BoundState } from './wait-bound.ts';

/** The input of a buffer rule at a tick: the present, and what happened since the previous tick; never the future. */
export interface DemandView {
  readonly nowSeconds: number;
  /** The time from the order of a node until Pods can be placed on it. */
  readonly bootSeconds: number;
  /** Jobs that wait for room. */
  readonly waitingTotal: number;
  /** When each running job started, in no particular order. */
  readonly running: readonly RunningBuild[];
  /** Arrival times since the previous view, rising. */
  readonly arrivals: readonly number[];
  /** The event of each of these arrivals, such as `push` or `cron`, in the same order; empty text or missing where unknown. */
  readonly events?: readonly string[];
  /** The jobs that ended since the previous view, in the order of their ends. */
  readonly finished: readonly EndedBuild[];
  /** Waits of the jobs that were bound to a node since the previous view, in seconds, in the order of their bindings. Where known. */
  readonly waits?: readonly number[];
  /** Jobs that are announced and have not arrived. */
  readonly knownAhead: number;
  /** Pods of the typical request that an empty node holds. Where known. */
  readonly podsPerNode?: number | undefined;
}

/** Computes how much free room to keep, in Pods, beyond what is used; stateful. */
export interface BufferRule<View extends DemandView = DemandView> {
  readonly name: string;
  /** Free room wanted over the lead time, in Pods of the typical request, beside room for what waits; ≥ 0. */
  bufferPods(view: View): number;
  /**
   * Free room, in Pods, that is worth keeping where it already exists: keeping a node that will be needed again soon is cheaper
   * than ordering a new one. Called after `bufferPods`, with the same view; without this method only the buffer is kept.
   */
  keepPods?(view: View): number;
  /** The share of builds that are announced a boot before they come, 0 to 1; none are where it is missing. */
  announcedShare?(): number;
  /** Why it is that much, for people. Called after `bufferPods`. */
  because?(): string;
  /** Whether the last answer comes from a forecast that passed its back-test, and not from a rule. */
  isForecast?(): boolean;
  /** How the bound for the wait is held; undefined: there is none. */
  bound?(): BoundState | undefined;
  forecastError?(fromSeconds?: number): number | undefined;
}
