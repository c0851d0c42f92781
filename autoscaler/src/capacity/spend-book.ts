import type { Pool } from './pools.ts';

const DAY_MS = 86_400_000;

/** Node-hours of a day, as far as they were seen. */
export interface NodeHours {
  /** Hours of all nodes of a pool together, since midnight UTC. */
  readonly byPool: ReadonlyMap<string, number>;
  /** From when on they are counted; nodes that were there then are counted from their creation. Milliseconds since 1970. */
  readonly countedFromMs: number;
}

/** Counts node-hours of today, tick by tick. After a start it knows of nodes that are still there, not of those that are gone. */
export class SpendBook {
  #countedFromMs = 0;
  #lastMs: number | undefined;
  #nodes: ReadonlyMap<string, number> = new Map();
  readonly #hours = new Map<string, number>();

  /** What was there since the last call counts as it was then. @param nowMs may jump: back counts nothing, ahead to midnight at most */
  take(nowMs: number, pools: readonly Pool[]): NodeHours {
    const midnightMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    // Without a pool it may only be too early to see any.
    if (this.#lastMs === undefined && pools.length === 0) return { byPool: new Map(), countedFromMs: nowMs };
    if (this.#lastMs === undefined) this.#begin(nowMs, midnightMs, pools);
    else {
      if (this.#lastMs < midnightMs || this.#countedFromMs > nowMs) this.#newDay(midnightMs);
      const sinceMs = Math.max(this.#lastMs, midnightMs);
      for (const [pool, nodes] of this.#nodes) this.#add(pool, nodes * Math.max(0, nowMs - sinceMs));
    }
    this.#lastMs = nowMs;
    this.#nodes = new Map(pools.map(({ name, nodes }) => [name, nodes.length]));
    return { byPool: new Map(this.#hours), countedFromMs: this.#countedFromMs };
  }

  #begin(nowMs: number, midnightMs: number, pools: readonly Pool[]): void {
    this.#countedFromMs = nowMs;
    for (const { name, nodes } of pools)
      for (const { createdMs } of nodes)
        this.#add(name, Math.max(0, nowMs - Math.max(createdMs, midnightMs)));
  }

  #newDay(midnightMs: number): void {
    this.#countedFromMs = midnightMs;
    this.#hours.clear();
  }

  #add(pool: string, ms: number): void {
    this.#hours.set(pool, (this.#hours.get(pool) ?? 0) + ms / 3_600_000);
  }
}
