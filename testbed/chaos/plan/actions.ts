/** The servers of a replica. */
export type ServerName = 'kubernetes' | 'drone';

/** How a connection fails: refused at once, or accepted and never answered. */
export type OutageKind = 'refused' | 'silent';

/** What happens to a request. `after`: the server has carried it out; `before`: it has not. */
export type RequestEffect =
  | { readonly kind: 'answer'; readonly status: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  | { readonly kind: 'half-answer' }
  | { readonly kind: 'slow'; readonly delayMs: number };

/** The requests that a fault affects: `patches` are changes of existing objects. */
export type RequestKind = 'all' | 'writes' | 'patches' | 'reads' | 'watches';

/** What happens to the watches of a replica. */
export type WatchEffect = 'dropped' | 'silent' | 'late' | 'reordered' | 'expired';

/** One fault. Replicas, Pods, nodes and builds are picked by a number, modulo their number at that time. */
export type FaultAction =
  /** `isNewPod`: the replica restarts as another Pod; else as a restarted container. */
  | {
      readonly on: 'process';
      readonly by: 'SIGKILL' | 'SIGTERM';
      readonly pick: number;
      readonly isNewPod: boolean;
    }
  | { readonly on: 'process'; readonly by: 'SIGSTOP'; readonly pick: number; readonly lastsMs: number }
  | {
      readonly on: 'connections';
      readonly server: ServerName;
      readonly how: OutageKind;
      /** Undefined: all replicas. */
      readonly pick: number | undefined;
      readonly lastsMs: number;
    }
  | {
      readonly on: 'requests';
      readonly server: ServerName;
      readonly effect: RequestEffect;
      /** Maximum number of affected requests, of all replicas together. */
      readonly times: number;
      readonly of: RequestKind;
      readonly lastsMs: number;
    }
  | { readonly on: 'watches'; readonly how: WatchEffect; readonly pick: number; readonly lastsMs: number }
  /** The wall clock of a replica is wrong for a while. */
  | { readonly on: 'clock'; readonly pick: number; readonly byMs: number; readonly lastsMs: number }
  | { readonly on: 'drone'; readonly by: 'restart' }
  | { readonly on: 'pod'; readonly by: 'deletion' | 'eviction' | 'removal'; readonly pick: number }
  | { readonly on: 'node'; readonly by: 'loss' | 'silence'; readonly pick: number; readonly lastsMs: number }
  | { readonly on: 'build'; readonly by: 'cancel'; readonly pick: number };
