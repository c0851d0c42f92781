import type { V1Pod } from '@kubernetes/client-node';
import type { Admission, Load, WaitReason } from '../admit/admit.ts';
import type { PodRecord } from '../adopt/read-pod.ts';
import type { Started } from '../launch/start.ts';
import type { Intent, StartedWithoutPod } from '../lease/lease-record.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import type { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { ApiTime } from './api-time.ts';
import type { StageParts } from './stage-parts.ts';

/** What a stage runs: compiled from its details, or read back from its Pod. */
export interface Work {
  readonly plan: RunPlan;
  readonly masks: Compiled['masks'];
  /** Said at the head of the first step's log. */
  readonly notes: readonly string[];
  readonly namespace: string;
  /** The namespace is made for this stage alone, and goes with it. */
  readonly ownNamespace: boolean;
  /** What it asks of the cluster. */
  readonly asks: Load;
  /** What is to be created; undefined where the Pod was there already. */
  readonly compiled: Compiled | undefined;
}

/** A place in the line before admission. */
export interface Turn {
  readonly sinceMs: number;
  readonly decided: Promise<Admission & { kind: 'admitted' | 'refused' }>;
  /** The last reason to wait. */
  readonly said: { reason: WaitReason; text: string };
  /** Gives the place up, if it was not decided yet. */
  leave(): void;
}

/**
 * How far a stage has come: what is filled in needs not be done again. It is read from the server's details, or from a Pod and a Lease: a
 * new stage is an adopted one of which nothing is known yet.
 */
export interface StageProgress {
  /** As last known; its version is that at the server. */
  stage: DroneStage;
  readonly machine: string;
  /** Another process had it in hand before. */
  readonly adopted: boolean;
  /** The server has said that it is ours. */
  isClaimed: boolean;
  /** What a former owner wrote into its Lease of a stage that waits without a Pod. */
  readonly startedWithoutPod: StartedWithoutPod | undefined;
  /** The record in the Lease may say that the stage waits without a Pod. */
  isWaitRecorded: boolean;
  /** How often its Pod was made again, because nothing of the pipeline had run in it. */
  remakes: number;
  detail: StageDetail | undefined;
  work: Work | undefined;
  turn: Turn | undefined;
  /** It has waited so long that its log is to say why. */
  isWaitLong: boolean;
  /** Its log says why it waits. */
  isWaitShown: boolean;
  /** When it was admitted, by our clock: milliseconds since 1970. */
  admittedMs: number | undefined;
  pod: V1Pod | undefined;
  /** What the Pod's annotations said when it was found; undefined for one of our own making. */
  record: PodRecord | undefined;
  apiTime: ApiTime | undefined;
  started: Started | undefined;
  /** Its supervision has begun, which reports for itself. */
  isSupervised: boolean;
}

/** What may stop a stage on its way. */
export interface Stops {
  readonly cancelled: AbortSignal;
  readonly handOver: AbortSignal;
  /** Either of them. */
  readonly stop: AbortSignal;
  /** Like `stop`, but calls whose answer must not be lost get some time more at a hand-over. */
  readonly grace: AbortSignal;
}

/** What a station works with. */
export interface StationParts extends StageParts {
  /** Shows in the registry why the stage waits (empty: it goes on), and in its log where that is open. */
  readonly waits: (reason: string, note?: string) => void;
}

/** One stage on its way through the stations. */
export interface StageFlow {
  readonly parts: StationParts;
  readonly progress: StageProgress;
  readonly stops: Stops;
  /** When this process took it in hand, on the monotonic clock. */
  readonly beganMs: number;
  /** Only reports and logs are left. */
  ended(): void;
}

/** How a stage left the stations. */
export type StageEnd =
  /** The server has its end and its logs; its Pod is on its way out. */
  | { readonly kind: 'reported' }
  /** This process goes: Pod and Lease say to whoever comes next how to go on. */
  | { readonly kind: 'handed-over' }
  /** It is not ours: nothing of it is touched. */
  | { readonly kind: 'left'; readonly why: string }
  /** The server has its end already: only what was made for it is removed. */
  | { readonly kind: 'over'; readonly why: string }
  /** Its end could not be reported for so long that its record is given up. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: PipelineError };

/** Does its work, unless that is done; an end leaves the loop. */
export type Station = (flow: StageFlow) => Promise<StageEnd | undefined>;

const NOTHING_KNOWN = {
  isClaimed: false,
  startedWithoutPod: undefined,
  isWaitRecorded: false,
  remakes: 0,
  detail: undefined,
  work: undefined,
  turn: undefined,
  isWaitLong: false,
  isWaitShown: false,
  admittedMs: undefined,
  pod: undefined,
  record: undefined,
  apiTime: undefined,
  started: undefined,
  isSupervised: false,
} as const;

/** A stage that the server has just given to us. */
export const claimedStage = (stage: DroneStage, machine: string): StageProgress => ({
  ...NOTHING_KNOWN,
  stage,
  machine,
  adopted: false,
  isClaimed: true,
});

/** A stage of which only a Lease says something. */
export const recordedStage = ({ stageId, buildId, machine, started }: Intent): StageProgress => ({
  ...NOTHING_KNOWN,
  stage: { id: stageId, buildId, name: '' } as DroneStage,
  machine,
  adopted: true,
  startedWithoutPod: started,
  isWaitRecorded: started !== undefined,
});

/** A stage whose Pod another process made. */
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
