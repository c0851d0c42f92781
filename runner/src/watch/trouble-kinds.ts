import type { Blame } from '../pipeline/pipeline-error.ts';

/** Why a Pod can't run as planned: the text is shown to the author. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly blame: Blame;
  readonly text: string;
  /** The affected step; absent if it is the whole Pod. */
  readonly step?: number;
  /** It follows from how long a state of the Pod was seen. The watch may be silent meanwhile: the Pod is read before its build ends. */
  readonly isLasting?: true;
}

/** A trouble that follows from how long a state was seen. */
export const lasting = (trouble: Trouble): Trouble => ({ ...trouble, isLasting: true });

export type TroubleCode =
  | 'image-not-found'
  | 'image-pull-failed'
  | 'container-refused'
  | 'node-unresponsive'
  | 'start-timed-out'
  | 'init-failed'
  | 'unschedulable'
  | 'evicted'
  | 'preempted'
  | 'node-shutdown'
  | 'pod-refused'
  | 'pod-stopped'
  | 'deadline-exceeded'
  | 'node-lost'
  | 'pod-deleted'
  | 'internal';

/** How long a temporary problem is tolerated. Milliseconds. */
export interface Patience {
  /** Pull errors that may resolve: registry down, rate limits. */
  readonly imagePullMs: number;
  /** An unresponsive node may recover. */
  readonly nodeLostMs: number;
  /** How long a Pod may stay unschedulable (`HANGAR_SCHEDULING_TIMEOUT`); absent = for ever. */
  readonly schedulingMs?: number | undefined;
  /** How long one container may take to start once it can (`DRONE_ENGINE_CONTAINER_START_TIMEOUT`); absent = for ever. */
  readonly startMs?: number | undefined;
}
