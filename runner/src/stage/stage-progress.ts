import type { V1Pod } from '@kubernetes/client-node';
import type { Admission, Load, WaitReason } from '../admit/admit.ts';
import type { Placement } from '../admit/placement.ts';
import type { PodRecord } from '../adopt/read-pod.ts';
import type { ServerState } from '../cancel/cancel-watches.ts';
import type { WaitNotice } from '../launch/patiently.ts';
import type { Started } from '../launch/start.ts';
import type { Intent, StartedWithoutPod } from '../lease/lease-record.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import type { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { OpenStep } from '../pipeline/stage-state.ts';
import type { ApiTime } from './api-time.ts';
import type { StageParts } from './stage-parts.ts';

/** What a stage runs: compiled from its details, or read back from its Pod. */
export interface Work {
  readonly plan: RunPlan;
  /** Undefined: not known, after a restart without the right to read Secrets. */
  readonly masks: Compiled['masks'] | undefined;
  /** Written at the beginning of the first step's log. */
  readonly notes: readonly string[];
  /** Written at the beginning of a step's own log, by step number. */
  readonly stepNotes?: Compiled['stepWarnings'] | undefined;
  readonly namespace: string;
  /** The namespace is created for this stage alone and deleted with it. */
  readonly ownNamespace: boolean;
  /** The resources that it requests. */
  readonly asks: Load;
  /** Which nodes its Pod may be scheduled to. */
  readonly placement: Placement;
  /** The objects to create; undefined if the Pod already existed, and once a step was started: it is not made again then. */
  compiled: Compiled | undefined;
}

/** A stage's place in the admission queue. */
export interface QueueEntry {
  readonly sinceMs: number;
  readonly decided: Promise<Admission & { kind: 'admitted' | 'refused' }>;
  /** The latest reason for the wait. */
  readonly waitReason: { reason: WaitReason; text: string };
  /** Leaves the queue, unless the admission was decided already. */
  leave(): void;
}

/**
 * How far a stage has progressed: a field that is set marks work that needs no repetition. The state comes from the server's details, or
 * from a Pod and a Lease: a new stage is handled like an adopted one of which nothing is known yet.
 */
export interface StageProgress {
  /** The latest known state; its version is the one at the server. */
  stage: DroneStage;
  readonly machine: string;
  /** Another process handled it before. */
  adopted: boolean;
  /** The server has confirmed that the stage is assigned to this runner. */
  isClaimed: boolean;
  /** What is recorded in a Lease about a stage that was started and has no Pod. */
  startedWithoutPod: StartedWithoutPod | undefined;
  /** Steps that a previous owner recorded in its Lease as open; needed if the Pod is gone. */
  readonly lostSteps: readonly OpenStep[];
  /** The record in the Lease may state that the stage waits without a Pod. */
  isWaitRecorded: boolean;
  /** The record in the Lease states that this process prepares it. */
  isPreparing: boolean;
  /** Ends its turn among the stages that may have ended their runner. */
  endTurn: (() => void) | undefined;
  /** How many times its Pod was recreated, because nothing of the pipeline had run in it. */
  remakes: number;
  /** Why its Pod can't have the gate's image as a volume; undefined: not tried, or it works. */
  gateFailure: string | undefined;
  /** The node that could pull no image of an earlier Pod. */
  avoidedNode: string | undefined;
  detail: StageDetail | undefined;
  work: Work | undefined;
  queueEntry: QueueEntry | undefined;
  /** It has waited so long that its log must state why. */
  isWaitLong: boolean;
  /** Its log states why it waits. */
  isWaitShown: boolean;
  /** When it was admitted, by our clock: milliseconds since 1970. */
  admittedMs: number | undefined;
  /** The same on the monotonic clock of this process: the wall clock may be set while the stage runs. */
  admittedMonotonicMs: number;
  pod: V1Pod | undefined;
  /** The Pod's annotations when it was found; undefined for a Pod that this process created. */
  record: PodRecord | undefined;
  apiTime: ApiTime | undefined;
  started: Started | undefined;
  /** After a takeover: the server was asked whether the stage is still open. */
  isConfirmed: boolean;
  /** Its supervision has begun, which sends its own reports. */
  isSupervised: boolean;
}

/** The signals that may stop a stage. */
export interface Stops {
  readonly cancelled: AbortSignal;
  readonly handOver: AbortSignal;
  /** Either of them. */
  readonly stop: AbortSignal;
  /** Like `stop`, but at a hand-over calls whose response must not be lost get some more time. */
  readonly grace: AbortSignal;
}

/** What a station works with. */
export interface StationParts extends StageParts {
  readonly wait: WaitNotice;
}

/** One stage that is being processed. */
export interface StageFlow {
  readonly parts: StationParts;
  readonly progress: StageProgress;
  readonly stops: Stops;
  /** When this process began to handle it, on the monotonic clock. */
  readonly beganMs: number;
  /** Requests the state of the stage from the server, once it was started; a cancel aborts `stops.cancelled`. Never rejects. */
  requestState(): Promise<ServerState>;
  /** Called when only reports and logs remain. */
  ended(): void;
}

/** How the processing of a stage ended. */
export type StageEnd =
  /** The server has its end and its logs; its Pod is being deleted. */
  | { readonly kind: 'reported' }
  /** This process stops: the next owner continues from the Pod and the Lease. */
  | { readonly kind: 'handed-over' }
  /** It belongs to another runner: nothing of it is changed. */
  | { readonly kind: 'left'; readonly why: string }
  /** The server has its end already: only the objects created for it are removed. */
  | { readonly kind: 'over'; readonly why: string }
  /** Its end could not be reported within the retention, so its record is removed. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: PipelineError };

/** Another replica has taken over the Pod of the stage, and continues it. */
export const TAKEN_OVER: StageEnd = { kind: 'left', why: 'another runner has taken over this pipeline' };

/** One step of the processing. A returned end stops the processing; undefined continues with the next station. */
export type Station = (flow: StageFlow) => Promise<StageEnd | undefined>;

const NOTHING_KNOWN = {
  isClaimed: false,
  startedWithoutPod: undefined,
  lostSteps: [],
  isWaitRecorded: false,
  isPreparing: false,
  endTurn: undefined,
  remakes: 0,
  gateFailure: undefined,
  avoidedNode: undefined,
  detail: undefined,
  work: undefined,
  queueEntry: undefined,
  isWaitLong: false,
  isWaitShown: false,
  admittedMs: undefined,
  admittedMonotonicMs: 0,
  pod: undefined,
  record: undefined,
  apiTime: undefined,
  started: undefined,
  isConfirmed: false,
  isSupervised: false,
} as const;

/** A stage that the server has just assigned to this runner. */
export const claimedStage = (stage: DroneStage, machine: string): StageProgress => ({
  ...NOTHING_KNOWN,
  stage,
  machine,
  adopted: false,
  isClaimed: true,
  isPreparing: true,
});

/** A stage that is known only from the record in a Lease. */
export const recordedStage = ({ stageId, buildId, machine, started, steps = [] }: Intent): StageProgress => ({
  ...NOTHING_KNOWN,
  stage: { id: stageId, buildId, name: '' } as DroneStage,
  machine,
  adopted: true,
  startedWithoutPod: started,
  lostSteps: steps,
  isWaitRecorded: started !== undefined,
});

/** A stage whose Pod another process created. */
export const stageOfPod = (pod: V1Pod, record: PodRecord, apiTime: ApiTime | undefined): StageProgress => ({
  ...NOTHING_KNOWN,
  stage: { ...record.stage, version: record.stageVersion },
  machine: record.stage.machine,
  adopted: true,
  isClaimed: true,
  isWaitRecorded: true,
  pod,
  record,
  apiTime,
});
