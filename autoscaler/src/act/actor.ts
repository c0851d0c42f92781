import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import type { Condition } from '../capacity/condition.ts';
import type { Pool } from '../capacity/pools.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { Resources } from '../capacity/shape.ts';
import type { PoolSize, Recommendation } from '../decide/recommendation.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';

/** How many nodes a pool shall have, and why. Given anew at each tick: it says the desired state and not the change. */
export interface PoolOrder {
  readonly pool: string;
  /** All nodes that the pool shall have; whole, ≥ 0. */
  readonly nodes: number;
  /** Those of them that are for what may come, for actors that ask for a buffer; whole, 0 to `nodes`. */
  readonly spareNodes: number;
  readonly because: string;
}

/** What became of an order: a kind of the actor's own, and a sentence about it. */
export interface OrderOutcome {
  readonly pool: string;
  readonly outcome: string;
  readonly note: string;
}

/** What an actor knows of the cluster; all of one moment. */
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
  /** The share of builds that are announced a boot before they come, 0 to 1. */
  readonly announcedShare: number;
  /** When nodes with builds are expected to be empty, in seconds since 1970, by name; undefined: unknown. */
  readonly emptyAt: ReadonlyMap<string, number> | undefined;
  /** Why less is known than should be; no pool is lowered and no node marked then. Undefined: all is known. */
  readonly uncertain: string | undefined;
}

/** Whoever may change nodes, buffers and pools. Never called with stale data. Without one everything is a dry run. */
export interface Actor {
  /** Runs beside the ticks until the signal is aborted; never rejects. */
  run?(stop: AbortSignal): Promise<void>;
  act(orders: readonly PoolOrder[], actView: ActView, signal: AbortSignal): Promise<readonly OrderOutcome[]>;
  /** Does this replica act? */
  readonly isLeading?: boolean;
  /** What keeps it from acting as the settings say. */
  conditions?(): readonly Condition[];
}

/** Gives the orders of a recommendation to the actor, if there is one. Rejects only when `stop` is aborted: a failure is an outcome. */
export async function giveOrders(
  { actor, log }: { readonly actor: Actor | undefined; readonly log: Logger },
  { pools }: Recommendation,
  actView: ActView,
  stop: AbortSignal,
): Promise<readonly OrderOutcome[]> {
  // With thousands of nodes the steps around this take tens of milliseconds: probes and pages are answered first.
  await nextTurn();
  const all = (outcome: string, note: string): readonly OrderOutcome[] =>
    pools.map(({ pool }) => ({ pool, outcome, note }));
  if (actor === undefined) return all('dry-run', 'acting is off: this service only recommends');
  try {
    return await actor.act(pools.map(orderOf), actView, stop);
  } catch (error) {
    stop.throwIfAborted();
    log.error({ err: error }, 'scaling failed; retrying at the next tick');
    return all('failed', errorText(error));
  }
}

const orderOf = ({ pool, desiredNodes, spareNodes, because }: PoolSize): PoolOrder => ({
  pool,
  nodes: desiredNodes,
  spareNodes,
  because: because.join('; '),
});

/**
 * What the actor gets to know of a snapshot and of the recommendation made from it.
 *
 * @param watched what the watch has
 * @param conditions of the data: a runner that doesn't answer, or answers wrongly, may hide work, so that fewer nodes would be too few
 */
export function actViewOf(
  snapshot: CapacitySnapshot,
  recommendation: Recommendation,
  watched: Pick<ActView, 'nodes' | 'emptyAt'>,
  conditions: readonly Condition[],
): ActView {
  const { pendingPods, knownStages } = recommendation.demand;
  return {
    ...watched,
    pools: snapshot.pools,
    typicalPod: recommendation.typicalPod,
    waitingPods: pendingPods + knownStages,
    perSecond: snapshot.perSecond,
    bootMs: snapshot.calibration.bootSeconds.value * 1000,
    announcedShare: snapshot.forecast?.announcedShare ?? 0,
    uncertain: conditions.find(({ weight }) => weight === 'partial')?.text,
  };
}
