import type { Pool } from '../capacity/pools.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';

/** What is known of pools beyond their live nodes. */
export interface PoolMemoryOptions {
  /** Pools that somebody scales: they are pools without a node too. */
  readonly scaled: readonly string[];
  /** Label of nodes that names their pool. */
  readonly label: string;
  /** What a node is like, by pool. */
  readonly shapes: Readonly<Record<string, NodeShape>>;
  /** What DaemonSets request of it. */
  readonly daemonSets: Resources;
}

/** Remembers what the nodes of a pool were like, so that a pool that has none left can still be sized. */
export class PoolMemory {
  readonly #options: PoolMemoryOptions;
  readonly #seen = new Map<string, Pool>();

  constructor(options: PoolMemoryOptions) {
    this.#options = options;
  }

  /** The pools with nodes, and those without whose nodes are known from before or from the settings. */
  complete(pools: readonly Pool[]): readonly Pool[] {
    for (const pool of pools) this.#seen.set(pool.name, { ...pool, nodes: [] });
    const missing = this.#options.scaled.filter((name) => !pools.some((pool) => pool.name === name));
    const empty = missing.flatMap((name) => this.#seen.get(name) ?? this.#bySettings(name) ?? []);
    return [...pools, ...empty];
  }

  #bySettings(name: string): Pool | undefined {
    const { shapes, label, daemonSets } = this.#options;
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape === undefined) return undefined;
    const traits = { labels: { [label]: name } };
    const spec = { allocatable: shape.allocatable, traits, daemonSets: { ...daemonSets, pods: 0 } };
    return { name, spec, shape: { ...shape, name }, owner: 'unknown', nodes: [] };
  }
}
