import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type NodeBuild, nodeBuilds } from '../capacity/pod-counts.ts';
import type { NodeFact } from '../capacity/read-node.ts';
import type { Resources } from '../capacity/shape.ts';
import type { AutoscalerConfig } from '../config/load.ts';
import { clusterViewOf } from '../decide/cluster-view.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';
import { type DroneReading, queryDrone } from '../scrape/drone-server.ts';
import type { MetricsSource } from '../scrape/metrics-source.ts';
import { RunnerBook, type RunnersView } from '../scrape/runner-book.ts';
import { scrape } from '../scrape/scrape.ts';
import { type ClusterChanges, ClusterWatch } from '../watch/cluster-watch.ts';

/** The dependencies of an {@link Observer}. */
export interface ObserverParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: MetricsSource;
  /** The client of the Drone server; undefined: the same as for runners. */
  readonly droneSource?: MetricsSource | undefined;
  /** Undefined: only the runners are queried. */
  readonly cluster: Cluster | undefined;
}

/** The input of one tick. Undefined: there is no such source. */
export interface Observation {
  readonly runners: RunnersView | undefined;
  readonly drone: DroneReading | undefined;
  /** What the watches saw since the last tick. */
  readonly news: ClusterChanges;
}

const NO_NEWS: ClusterChanges = { records: [], boots: [], phases: [], arrivals: [], waits: [] };

/** Queries runners and the Drone server, and watches the cluster. A source that doesn't answer is missing, never zero. */
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
    const { podSelector = '', podNamespaces = [] } = config.cluster ?? {};
    const { rules, runnerService } = config;
    const options = { podSelector, podNamespaces, rules, runnerService };
    this.watch = cluster && new ClusterWatch({ clock, cluster, log }, options);
  }

  /** The nodes as the watch currently sees them. */
  get nodes(): readonly NodeFact[] {
    return this.watch?.nodes ?? [];
  }

  /** The builds on nodes as the watch currently sees them. */
  get builds(): readonly NodeBuild[] {
    return nodeBuilds(this.watch?.pods ?? []);
  }

  /** One round of queries. Rejects only when the signal is aborted. */
  async take(stop: AbortSignal): Promise<Observation> {
    const { clock, source, droneSource = source } = this.#parts;
    const { drone: server, scrapeDeadlineMs: deadlineMs } = this.#config;
    const asking = server && queryDrone({ clock, source: droneSource, deadlineMs }, server.url, stop);
    const runners = await this.#scrape(stop);
    const drone = await asking;
    return { runners, drone, news: this.watch?.takeNews() ?? NO_NEWS };
  }

  /** The part of a snapshot that comes from the watches. @param daemonSets their requests per node where they can't be watched */
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
