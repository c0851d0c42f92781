import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { AdmissionQueue } from '../admit/admission-queue.ts';
import type { WaitReason } from '../admit/admit.ts';
import type { CancelWatches } from '../cancel/cancel-watches.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { CiServer } from '../ports/ci-server.ts';
import type { StepLogs } from '../ports/step-logs.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { StageRunEvents } from '../supervise/stage-run-events.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import type { Patience } from '../watch/trouble.ts';

/** What a stage is counted by on its way. All calls are cheap and never throw. */
export interface StageEvents extends StageRunEvents {
  /** A build was seen for the first time by this process. */
  buildSeen(buildId: number, event: string): void;
  waited(reason: WaitReason, ms: number): void;
  /** From admission to the lifted scheduling gate. */
  launched(ms: number): void;
  /** The stage is over, after so long from admission. */
  finished(ms: number): void;
  /** A stage that came to nothing, by the code of its error. */
  failedEarly(code: string, blame: string): void;
  /** The end of a stage could not be reported for so long that its record was removed. */
  expired(): void;
}

/** How it is known whose the stages are: a daemon's Lease does it, and `exec`, which nobody takes over, needs none. */
export interface Ownership {
  /** As Pods' annotations name it: `<lease namespace>/<lease name>`. */
  readonly owner: string;
  /** Scheme and host of the Drone server whose stages these are. */
  readonly server: string;
  /** Aborted when others may take over: nothing may be written to Drone any more. */
  readonly lost: AbortSignal;
  /** Resolves when it can't be lost any more that the stage is about to be accepted. */
  intend(intent: Intent, signal: AbortSignal): Promise<void>;
  /** The server has the stage's end, or the stage is not ours: it needs no record any more. */
  settle(stageId: number): void;
  /** Pods will be in that namespace (`own`: it is made for one of them alone); resolves when whoever comes next would look there. */
  enter(namespace: string, kind: 'shared' | 'own', signal: AbortSignal): Promise<void>;
  /** A namespace that was made for one stage is gone. */
  leave(namespace: string): void;
}

/** All that a stage works with on its way. */
export interface StageParts {
  readonly clock: Clock;
  readonly ciServer: CiServer;
  readonly cluster: Cluster;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
  readonly events: StageEvents;
  readonly registry: StageRegistry;
  readonly line: AdmissionQueue;
  readonly lease: Ownership;
  readonly podWatch: PodWatch;
  readonly cancelWatches: CancelWatches;
  readonly patience: Patience;
  /** How long a stage may wait for admission; Infinity = for ever. */
  readonly waitLimitMs: number;
  /** How long Pod and record of a stage are kept whose end the server doesn't take. */
  readonly retentionMs: number;
  /** From the server's detail to what will be made in the cluster; rejects with a PipelineError for what is wrong with it. */
  draft(detail: StageDetail, signal: AbortSignal): Promise<Compiled>;
}
