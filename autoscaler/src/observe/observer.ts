import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { NodeFact } from '../capacity/read-node.ts';
import type { Resources } from '../capacity/shape.ts';
import type { AutoscalerConfig } from '../config/load.ts';
import { clusterViewOf } from '../decide/cluster-view.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';
import { askDrone, type DroneReading } from '../scrape/drone-server.ts';
import type { MetricsSource } from '../scrape/metrics-source.ts';
import { RunnerBook, type RunnersView } from '../scrape/runner-book.ts';
import { scrape } from '../scrape/scrape.ts';
import { type ClusterNews, ClusterWatch } from '../watch/cluster-watch.ts';

/** What an {@link Observer} works with. */
export interface ObserverParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: MetricsSource;
  /** Who asks the Drone server; undefined: as runners are asked. */
  readonly droneSource?: MetricsSource | undefined;
  /** Undefined: the runners alone are asked. */
  readonly cluster: Cluster | undefined;
}

/** What one tick has to go by. Undefined: nobody is asked. */
export interface Observation {
  readonly runners: RunnersView | undefined;
  readonly drone: DroneReading | undefined;
  /** What the watches saw since the tick before. */
  readonly news: ClusterNews;
}

const NO_NEWS: ClusterNews = { records: [], boots: [], arrivals: [], waits: [] };

/** Asks runners and the Drone server, and watches the cluster. Who doesn't answer is a gap, never a zero. */
export class Observer {
  /** Undefined: no cluster is watched. */
  readonly watch: ClusterWatch | undefined;
  readonly #parts: ObserverParts;
  readonly #config: AutoscalerConfig;
  readonly #runners: RunnerBook;

  constructor(parts: ObserverParts, config: AutoscalerConfig) {
    this.#parts = parts;
    this.#config = config;
    this.#runners = new RunnerBook(config.staleAfterMs);
    const { clock, cluster, log } = parts;
    const podSelector = config.cluster?.podSelector ?? '';
    const { rules, runnerService } = config;
    this.watch = cluster && new ClusterWatch({ clock, cluster, log }, { podSelector, rules, runnerService });
  }

  /** As the watch knows them now. */
  get nodes(): readonly NodeFact[] {
    return this.watch?.nodes ?? [];
  }

  /** One round of questions. Rejects only when the signal is aborted. */
  async take(stop: AbortSignal): Promise<Observation> {
    const { clock, source, droneSource = source } = this.#parts;
    const { drone: server, scrapeDeadlineMs: deadlineMs } = this.#config;
    const asking = server && askDrone({ clock, source: droneSource, deadlineMs }, server.url, stop);
    const runners = await this.#scrape(stop);
    const drone = await asking;
    return { runners, drone, news: this.watch?.takeNews() ?? NO_NEWS };
  }

  /** What a snapshot takes from the watches. @param daemonSets what they take of a node where they can't be watched */
  view(
    runners: RunnersView | undefined,
    daemonSets: Resources,
  ): Pick<CapacitySnapshot, 'pods' | 'pools' | 'watches'> {
    const reported = new Set((runners?.known ?? []).map(({ pod }) => pod));
    return clusterViewOf(this.watch, { daemonSets, reported });
  }

  async #scrape(stop: AbortSignal): Promise<RunnersView | undefined> {
    const { clock, source } = this.#parts;
    const targets = [...this.#config.runners, ...(this.watch?.runners ?? [])];
    if (targets.length === 0) return undefined;
    const parts = { clock, source, deadlineMs: this.#config.scrapeDeadlineMs };
    return this.#runners.take(await scrape(parts, [...new Set(targets)], stop), clock.monotonicMs());
  }
}
