import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import { type Actor, actViewOf, giveOrders } from './act/actor.ts';
import type { AdviceSources } from './advise/advice-sources.ts';
import type { Condition } from './capacity/condition.ts';
import { conditionsOf, type ExpectedSources, isStale } from './decide/conditions.ts';
import type { Decider } from './decide/decider.ts';
import type { Guardrails } from './decide/guardrails.ts';
import type { CapacitySnapshot } from './decide/snapshot.ts';
import type { Snapshots } from './freeze/snapshots.ts';
import type { ActLog } from './history/act-log.ts';
import { pointOf } from './history/history-point.ts';
import type { Ledger } from './history/ledger.ts';
import type { AutoscalerMetrics, TickOutcome } from './metrics/autoscaler-metrics.ts';
import type { ConditionLog } from './observe/condition-log.ts';
import type { Observer } from './observe/observer.ts';
import type { WallClock } from './observe/wall-clock.ts';
import type { Learner } from './store/learner.ts';
import type { Recorder } from './store/recorder.ts';

/** The components of a tick, wired in assemble.ts. */
export interface AutoscalerParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: Observer;
  readonly recorder: Recorder;
  readonly learner: Learner;
  readonly adviceSources: AdviceSources;
  readonly snapshots: Snapshots;
  readonly wallClock: WallClock;
  readonly conditionLog: ConditionLog;
  readonly decider: Decider;
  /** Undefined: a dry run. */
  readonly actor: Actor | undefined;
  readonly actLog: ActLog;
  readonly ledger: Ledger;
  readonly metrics: AutoscalerMetrics;
  readonly expected: ExpectedSources;
  readonly rails: Guardrails;
  readonly tickMs: number;
}

/** The service: runs one tick after another, from the observed state to the desired one. */
export class Autoscaler {
  readonly #parts: AutoscalerParts;

  constructor(parts: AutoscalerParts) {
    this.#parts = parts;
  }

  /** Loads stored records, watches and ticks until the signal is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, recorder, learner, observer, adviceSources, actor, tickMs } = this.#parts;
    const records = await recorder.load();
    observer.watch?.remember(records.map(({ uid }) => uid).filter((uid) => uid !== ''));
    await learner.remember(records);
    const beside = Promise.all([actor?.run?.(stop), observer.watch?.run(stop), adviceSources.run(stop)]);
    while (!stop.aborted) {
      await this.tick(stop);
      await clock.sleep(tickMs, stop);
    }
    await beside;
    await recorder.keep(observer.watch?.takeNews().records ?? []);
  }

  /** One tick. An error ends this tick, and nothing else. */
  async tick(stop: AbortSignal): Promise<void> {
    const { clock, metrics, log, ledger, actor } = this.#parts;
    const beganMs = clock.monotonicMs();
    let outcome: TickOutcome = 'failed';
    try {
      outcome = await this.#tick(stop);
    } catch (error) {
      if (stop.aborted) return;
      log.error({ err: error }, 'a tick failed: please report this; the last recommendation is kept');
      const text = `a tick failed: ${errorText(error)}`;
      ledger.stale(clock.now(), [{ weight: 'stale', text }]);
    }
    metrics.standing(ledger.conditions, actor?.isLeading ?? false);
    ledger.tickedMs = clock.monotonicMs();
    metrics.ticked(outcome, ledger.tickedMs - beganMs);
    metrics.aged(ledger.ageMs(clock.now()), ledger.staleSinceMs !== undefined);
  }

  async #tick(stop: AbortSignal): Promise<TickOutcome> {
    const { observer, recorder, learner, snapshots, decider, actLog, actor, ledger, metrics } = this.#parts;
    // 1. Scrape: the runners' metrics and demand, the Drone server's queue, and what the watches saw.
    const seen = await observer.take(stop);
    // 2. Store: what happened since the last tick, in memory and on the disk.
    await recorder.keep(seen.news.records);
    learner.take(seen.news, observer.watch ? undefined : seen.runners);
    // 3. Freeze: every decision until acting uses this snapshot, and nothing else.
    const snapshot = await snapshots.take(seen);
    metrics.seen(snapshot, learner.meanMissPods, seen.news.waits);
    metrics.booted(learner.bootPhases);
    const conditions = this.#conditions(snapshot);
    metrics.bounded(snapshot.forecast?.bound, conditions);
    const acting = (): readonly Condition[] => actor?.conditions?.() ?? [];
    if (isStale(conditions)) {
      ledger.stale(snapshot.nowMs, [...conditions, ...acting()]);
      ledger.history.push(pointOf(snapshot.nowMs, undefined, seen.news.waits));
      return 'stale';
    }
    // 4. Decide: model, forecast or rule, simulation, guardrails, reasons.
    const recommendation = await decider.decide(snapshot, stop);
    metrics.decided(recommendation, snapshot.pools);
    ledger.history.push(pointOf(recommendation.atMs, recommendation, seen.news.waits));
    ledger.decided(recommendation, conditions);
    // 5. Place and act: through the actor, or as a dry run.
    const watched = {
      nodes: observer.nodes,
      emptyAt: learner.emptyAt(actor === undefined ? [] : observer.builds),
    };
    const actView = actViewOf(snapshot, recommendation, watched, conditions);
    actLog.record(recommendation, await giveOrders(this.#parts, recommendation, actView, stop));
    ledger.conditions = [...conditions, ...acting()];
    return 'decided';
  }

  #conditions(snapshot: CapacitySnapshot): readonly Condition[] {
    const { wallClock, conditionLog, recorder, expected, rails } = this.#parts;
    const ofData = conditionsOf(snapshot, expected, rails);
    // The other ones log for themselves.
    conditionLog.take(ofData);
    return [...wallClock.conditions(), ...ofData, ...recorder.conditions];
  }
}
