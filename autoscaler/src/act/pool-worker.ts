import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import type { Placer } from './placer.ts';
import { CLOSING_TAINT, type PoolNode } from '../capacity/pool-node.ts';
import type { SurplusOptions } from './surplus.ts';
import type { OrderOutcome, PoolOrder } from './actor.ts';
import type { ActOutcome, Actuator } from './actuator.ts';

/** How pools are worked on. What a missing right or a setting forbids is undefined. */
export interface PoolWorkerParts {
  /** Always the same one for a pool. */
  placer(pool: string): Pick<Placer, 'tick' | 'clear'>;
  actuator(pool: string): Actuator | undefined;
  /** `mark`: by surplus. `clear`: whatever marks are left go. `leave`: nodes are not written. */
  marks(pool: string): 'mark' | 'clear' | 'leave';
  /** Why a pool that should be scaled isn't, in words. */
  whyNot(pool: string): string | undefined;
}

/** What the crew sees in one tick. */
export interface PoolWorkerView {
  /** All pools' nodes. */
  readonly nodes: ReadonlyMap<string, readonly PoolNode[]>;
  readonly surplus: SurplusOptions;
  /** Why less is known than should be: nothing is lowered and no node marked then. */
  readonly uncertain: string | undefined;
}

/** Places and scales all pools, one after the other. Called while this replica leads. */
export class PoolWorker {
  readonly #parts: PoolWorkerParts;

  constructor(parts: PoolWorkerParts) {
    this.#parts = parts;
  }

  /** @param signal aborted when leadership ends: nothing is written after that */
  async act(
    orders: readonly PoolOrder[],
    view: PoolWorkerView,
    signal: AbortSignal,
  ): Promise<readonly OrderOutcome[]> {
    const outcomes: OrderOutcome[] = [];
    for (const order of orders) outcomes.push(await this.#one(order, view, signal));
    return outcomes;
  }

  async #one(order: PoolOrder, view: PoolWorkerView, signal: AbortSignal): Promise<OrderOutcome> {
    const { pool } = order;
    const placed = await this.#place(pool, view, signal);
    const about = placed && placed.kind !== 'unchanged' ? `; placing: ${placed.text}` : '';
    const actuator = this.#parts.actuator(pool);
    if (actuator === undefined) return this.#unscaled(pool, placed, about);
    const { kind, text, trouble } = await this.#scale(actuator, order, view.uncertain, signal);
    return {
      pool,
      outcome: trouble === undefined ? kind : 'unserved',
      note: `${text}${trouble === undefined ? '' : `; ${trouble}`}${about}`,
    };
  }

  #unscaled(pool: string, placed: ActOutcome | undefined, about: string): OrderOutcome {
    const why = this.#parts.whyNot(pool);
    if (why !== undefined) return { pool, outcome: 'refused', note: `${why}${about}` };
    return {
      pool,
      outcome: about === '' ? 'dry-run' : (placed?.kind ?? 'dry-run'),
      note: `nobody scales this pool${about}`,
    };
  }

  async #place(pool: string, view: PoolWorkerView, signal: AbortSignal): Promise<ActOutcome | undefined> {
    const nodes = view.nodes.get(pool) ?? [];
    const placer = this.#parts.placer(pool);
    const mayClose = this.#parts.actuator(pool)?.meaning === 'total';
    const leftovers = mayClose ? [] : [CLOSING_TAINT];
    switch (this.#parts.marks(pool)) {
      case 'leave':
        return undefined;
      case 'clear':
        return placer.clear(nodes, [SURPLUS_TAINT, ...leftovers], signal);
      case 'mark': {
        const opened = await placer.clear(nodes, leftovers, signal);
        if (opened.kind !== 'unchanged') return opened;
        return view.uncertain === undefined ? placer.tick(nodes, view.surplus, signal) : undefined;
      }
    }
  }

  async #scale(
    actuator: Actuator,
    order: PoolOrder,
    uncertain: string | undefined,
    signal: AbortSignal,
  ): Promise<ActOutcome> {
    const wanted = numberFor(actuator, order);
    if (uncertain === undefined) return actuator.set(wanted, order.because, signal);
    const seen = await actuator.observe(signal);
    const least = seen.kind === 'found' ? (seen.nodes ?? 0) : 0;
    if (wanted >= least) return actuator.set(wanted, order.because, signal);
    return actuator.set(least, `not lowered to ${wanted}: ${uncertain}`, signal);
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
