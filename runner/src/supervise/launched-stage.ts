import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { Conclusion, StageState } from '../pipeline/stage-state.ts';
import type { LogCaution, StepLogStream, StepLogs } from '../ports/step-logs.ts';
import type { PodRetry } from '../watch/pod-retry.ts';
import type { Patience, Trouble } from '../watch/trouble.ts';
import type { StageRunEvents } from './stage-run-events.ts';

/** The dependencies of a stage run. */
export interface StageRunParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
  readonly events: StageRunEvents;
  readonly patience: Patience;
}

/** One launched stage. */
export interface LaunchedStage {
  readonly plan: RunPlan;
  readonly pod: V1Pod;
  readonly masks: Readonly<Record<number, readonly string[]>> | undefined;
  /** Written at the start of the first step's log. */
  readonly notes: readonly string[];
  /** Written at the start of a step's own log, by step number. */
  readonly stepNotes?: Readonly<Record<number, readonly string[]>> | undefined;
  /** When the repository's timeout began to count, by the monotonic clock. */
  readonly admittedMonotonicMs: number;
  /** Another replica started it: versions of steps are unknown, and its reports are repeated. */
  readonly adopted: boolean;
  /** When this process started to supervise it, milliseconds since 1970. */
  readonly takenOverMs: number;
  /**
   * Its end is decided, or all ordinary steps have ended: only reports and logs are left. Called once.
   *
   * @param failure the code of what ended it; undefined = its own steps
   */
  ended(failure?: string): void;
  /**
   * The server has the end and the logs so far: the Pod may be deleted, which may take a while.
   *
   * @param keptMs how long it stays at most for people who look at a failed step, in milliseconds; 0: it does not
   */
  reported(keptMs: number): void;
  /** The name of this replica in the Pod's annotation. */
  readonly owner: string;
  /** The Pod could not be deleted: its deletion must be tried again. */
  notRemoved?(): void;
  /** Whether the Pod may stay for people who look at a failed step. Absent: it may not. */
  readonly mayKeep?: () => boolean;
  /** Whether a Pod in which nothing has run may be created again. */
  readonly mayRemake?: boolean;
  /** Whether a Pod in which no step starts because of its gate's volume may be made again with an init container. */
  readonly mayReplaceGate?: boolean;
  /** Whether a Pod whose node pulls no image may be made again on another node. */
  readonly mayAvoidNode?: boolean;
  /** Several owners in a row were lost while they read the logs of the Pod. */
  readonly logCaution?: LogCaution | undefined;
  /** The first step's log, if it was opened before the stage run. */
  readonly firstLog?: StepLogStream;
}

/** Signals that end a stage run from outside. */
export interface StopSignals {
  /** The build was cancelled. */
  readonly cancelled: AbortSignal;
  /** This process ends (or lost its Lease): everything is left to the next owner. */
  readonly handOver: AbortSignal;
}

/** How it ended; the Pod is being deleted, except after a hand-over. */
export type StageRunEnd =
  | { readonly kind: 'handed-over' }
  /** Nothing was reported, and the Pod is still there. */
  | PodRetry
  | {
      readonly kind: 'finished';
      readonly conclusion: Conclusion;
      readonly trouble: Trouble | undefined;
      readonly state: StageState;
    };
