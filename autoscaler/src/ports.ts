import type { Resources } from './capacity/shape.ts';
import type { Condition } from './capacity/condition.ts';
import type { PodRecord } from './trace/pod-record.ts';
import type { Pool } from './capacity/pools.ts';
import type { NodeFact } from './capacity/read-node.ts';

/** An answer of a target. */
export interface TargetAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most {@link MOST_ANSWER_BYTES}: an edge refuses more. */
  readonly body: string;
}

/** The most that a target may send. */
export const MOST_ANSWER_BYTES = 32 * 2 ** 20;

/** How targets are asked. Rejects when there is no answer, when it is too large, or with the signal's reason. */
export interface MetricsSource {
  get(url: string, signal: AbortSignal): Promise<TargetAnswer>;
}

/** One pool, how many nodes it shall have, and why in words. */
export interface PoolOrder {
  readonly pool: string;
  /** All nodes that the pool shall have; whole, ≥ 0. */
  readonly nodes: number;
  /** Those of them that are for what may come, for actors that ask for a buffer; whole, 0 to `nodes`. */
  readonly spareNodes: number;
  readonly because: string;
}

/** What became of an order: one word of the actor's own, and the story. */
export interface OrderOutcome {
  readonly pool: string;
  readonly outcome: string;
  readonly note: string;
}

/** What whoever acts sees of the world: all of one moment, and true to it. */
export interface ActView {
  readonly nodes: readonly NodeFact[];
  readonly pools: readonly Pool[];
  readonly typicalPod: Resources;
  /** Pods without a node and stages without a Pod. */
  readonly waitingPods: number;
  /** Pods that arrive in a second, lately. */
  readonly perSecond: number;
  /** From the order of a node to its first build. */
  readonly bootMs: number;
  /** Why less is known than should be, in words; nothing is lowered and no node marked then. Undefined: all is known. */
  readonly uncertain: string | undefined;
}

/** Whoever may change the world: places, buffers, pools. Never called with stale data. Without one everything is a dry run. */
export interface Actor {
  /** What goes on beside the ticks, until the signal is aborted. Never rejects. */
  run?(stop: AbortSignal): Promise<void>;
  act(orders: readonly PoolOrder[], actView: ActView, signal: AbortSignal): Promise<readonly OrderOutcome[]>;
  /** Does this replica act? */
  readonly isLeading?: boolean;
  /** What is not as it should be with acting. */
  conditions?(): readonly Condition[];
}

/** What was remembered from earlier lives. */
export interface Remembered {
  /** By end. */
  readonly records: readonly PodRecord[];
  /** In words: what was damaged, where it lies now. */
  readonly problems: readonly string[];
}

/** Finished Pods on a disk: memory over restarts, and food of `replay`. */
export interface TraceMemory {
  /** Never rejects: what can't be read is a problem in words. */
  load(nowMs: number): Promise<Remembered>;
  /** Keeps records. Rejects when the disk refuses; the caller tries again with the next ones. */
  append(records: readonly PodRecord[], nowMs: number): Promise<void>;
}

/** A memory that forgets: for a service without a disk. */
export const noMemory: TraceMemory = {
  load: () => Promise.resolve({ records: [], problems: [] }),
  append: () => Promise.resolve(),
};
