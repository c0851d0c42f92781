import type { Resources } from '../capacity/shape.ts';
import type { Condition } from '../capacity/condition.ts';
import type { Pool } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';

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

/**
 * What acting sees of a snapshot and what was decided on it.
 *
 * @param nodes as the watch knows them
 * @param conditions what is known of the data: a runner that is silent or lies may hide work, so that less would be too little
 */
export function actViewOf(
  snapshot: CapacitySnapshot,
  recommendation: Recommendation,
  nodes: readonly NodeFact[],
  conditions: readonly Condition[],
): ActView {
  const { pendingPods, knownStages } = recommendation.demand;
  return {
    nodes,
    pools: snapshot.pools,
    typicalPod: recommendation.typicalPod,
    waitingPods: pendingPods + knownStages,
    perSecond: snapshot.perSecond,
    bootMs: snapshot.calibration.bootSeconds.value * 1000,
    uncertain: conditions.find(({ weight }) => weight === 'partial')?.text,
  };
}
