/** The servers that a replica talks to. */
export type ServerName = 'kubernetes' | 'drone';

/** How a connection fails: refused at once, or accepted and never answered. */
export type Outage = 'refused' | 'silent';

/** What happens to a request. `before`, `after`: whether the server carries it out. */
export type RequestEffect =
  | { readonly kind: 'answer'; readonly status: number; readonly when: 'before' | 'after' }
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  | { readonly kind: 'half-answer' }
  | { readonly kind: 'slow'; readonly delayMs: number };

/** Which requests a fault meets: `patches` are changes of objects that exist. */
export type RequestClass = 'all' | 'writes' | 'patches' | 'reads' | 'watches';

/** What happens to the watches of a replica. */
export type WatchEffect = 'dropped' | 'silent' | 'late' | 'reordered' | 'expired';

/** One thing that goes wrong. Replicas, Pods, nodes and builds are picked by a number, modulo how many there are at that time. */
export type FaultAction =
  /** `isNewPod`: it comes back with another name; else as a container that is started again. */
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
      readonly how: Outage;
      /** Undefined: of all replicas. */
      readonly pick: number | undefined;
      readonly lastsMs: number;
    }
  | {
      readonly on: 'requests';
      readonly server: ServerName;
      readonly effect: RequestEffect;
      /** Of all replicas. The first so many requests, at most, within the time. */
      readonly times: number;
      readonly of: RequestClass;
      readonly lastsMs: number;
    }
  | { readonly on: 'watches'; readonly how: WatchEffect; readonly pick: number; readonly lastsMs: number }
  | { readonly on: 'drone'; readonly by: 'restart' }
  | { readonly on: 'pod'; readonly by: 'deletion' | 'eviction' | 'removal'; readonly pick: number }
  | { readonly on: 'node'; readonly by: 'loss' | 'silence'; readonly pick: number; readonly lastsMs: number }
  | { readonly on: 'build'; readonly by: 'cancel'; readonly pick: number };
