import type { Blame } from '../pipeline/pipeline-error.ts';

/** Why a Pod can't do what it should: the text is what the author reads. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly blame: Blame;
  readonly text: string;
  /** The step it concerns; absent when it is the whole Pod's. */
  readonly step?: number;
}

export type TroubleCode =
  | 'image-not-found'
  | 'image-pull-failed'
  | 'container-refused'
  | 'start-timed-out'
  | 'init-failed'
  | 'unschedulable'
  | 'evicted'
  | 'pod-refused'
  | 'pod-stopped'
  | 'deadline-exceeded'
  | 'node-lost'
  | 'pod-deleted'
  | 'internal';

/** How long what may mend itself is given. Milliseconds. */
export interface Patience {
  /** Pull errors that may pass: registry down, rate limits. */
  readonly imagePullMs: number;
  /** A node that stops answering may come back. */
  readonly nodeLostMs: number;
  /** How long a Pod may find no node (`HANGAR_SCHEDULING_TIMEOUT`); absent = for ever. */
  readonly schedulingMs?: number | undefined;
  /** How long one container may take to start once it is its turn (`DRONE_ENGINE_CONTAINER_START_TIMEOUT`); absent = for ever. */
  readonly startMs?: number | undefined;
}
