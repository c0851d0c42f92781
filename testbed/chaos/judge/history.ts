/** What one step came to, as the server and its own record outside of the Pod have it. */
export interface StepHistory {
  readonly name: string;
  readonly status: string;
  readonly exitCode: number;
  /** Numbers of the lines of its uploaded log, in their order; undefined: no log was uploaded. */
  readonly lines: readonly number[] | undefined;
}

/** One stage as the server has it. */
export interface StageHistory {
  readonly name: string;
  readonly status: string;
  readonly error: string;
  readonly steps: readonly StepHistory[];
}

/** A start or an end that a step wrote into a file outside of its Pod. Milliseconds since 1970. */
export interface Effect {
  readonly step: string;
  readonly kind: 'start' | 'end';
  /** Name of the Pod that it was in. */
  readonly pod: string;
  readonly atMs: number;
}

/** All that is known of one build at the end of a run. Times in milliseconds since 1970. */
export interface BuildHistory {
  readonly number: number;
  readonly id: number;
  /** Name of its shape. */
  readonly shape: string;
  readonly sentMs: number;
  /** When the server had its end; undefined: it never ended. */
  readonly endedMs: number | undefined;
  readonly status: string;
  /** When it was cancelled before it had ended. */
  readonly cancelledMs: number | undefined;
  /** When a fault destroyed a Pod of it. */
  readonly destroyedMs: readonly number[];
  /** By the name of a Pod in which steps started: when it was first told to stop. */
  readonly podStoppedMs: Readonly<Record<string, number>>;
  readonly stages: readonly StageHistory[];
  readonly effects: readonly Effect[];
}

/** A fault as it was injected. Times in milliseconds since 1970. */
export interface InjectedFault {
  readonly number: number;
  readonly kind: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** What was done, for people. */
  readonly what: string;
  /** False: there was nothing to do it to. */
  readonly isDone: boolean;
}

/** Memory of a process at a time. */
export interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

/** One process of a replica, from its start to its end. */
export interface Life {
  readonly name: string;
  readonly samples: readonly MemorySample[];
  /** Its exit code where it ended by itself. */
  readonly exitCode: number | undefined;
}

/** All that is known at the end of a run. */
export interface History {
  readonly seed: number;
  readonly builds: readonly BuildHistory[];
  readonly faults: readonly InjectedFault[];
  readonly lives: readonly Life[];
  /** Objects in the cluster that should be gone, as `Pod name`. */
  readonly leftovers: readonly string[];
}
