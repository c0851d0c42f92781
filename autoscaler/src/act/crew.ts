import type { Placer } from '../place/placer.ts';
import type { PoolNode } from '../place/pool-node.ts';
import type { SurplusOptions } from '../place/surplus.ts';
import type { Actor, OrderOutcome, PoolOrder } from '../ports.ts';
import type { Actuator } from './actuator.ts';

/** What is done for one pool. */
export interface CrewPool {
  readonly placer?: Placer;
  readonly actuator?: Actuator;
  /** What stays without a mark now. */
  surplus(): SurplusOptions;
}

/** What the crew knows of the world. */
export interface CrewWorld {
  /** All pools' nodes; asked once a tick. */
  nodes(): ReadonlyMap<string, readonly PoolNode[]>;
  /** Do we lead? The signal is aborted when that ends. */
  leadership(): { readonly leading: AbortSignal | undefined; readonly holder: string | undefined };
}

/** Places and acts for all pools, one after the other, as long as this replica leads. */
export class Crew implements Actor {
  readonly #pools: ReadonlyMap<string, CrewPool>;
  readonly #world: CrewWorld;

  constructor(pools: ReadonlyMap<string, CrewPool>, world: CrewWorld) {
    this.#pools = pools;
    this.#world = world;
  }

  async act(orders: readonly PoolOrder[], signal: AbortSignal): Promise<readonly OrderOutcome[]> {
    const { leading, holder } = this.#world.leadership();
    if (!leading) {
      const note = holder ? `${holder} leads, this replica only looks` : 'nobody leads yet';
      return orders.map(({ pool }) => ({ pool, outcome: 'follower', note }));
    }
    const until = AbortSignal.any([leading, signal]);
    const nodes = this.#world.nodes();
    const outcomes: OrderOutcome[] = [];
    for (const order of orders) outcomes.push(await this.#one(order, nodes.get(order.pool) ?? [], until));
    return outcomes;
  }

  async #one(order: PoolOrder, nodes: readonly PoolNode[], signal: AbortSignal): Promise<OrderOutcome> {
    const { pool, because } = order;
    const crew = this.#pools.get(pool);
    const placed = await crew?.placer?.tick(nodes, crew.surplus(), signal);
    const about = placed && placed.word !== 'unchanged' ? `; placing: ${placed.text}` : '';
    if (!crew?.actuator)
      return { pool, outcome: placed?.word ?? 'dry-run', note: `nobody sizes this pool${about}` };
    const { word, text } = await crew.actuator.set(numberFor(crew.actuator, order), because, signal);
    return { pool, outcome: word, note: `${text}${about}` };
  }
}

/** An own pool is told all its nodes, an engine's pool what shall stand ready beside its builds. */
function numberFor({ meaning }: Actuator, { nodes, spareNodes }: PoolOrder): number {
  switch (meaning) {
    case 'total':
      return nodes;
    case 'spare':
      return spareNodes;
  }
}
