import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { WaitReason } from '../admit/admit.ts';
import type { WaitingLine } from '../admit/waiting-line.ts';
import type { FlightEvents } from '../flight/flight-events.ts';
import type { OwnLease } from '../lease/own-lease.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { CancelWatches } from '../poll/cancel-watches.ts';
import type { CiServer } from '../ports/ci-server.ts';
import type { StepLogs } from '../ports/step-logs.ts';
import type { Roster } from '../roster.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import type { Patience } from '../watch/trouble.ts';

/** What a stage is counted by on its way. All calls are cheap and never throw. */
export interface JourneyEvents extends FlightEvents {
  /** A build was seen for the first time by this process. */
  buildSeen(buildId: number, event: string): void;
  waited(reason: WaitReason, ms: number): void;
  /** From admission to the lifted scheduling gate. */
  launched(ms: number): void;
  /** The stage is over, after so long from admission. */
  landed(ms: number): void;
  /** A stage that came to nothing, by the code of its error. */
  failedEarly(code: string, blame: string): void;
}

/** All that a stage's journey works with. */
export interface JourneyParts {
  readonly clock: Clock;
  readonly ciServer: CiServer;
  readonly cluster: Cluster;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
  readonly events: JourneyEvents;
  readonly roster: Roster;
  readonly line: WaitingLine;
  readonly lease: OwnLease;
  readonly podWatch: PodWatch;
  readonly cancelWatches: CancelWatches;
  readonly patience: Patience;
  /** How long a stage may wait for admission; Infinity = for ever. */
  readonly waitLimitMs: number;
  /** From the server's detail to what will be made in the cluster; rejects with a PipelineError for what is wrong with it. */
  draft(detail: StageDetail, signal: AbortSignal): Promise<Compiled>;
}
