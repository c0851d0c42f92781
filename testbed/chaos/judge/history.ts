/** The result of one step at the server, with its uploaded log. */
export interface StepHistory {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number;
  /** Numbers of the numbered lines of its uploaded log, in order; undefined: no log was uploaded. */
  readonly lines: readonly number[] | undefined;
}

/** The result of one stage at the server. */
export interface StageRecord {
  readonly name: string;
  readonly status: string;
  readonly error: string;
  readonly steps: readonly StepHistory[];
  /** Steps of starts whose response was lost: each start inserts all of them. */
  readonly lostSteps: readonly StepHistory[];
}

/** A start or an end of a step, as the step wrote it to a file outside of its Pod. */
export interface Effect {
  readonly step: string;
  readonly kind: 'start' | 'end';
  /** Name of its Pod. */
  readonly pod: string;
  readonly atMs: number;
}

/** Everything known about one build at the end of a run. Times in milliseconds since 1970. */
export interface BuildHistory {
  readonly number: number;
  readonly id: number;
  /** Name of its shape. */
  readonly shape: string;
  readonly sentMs: number;
  /** When it ended at the server; undefined: it never ended. */
  readonly endedMs: number | undefined;
  readonly status: string;
  /** When it was cancelled; undefined: it was not, or only after its end. */
  readonly cancelledMs: number | undefined;
  /** When faults destroyed its Pods. */
  readonly destroyedMs: readonly number[];
  /** For each Pod in which steps started, by name: when it was first stopped. */
  readonly podStoppedMs: Readonly<Record<string, number>>;
  readonly stages: readonly StageRecord[];
  readonly effects: readonly Effect[];
}

/** A fault as it was injected. Times in milliseconds since 1970. */
export interface InjectedFault {
  readonly number: number;
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Description of what was done. */
  readonly what: string;
  /** False: there was no target. */
  readonly isDone: boolean;
}

/** Memory of a process at one moment. */
export interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

/** One process of a replica, from its start to its end. */
export interface ProcessHistory {
  readonly name: string;
  readonly samples: readonly MemorySample[];
  /** Its exit code, if it was not ended by a fault. */
  readonly exitCode: number | undefined;
}

/** Everything known at the end of a run. */
export interface History {
  readonly seed: number;
  readonly builds: readonly BuildHistory[];
  readonly faults: readonly InjectedFault[];
  readonly processes: readonly ProcessHistory[];
  /** Objects in the cluster that should be gone, as `Pod name`. */
  readonly leftovers: readonly string[];
}
