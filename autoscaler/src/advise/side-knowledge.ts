import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type NodeHours, SpendBook } from '../capacity/spend-book.ts';
import type { Pool } from '../capacity/pools.ts';
import { Adviser, type Comparer, type Memories } from './adviser.ts';
import type { Compared } from './compare.ts';
import { NOTHING_SEEN, type Surroundings } from './engines.ts';
import { proposalsOf } from './proposals.ts';
import { Scout } from './scout.ts';

/** What a {@link SideKnowledge} is made of. */
export interface SideKnowledgeParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: no cluster is looked at. */
  readonly cluster: Cluster | undefined;
  /** Undefined: engine settings are not compared on remembered Pods. */
  readonly comparer: Comparer | undefined;
}

/** What is known beside Pods and nodes at one moment. */
export interface SideView {
  /** Node-hours of today by pool. */
  readonly nodeHours: NodeHours;
  readonly surroundings: Surroundings;
  /** Engine settings that were compared on remembered Pods, by `comparisonKey`. */
  readonly compared: ReadonlyMap<string, Compared>;
}

/** What is known beside Pods and nodes: node-hours of today, quotas, engines, and what other settings of theirs would bring. */
export class SideKnowledge {
  readonly #scout: Scout | undefined;
  readonly #adviser: Adviser;
  readonly #book = new SpendBook();
  #stop: AbortSignal | undefined;

  constructor({ clock, log, cluster, comparer }: SideKnowledgeParts) {
    this.#scout = cluster && new Scout({ clock, cluster, log });
    this.#adviser = new Adviser({ clock, log, comparer });
  }

  /** Looks around until the signal is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    this.#stop = stop;
    await this.#scout?.run(stop);
    await this.#adviser.idle;
  }

  /** What a snapshot takes from here; begins a comparison where one is missing. */
  freeze(
    { nowMs, pools }: { readonly nowMs: number; readonly pools: readonly Pool[] },
    memories: Memories,
  ): SideView {
    const surroundings = this.#scout?.seen ?? NOTHING_SEEN;
    if (this.#stop !== undefined)
      this.#adviser.consider(proposalsOf(pools, surroundings), memories, this.#stop);
    return { nodeHours: this.#book.take(nowMs, pools), surroundings, compared: this.#adviser.compared };
  }
}
