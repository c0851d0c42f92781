import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { Conclusion, StageState } from '../pipeline/stage-state.ts';
import type { StepLog, StepLogs } from '../ports/step-logs.ts';
import type { Patience, Trouble } from '../watch/trouble.ts';
import type { StageRunEvents } from './stage-run-events.ts';

/** What a flight works with. */
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
  readonly masks: Readonly<Record<number, readonly string[]>>;
  /** Said at the head of the first step's log. */
  readonly notes: readonly string[];
  /** When the repository's timeout began to count, milliseconds since 1970. */
  readonly admittedMs: number;
  /** Another replica began it: versions of steps are unknown, and what it told is told again. */
  readonly adopted: boolean;
  /** When this process took it in hand, milliseconds since 1970. */
  readonly takenOverMs: number;
  /** Its end is decided, or all steps that count have ended: only reports and logs are left. Told once. */
  ended(): void;
  /** The server has the end, and the logs so far: the Pod may go, which may take a while. */
  reported(): void;
  /** As the Pod's annotation names this replica. */
  readonly owner: string;
  /** The Pod could not be removed: somebody must look after it again. */
  notRemoved?(): void;
  /** Whether a Pod in which nothing has run is left to be made again. */
  readonly mayRemake?: boolean;
  /** The first step's log, when it was opened before the flight. */
  readonly firstLog?: StepLog;
}

/** What may end a flight from outside. */
export interface StopSignals {
  /** The build was cancelled. */
  readonly cancelled: AbortSignal;
  /** This process goes (or lost its Lease): leave everything to who comes next. */
  readonly handOver: AbortSignal;
}

/** How it ended; the Pod is being removed, but for a hand-over. */
export type StageRunEnd =
  | { readonly kind: 'handed-over' }
  /** The node refused the Pod before anything of the pipeline ran: nothing was reported, and the Pod is still there. */
  | { readonly kind: 'not-run'; readonly trouble: Trouble }
  | {
      readonly kind: 'finished';
      readonly conclusion: Conclusion;
      readonly trouble: Trouble | undefined;
      readonly state: StageState;
    };
