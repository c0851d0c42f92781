import type { OrderOutcome } from '../act/actor.ts';
import type { PoolSize, Recommendation } from '../decide/recommendation.ts';
import type { AutoscalerMetrics } from '../metrics/autoscaler-metrics.ts';
import type { DecisionEntry } from './ledger.ts';
import type { Ring } from './ring.ts';

/** Records what became of the orders of each tick: as metrics, and as a decision where something changed. */
export class ActLog {
  /** When each pool was last asked to grow. */
  readonly grewAtMs = new Map<string, number>();
  readonly #metrics: AutoscalerMetrics;
  readonly #decisions: Ring<DecisionEntry>;
  readonly #onGrowth: (pool: string) => void;
  /** By pool: what was recorded last. */
  readonly #last = new Map<string, string>();
  readonly #wanted = new Map<string, number>();

  constructor(metrics: AutoscalerMetrics, decisions: Ring<DecisionEntry>, onGrowth: (pool: string) => void) {
    this.#metrics = metrics;
    this.#decisions = decisions;
    this.#onGrowth = onGrowth;
  }

  record({ atMs, pools }: Recommendation, outcomes: readonly OrderOutcome[]): void {
    this.#metrics.acted(outcomes);
    for (const pool of pools) {
      const { outcome, note } = outcomes.find((one) => one.pool === pool.pool) ?? {
        outcome: 'unanswered',
        note: 'there is no result for this pool',
      };
      this.#recordPool(pool, atMs, { pool: pool.pool, outcome, note });
    }
    for (const name of this.#last.keys())
      if (!pools.some(({ pool }) => pool === name)) {
        this.#last.delete(name);
        this.#wanted.delete(name);
        this.grewAtMs.delete(name);
      }
  }

  #recordPool(size: PoolSize, atMs: number, { pool, outcome, note }: OrderOutcome): void {
    const { actualNodes: fromNodes, desiredNodes: toNodes, needNodes, shrinkToNodes, because } = size;
    if (toNodes > fromNodes) this.grewAtMs.set(pool, atMs);
    this.#watchGrowth(pool, size, outcome);
    const state = `${fromNodes}>${toNodes} ${outcome}`;
    if (this.#last.get(pool) === state) return;
    const isFirst = !this.#last.has(pool);
    this.#last.set(pool, state);
    if (isFirst && fromNodes === toNodes) return;
    this.#metrics.ordered(pool, outcome);
    this.#decisions.push({
      ...{ atMs, pool, fromNodes, toNodes, needNodes, shrinkToNodes },
      ...{ outcome, note, because },
    });
  }

  /** A boot is timed from the first order that asked for more, and only where somebody really ordered. */
  #watchGrowth(pool: string, { actualNodes, desiredNodes }: PoolSize, outcome: string): void {
    const before = Math.max(actualNodes, this.#wanted.get(pool) ?? 0);
    this.#wanted.set(pool, desiredNodes);
    if (outcome === 'set' && desiredNodes > before) this.#onGrowth(pool);
  }
}
