import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@hangar/shared/clock';
import type { AdviceSources } from '../advise/advice-sources.ts';
import type { AutoscalerConfig } from '../config/load.ts';
import { demandIn } from '../decide/decide.ts';
import { momentOf, podsPerNodeIn } from '../decide/moment.ts';
import { placeableDemand } from '../decide/placeable.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';
import type { Observation, Observer } from '../observe/observer.ts';
import type { Learner } from '../store/learner.ts';
import { PoolMemory } from './pool-memory.ts';

/** The sources of {@link Snapshots}. */
export interface SnapshotsParts {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly learner: Learner;
  readonly adviceSources: AdviceSources;
  /** When each pool last grew by our decision. */
  readonly grewAtMs: ReadonlyMap<string, number>;
}

/** Takes frozen snapshots: a tick's decision uses one of these, and nothing else. */
export class Snapshots {
  readonly #parts: SnapshotsParts;
  readonly #config: AutoscalerConfig;
  readonly #poolMemory: PoolMemory;

  constructor(parts: SnapshotsParts, config: AutoscalerConfig) {
    this.#parts = parts;
    this.#config = config;
    this.#poolMemory = new PoolMemory({
      scaled: config.acting.actuators.map(({ pool }) => pool),
      label: config.rules.label,
      shapes: config.acting.poolShapes,
      daemonSets: config.daemonSets,
    });
  }

  /** With thousands of nodes this takes tens of milliseconds: the event loop handles probes and pages in between. */
  async take({ runners, drone }: Observation): Promise<CapacitySnapshot> {
    const { clock, observer, learner, adviceSources, grewAtMs } = this.#parts;
    const seen = observer.view(runners, this.#config.daemonSets);
    await nextTurn();
    const nowMs = clock.now();
    const memories = { bootSeconds: learner.calibration.bootSeconds.value, jobs: () => learner.jobs };
    const base: CapacitySnapshot = {
      ...seen,
      ...adviceSources.take({ nowMs, pools: seen.pools }, memories),
      pools: this.#poolMemory.complete(seen.pools),
      nowMs,
      runners,
      drone,
      calibration: learner.calibration,
      perSecond: learner.perSecond(),
      grewAtMs: new Map(grewAtMs),
      forecast: undefined,
    };
    const demand = demandIn(base);
    if (demand.lowerBound) learner.exhausted();
    // Without Pods the forecast sees no arrivals.
    const podsPerNode = podsPerNodeIn(base.pools ?? [], base.calibration);
    const forecast =
      seen.pods &&
      (await learner.look(momentOf(nowMs, observer.builds, placeableDemand(base, demand), podsPerNode)));
    await nextTurn();
    return Object.freeze({ ...base, forecast });
  }
}
