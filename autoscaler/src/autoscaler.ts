import { setImmediate as breathe } from 'node:timers/promises';
import type { Clock } from '@hangar/shared/clock';
import { RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { PoolMemory } from './act/pool-memory.ts';
import { type Actor, actViewOf } from './act/actor.ts';
import type { Comparer } from './advise/adviser.ts';
import { SideKnowledge } from './advise/side-knowledge.ts';
import type { AutoscalerConfig } from './config/load.ts';
import type { Condition } from './capacity/condition.ts';
import { conditionsOf, isStale } from './decide/conditions.ts';
import { demandIn } from './decide/decide.ts';
import { decideHere, type Decider } from './decide/decider.ts';
import { momentOf } from './decide/moment.ts';
import type { Recommendation } from './decide/recommendation.ts';
import type { AutoscalerMetrics, TickOutcome } from './metrics/autoscaler-metrics.ts';
import { ActLog } from './history/act-log.ts';
import type { TraceMemory } from './trace/trace-memory.ts';
import type { MetricsSource } from './scrape/metrics-source.ts';
import { askDrone, type DroneReading } from './scrape/drone-server.ts';
import { scrape } from './scrape/scrape.ts';
import { pointOf } from './history/history-point.ts';
import { Learner } from './store/learner.ts';
import type { Ledger } from './history/ledger.ts';
import { Recorder } from './store/recorder.ts';
import { RunnerBook, type RunnersView } from './scrape/runner-book.ts';
import type { CapacitySnapshot } from './decide/snapshot.ts';
import { WallClock } from './wall-clock.ts';
import { clusterViewOf } from './decide/cluster-view.ts';
import { type ClusterNews, ClusterWatch } from './watch/cluster-watch.ts';

/** What the service is made of. */
export interface AutoscalerParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: MetricsSource;
  /** Who asks the Drone server; undefined: as runners are asked. */
  readonly droneSource?: MetricsSource | undefined;
  /** Undefined: the runners alone tell. */
  readonly cluster: Cluster | undefined;
  readonly memory: TraceMemory;
  readonly metrics: AutoscalerMetrics;
  readonly ledger: Ledger;
  /** Undefined: a dry run. */
  readonly actor?: Actor | undefined;
  /** Undefined: decided in this thread. */
  readonly decider?: Decider | undefined;
  /** Undefined: advice on engines rests on published figures. */
  readonly comparer?: Comparer | undefined;
}

const NO_NEWS: ClusterNews = { records: [], boots: [], arrivals: [], waits: [] };

/** The whole service: one tick after another, from what is there to what should be. */
export class Autoscaler {
  readonly ledger: Ledger;
  readonly learner: Learner;
  readonly #decider: Decider;
  readonly #parts: AutoscalerParts;
  readonly #config: AutoscalerConfig;
  readonly #watch: ClusterWatch | undefined;
  readonly #runners: RunnerBook;
  readonly #recorder: Recorder;
  readonly #actLog: ActLog;
  readonly #side: SideKnowledge;
  readonly #wallClock: WallClock;
  readonly #poolMemory: PoolMemory;

  constructor(parts: AutoscalerParts, config: AutoscalerConfig) {
    const { clock, cluster, log } = parts;
    this.#parts = parts;
    this.#config = config;
    this.ledger = parts.ledger;
    this.#wallClock = new WallClock(clock);
    this.#poolMemory = new PoolMemory({
      scaled: config.acting.actuators.map(({ pool }) => pool),
      label: config.rules.label,
      shapes: config.acting.poolShapes,
      daemonSets: config.daemonSets,
    });
    this.#decider = parts.decider ?? decideHere(config);
    this.learner = new Learner(clock, {
      buffer: config.buffer,
      bootSeconds: config.bootMs / 1000,
      objectiveP95Seconds: config.objectiveMs / 1000,
      tickSeconds: config.tickMs / 1000,
    });
    this.#watch =
      cluster &&
      new ClusterWatch(
        { clock, cluster, log },
        {
          podSelector: config.cluster?.podSelector ?? '',
          rules: config.rules,
          runnerService: config.runnerService,
        },
      );
    this.#runners = new RunnerBook(config.staleAfterMs);
    this.#recorder = new Recorder(parts);
    this.#side = new SideKnowledge({ clock, log, cluster, comparer: parts.comparer });
    this.#actLog = new ActLog(parts, this.ledger.decisions, (pool) => this.#watch?.ordered(pool));
  }

  /** Remembers, watches and ticks until the signal is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, memory } = this.#parts;
    const { records, problems } = await memory.load(clock.now());
    for (const problem of problems) this.#parts.log.warn({}, problem);
    this.#watch?.remember(records.map(({ uid }) => uid).filter((uid) => uid !== ''));
    await this.learner.remember(records);
    const acting = this.#parts.actor?.run?.(stop);
    const watching = Promise.all([this.#watch?.run(stop), this.#side.run(stop)]);
    while (!stop.aborted) {
      await this.tick(stop);
      await clock.sleep(this.#config.tickMs, stop);
    }
    await Promise.all([watching, acting]);
    await this.#recorder.keep(this.#watch?.takeNews().records ?? []);
  }

  /** One tick. What goes wrong in it ends it, and nothing else. */
  async tick(stop: AbortSignal): Promise<void> {
    const { clock, metrics, log } = this.#parts;
    const beganMs = clock.monotonicMs();
    let outcome: TickOutcome = 'failed';
    try {
      outcome = await this.#tick(stop);
    } catch (error) {
      if (stop.aborted) return;
      log.error({ err: error }, 'a tick failed: please report this; the last recommendation stands');
      const text = `a tick failed: ${error instanceof Error ? error.message : String(error)}`;
      this.ledger.stale(clock.now(), [{ weight: 'stale', text }]);
    }
    metrics.standing(this.ledger.conditions, this.#parts.actor?.isLeading ?? false);
    this.ledger.tickedMs = clock.monotonicMs();
    metrics.ticked(outcome, this.ledger.tickedMs - beganMs);
    const { recommendation, staleSinceMs } = this.ledger;
    metrics.aged(recommendation && clock.now() - recommendation.atMs, staleSinceMs !== undefined);
  }

  async #tick(stop: AbortSignal): Promise<TickOutcome> {
    // 1. Scrape: the runners' metrics and demand, and the Drone server's queue. Who doesn't answer is a gap.
    const asking = this.#askDrone(stop);
    const runners = await this.#scrape(stop);
    const drone = asking && (await asking);
    // 2. Store: what happened since the last tick, in memory and on the disk.
    const news = this.#watch?.takeNews() ?? NO_NEWS;
    await this.#recorder.keep(news.records);
    this.#learn(news, runners);
    this.#parts.metrics.waited(news.waits);
    // 3. Freeze: everything from here to acting is decided on this, and on nothing else.
    const snapshot = await this.#freeze(runners, drone);
    // With thousands of nodes each of these takes tens of milliseconds: probes and pages are answered between them.
    await breathe();
    this.#parts.metrics.seen(snapshot, this.learner.meanMissPods);
    const conditions = [
      ...this.#clockCondition(),
      ...conditionsOf(snapshot, this.#expected),
      ...this.#recorder.conditions,
    ];
    if (isStale(conditions)) {
      this.ledger.stale(snapshot.nowMs, [...conditions, ...this.#actingConditions]);
      this.ledger.history.push(pointOf(snapshot.nowMs, undefined, news.waits));
      return 'stale';
    }
    await breathe();
    // 4. Decide: model, forecast or rule, simulation, guardrails, reasons.
    const recommendation = await this.#decider.decide(snapshot, stop);
    this.#publish(recommendation, news);
    this.#parts.metrics.room(snapshot.pools, recommendation.typicalPod);
    this.ledger.decided(recommendation, conditions);
    await breathe();
    // 5. Place and act: through the actor, or as a dry run.
    const nodes = this.#watch?.nodes ?? [];
    await this.#actLog.give(recommendation, actViewOf(snapshot, recommendation, nodes, conditions), stop);
    this.ledger.conditions = [...conditions, ...this.#actingConditions];
    return 'decided';
  }

  #askDrone(stop: AbortSignal): Promise<DroneReading> | undefined {
    const { clock, source, droneSource = source } = this.#parts;
    const { drone, scrapeDeadlineMs: deadlineMs } = this.#config;
    return drone && askDrone({ clock, source: droneSource, deadlineMs }, drone.url, stop);
  }

  async #scrape(stop: AbortSignal): Promise<RunnersView | undefined> {
    const { clock, source } = this.#parts;
    const targets = [...this.#config.runners, ...(this.#watch?.runners ?? [])];
    if (targets.length === 0) return undefined;
    const parts = { clock, source, deadlineMs: this.#config.scrapeDeadlineMs };
    return this.#runners.take(await scrape(parts, [...new Set(targets)], stop), clock.monotonicMs());
  }

  /** What happened at a jump is told by two clocks: one tick, and all ages are of the new one. */
  #clockCondition(): readonly Condition[] {
    const jumpMs = this.#wallClock.jumped();
    if (jumpMs === undefined) return [];
    this.#parts.metrics.clockJumped();
    const text = `the clock of this machine jumped by ${Math.round(jumpMs / 1000)} s: nothing is decided at this tick. Is its time kept by NTP?`;
    this.#parts.log.warn({ jumpMs }, text);
    return [{ weight: 'stale', text }];
  }

  get #actingConditions(): readonly Condition[] {
    return this.#parts.actor?.conditions?.() ?? [];
  }

  #learn(news: ClusterNews, runners: RunnersView | undefined): void {
    this.learner.take(news);
    if (this.#watch !== undefined || runners === undefined) return;
    for (const [series, increase] of runners.increases)
      if (series.startsWith(RUNNER_METRICS.stagesEnded.name)) this.learner.endedStages(increase);
  }

  async #freeze(
    runners: RunnersView | undefined,
    drone: DroneReading | undefined,
  ): Promise<CapacitySnapshot> {
    const { learner } = this;
    const reported = new Set((runners?.known ?? []).map(({ pod }) => pod));
    const seen = clusterViewOf(this.#watch, { daemonSets: this.#config.daemonSets, reported });
    await breathe();
    const nowMs = this.#parts.clock.now();
    const memories = { bootSeconds: learner.calibration.bootSeconds.value, jobs: () => learner.jobs };
    const base: CapacitySnapshot = {
      ...seen,
      ...this.#side.freeze({ nowMs, pools: seen.pools }, memories),
      pools: this.#poolMemory.complete(seen.pools),
      nowMs,
      runners,
      drone,
      calibration: learner.calibration,
      perSecond: learner.perSecond(),
      grewAtMs: new Map(this.#actLog.grewAtMs),
      forecast: undefined,
    };
    const demand = demandIn(base);
    if (demand.lowerBound) this.learner.exhausted();
    // Without Pods a forecast sees no arrivals.
    if (seen.pods === undefined) return Object.freeze(base);
    const forecast = await this.learner.look(momentOf(base.nowMs, seen.pods, demand));
    return Object.freeze({ ...base, forecast });
  }

  #publish(recommendation: Recommendation, { waits }: ClusterNews): void {
    this.#parts.metrics.decided(recommendation);
    this.ledger.history.push(pointOf(recommendation.atMs, recommendation, waits));
  }

  get #expected() {
    const { cluster, runners, runnerService, staleAfterMs } = this.#config;
    return {
      cluster: cluster !== undefined,
      runners: runners.length > 0 || runnerService !== undefined,
      staleAfterMs,
    };
  }
}
