import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { Pool } from '../capacity/pools.ts';
import { type NodeHours, SpendBook } from '../capacity/spend-book.ts';
import { Adviser, type Comparer, type ComparisonData } from './adviser.ts';
import { EnginePoller } from './engine-poller.ts';
import { type EngineFacts, NO_ENGINE_FACTS } from './engines.ts';
import { proposalsOf } from './proposals.ts';
import type { SettingsGain } from './settings-gain.ts';

/** Curves of cost against waiting, which are played in the background. */
export interface CurveRenewal {
  /** Settles when nothing is played any more. */
  readonly idle: Promise<void>;
  /** Begins a curve where it is missing or old; never rejects, never waits. */
  consider(pools: readonly Pool[], memories: ComparisonData, stop: AbortSignal): void;
}

/** What a {@link AdviceSources} is made of. */
export interface AdviceSourcesParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: no cluster is polled. */
  readonly cluster: Cluster | undefined;
  /** Undefined: engine settings are not compared on remembered Pods. */
  readonly comparer: Comparer | undefined;
  /** Undefined: there is no curve of cost against waiting. */
  readonly curves?: CurveRenewal | undefined;
}

/** What advice and limits rest on beside Pods and nodes, at one moment. */
export interface AdviceInputs {
  /** Node-hours of today by pool. */
  readonly nodeHours: NodeHours;
  readonly surroundings: EngineFacts;
  /** Engine settings that were compared on remembered Pods, by `comparisonKey`. */
  readonly compared: ReadonlyMap<string, SettingsGain>;
}

/** Collects what advice and limits rest on: node-hours of today, quotas, engine settings, and comparisons with better settings. */
export class AdviceSources {
  readonly #poller: EnginePoller | undefined;
  readonly #adviser: Adviser;
  readonly #curves: CurveRenewal | undefined;
  readonly #spendBook = new SpendBook();
  #stop: AbortSignal | undefined;

  constructor({ clock, log, cluster, comparer, curves }: AdviceSourcesParts) {
    this.#poller = cluster && new EnginePoller({ clock, cluster, log });
    this.#adviser = new Adviser({ clock, log, comparer });
    this.#curves = curves;
  }

  /** Polls engines and quotas until the signal is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    this.#stop = stop;
    await this.#poller?.run(stop);
    await Promise.all([this.#adviser.idle, this.#curves?.idle]);
  }

  /** Takes what is known now, for a snapshot; begins a comparison where one is missing. */
  take(
    { nowMs, pools }: { readonly nowMs: number; readonly pools: readonly Pool[] },
    memories: ComparisonData,
  ): AdviceInputs {
    const surroundings = this.#poller?.observed ?? NO_ENGINE_FACTS;
    if (this.#stop !== undefined) {
      this.#adviser.consider(proposalsOf(pools, surroundings), memories, this.#stop);
      this.#curves?.consider(pools, memories, this.#stop);
    }
    return { nodeHours: this.#spendBook.take(nowMs, pools), surroundings, compared: this.#adviser.compared };
  }
}
