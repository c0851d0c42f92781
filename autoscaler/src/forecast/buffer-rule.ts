/** What a buffer rule sees at a tick: the present, and what happened since the tick before; never the future. */
export interface DemandView {
  readonly nowSeconds: number;
  /** From the order of a node until Pods can be placed on it. */
  readonly bootSeconds: number;
  /** Jobs that wait for room. */
  readonly waitingTotal: number;
  /** When each running job started, in no order. */
  readonly running: readonly { readonly startedAt: number }[];
  /** Arrival times since the view before, rising. */
  readonly arrivals: readonly number[];
  /** Run times of the jobs that ended since the view before, in the order of their ends. */
  readonly finishedSeconds: readonly number[];
  /** Waits of the jobs that found a node since the view before, in seconds, in the order of their bindings. Where it is known. */
  readonly waits?: readonly number[];
  /** Jobs that are known and have not arrived. */
  readonly knownAhead: number;
}

/** Says how many Pods' room should be free beyond what is there; keeps what it learns. */
export interface BufferRule<View extends DemandView = DemandView> {
  readonly name: string;
  /** Free room wanted over the lead time, in Pods of the typical request, beside room for what waits; ≥ 0. */
  bufferPods(view: View): number;
  /**
   * Free room, in Pods, that is worth keeping where it is already there: a node that will be needed again soon is cheaper kept
   * than ordered anew. Asked after `bufferPods`, with the same view; without it the buffer is all that is kept.
   */
  keepPods?(view: View): number;
  /** Whether the last answer rests on a forecast that has proved itself, and not on a rule. */
  isForecast?(): boolean;
  forecastError?(fromSeconds?: number): number | undefined;
}
