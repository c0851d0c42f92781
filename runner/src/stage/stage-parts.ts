import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { AdmissionQueue } from '../admit/admission-queue.ts';
import type { WaitReason } from '../admit/admit.ts';
import type { PodContents } from '../adopt/contents.ts';
import type { CancelWatches } from '../cancel/cancel-watches.ts';
import type { GateVolumes } from '../launch/gate-volumes.ts';
import type { PodOrigin } from '../launch/pod-origin.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { OpenStep } from '../pipeline/stage-state.ts';
import type { CiServer } from '../ports/ci-server.ts';
import type { StepLogs } from '../ports/step-logs.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { StageRunEvents } from '../supervise/stage-run-events.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import type { Patience } from '../watch/trouble.ts';
import type { SuspectTurns } from './suspect-turns.ts';

/** Events of a stage for the metrics. All calls are cheap and never throw. */
export interface StageEvents extends StageRunEvents {
  /** A build was seen for the first time by this process. */
  buildSeen(buildId: number, event: string): void;
  waited(reason: WaitReason, ms: number): void;
  /** `ms`: from admission to the removal of the scheduling gate. */
  launched(ms: number): void;
  /** The stage has ended; `ms`: the time since its admission. */
  finished(ms: number): void;
  /** A stage ended before its steps, with this error code. */
  failedEarly(code: string, blame: string): void;
  /** The end of a stage could not be reported for so long that its record was removed. */
  expired(): void;
}

/** Records the ownership of stages: a daemon uses its Lease; `exec`, whose stages no other process takes over, needs none. */
export interface Ownership {
  /** The owner in the annotations of Pods: `<lease namespace>/<lease name>`. */
  readonly owner: string;
  /** Scheme and host of the Drone server that the stages belong to. */
  readonly server: string;
  /** Labels of the Pods that it makes. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Aborted when other replicas may take over: nothing may be written to Drone any more. */
  readonly lost: AbortSignal;
  /** Whether the stage is recorded, by this process or from a lost replica. */
  has(stageId: number): boolean;
  /** Resolves when the intent to accept the stage is stored. */
  intend(intent: Intent, signal: AbortSignal): Promise<void>;
  /** Records that this process begins to prepare the stage; resolves when that is stored. */
  preparing(stageId: number, signal: AbortSignal): Promise<void>;
  /** Records with the next write that the stage waits, and is not prepared meanwhile. */
  waiting(stageId: number): void;
  /** Records with the next write that the stage has a Pod. */
  prepared(stageId: number): void;
  /** Owners in a row that were lost while they prepared the stage. */
  deathsOf(stageId: number): number;
  /** Includes the open steps of a stage in its record with each later write, until it is settled. */
  followSteps(stageId: number, open: () => readonly OpenStep[]): void;
  /** Removes the record of a stage whose end the server has, or that belongs to another runner. */
  settle(stageId: number): void;
  /** Records that Pods will be in that namespace (`own`: created for one Pod alone); resolves when the next owner would search it. */
  enter(namespace: string, kind: 'shared' | 'own', signal: AbortSignal): Promise<void>;
  /** Removes the record of a namespace that was created for one stage and is deleted. */
  leave(namespace: string): void;
}

/** The dependencies of the processing of a stage. */
export interface StageParts {
  readonly clock: Clock;
  readonly ciServer: CiServer;
  readonly cluster: Cluster;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
  readonly events: StageEvents;
  readonly registry: StageRegistry;
  readonly queue: AdmissionQueue;
  /** Whose turn it is of the stages that may have ended their runner. */
  readonly suspects: SuspectTurns;
  readonly lease: Ownership;
  readonly podWatch: PodWatch;
  /** Whether a runner made a Pod. */
  readonly origin: PodOrigin;
  readonly cancelWatches: CancelWatches;
  /** How the gate comes into each Pod. */
  readonly gateVolumes: GateVolumes;
  readonly patience: Patience;
  /** What a Pod of a former process tells of its stage. */
  readonly contents: PodContents;
  /** How long a stage may wait for admission; Infinity = for ever. */
  readonly waitLimitMs: number;
  /** How long the Pod and the record of a stage are kept while the server doesn't accept its end. */
  readonly retentionMs: number;
  /** Pods of one repository that are kept at the same time, with the container of a failed step. */
  readonly keepFailedPods: number;
  /** Turns the server's details into the objects to create in the cluster; rejects with a PipelineError if the pipeline is invalid. */
  draft(detail: StageDetail, signal: AbortSignal): Promise<Compiled>;
}
