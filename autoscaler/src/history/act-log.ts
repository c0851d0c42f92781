import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import type { PoolSize, Recommendation } from '../decide/recommendation.ts';
import type { AutoscalerMetrics } from '../metrics/autoscaler-metrics.ts';
import type { Actor, ActView, OrderOutcome, PoolOrder } from '../act/actor.ts';
import type { DecisionEntry } from './ledger.ts';
import type { Ring } from './ring.ts';

interface ActLogParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: AutoscalerMetrics;
  readonly actor?: Actor | undefined;
}

/** Gives a recommendation to whoever acts, each tick anew (orders say how it shall be, not what to change), and tells what changed. */
export class ActLog {
  /** When each pool was last asked to grow. */
  readonly grewAtMs = new Map<string, number>();
  readonly #parts: ActLogParts;
  readonly #decisions: Ring<DecisionEntry>;
  readonly #onGrowth: (pool: string) => void;
  readonly #last = new Map<string, string>();
  readonly #wanted = new Map<string, number>();

  constructor(parts: ActLogParts, decisions: Ring<DecisionEntry>, onGrowth: (pool: string) => void) {
    this.#parts = parts;
    this.#decisions = decisions;
    this.#onGrowth = onGrowth;
  }

  /** Rejects only when it is told to stop: an actor that fails is told in the decision. */
  async give({ atMs, pools }: Recommendation, actView: ActView, stop: AbortSignal): Promise<void> {
    // With thousands of nodes the steps around this take tens of milliseconds: probes and pages are answered first.
    await nextTurn();
    const outcomes = await this.#act(pools.map(orderOf), actView, stop);
    this.#parts.metrics.acted(outcomes);
    for (const pool of pools) {
      const { outcome, note } = outcomes.find((one) => one.pool === pool.pool) ?? {
        outcome: 'unanswered',
        note: 'the actor said nothing of this pool',
      };
      this.#tell(pool, atMs, { pool: pool.pool, outcome, note });
    }
    for (const name of this.#last.keys())
      if (!pools.some(({ pool }) => pool === name)) {
        this.#last.delete(name);
        this.#wanted.delete(name);
        this.grewAtMs.delete(name);
      }
  }

  async #act(
    orders: readonly PoolOrder[],
    actView: ActView,
    stop: AbortSignal,
  ): Promise<readonly OrderOutcome[]> {
    const { actor, log } = this.#parts;
    const all = (outcome: string, note: string): readonly OrderOutcome[] =>
      orders.map(({ pool }) => ({ pool, outcome, note }));
    if (actor === undefined) return all('dry-run', 'nobody acts: this service only recommends');
    try {
      return await actor.act(orders, actView, stop);
    } catch (error) {
      stop.throwIfAborted();
      log.error({ err: error }, 'acting failed; it is tried again at the next tick');
      return all('failed', errorText(error));
    }
  }

  #tell(size: PoolSize, atMs: number, { pool, outcome, note }: OrderOutcome): void {
    const { actualNodes: fromNodes, wantedNodes: toNodes, because } = size;
    if (toNodes > fromNodes) this.grewAtMs.set(pool, atMs);
    this.#watchGrowth(pool, size, outcome);
    const said = `${fromNodes}>${toNodes} ${outcome}`;
    if (this.#last.get(pool) === said) return;
    const isFirst = !this.#last.has(pool);
    this.#last.set(pool, said);
    if (isFirst && fromNodes === toNodes) return;
    this.#parts.metrics.ordered(pool, outcome);
    this.#decisions.push({ atMs, pool, fromNodes, toNodes, outcome, note, because });
  }

  /** A boot is timed from the first order that asked for more, and only where somebody really ordered. */
  #watchGrowth(pool: string, { actualNodes, wantedNodes }: PoolSize, outcome: string): void {
    const before = Math.max(actualNodes, this.#wanted.get(pool) ?? 0);
    this.#wanted.set(pool, wantedNodes);
    if (outcome === 'set' && wantedNodes > before) this.#onGrowth(pool);
  }
}

const orderOf = ({ pool, wantedNodes, spareNodes, because }: PoolSize): PoolOrder => ({
  pool,
  nodes: wantedNodes,
  spareNodes,
  because: because.join('; '),
});
