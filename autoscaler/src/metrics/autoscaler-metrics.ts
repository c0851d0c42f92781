import { createInstruments, type Instruments } from '@hangar/shared/contract/instruments';
import { Registry } from 'prom-client';
import type { OrderOutcome } from '../act/actor.ts';
import type { UsualPhase } from '../capacity/boot-phase.ts';
import type { Condition } from '../capacity/condition.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';
import type { BoundState } from '../forecast/wait-bound.ts';
import { poolRoom, ROOM_STATES } from './pool-room.ts';
import { AUTOSCALER_METRICS as SPECS } from './specs.ts';

/** How a tick ended. */
export type TickOutcome = 'decided' | 'stale' | 'failed';

/** Above this number of pools, further ones are not reported individually: a label must have few values. */
const MOST_POOLS = 100;

const WEIGHTS: readonly Condition['weight'][] = ['stale', 'partial', 'note'];

/** The metrics of this service. */
export class AutoscalerMetrics {
  readonly #registry = new Registry();
  readonly #instruments: Instruments<typeof SPECS>;

  constructor(version: string, startedAtMs: number) {
    this.#instruments = createInstruments(SPECS, this.#registry);
    this.#instruments.processStart.set(startedAtMs / 1000);
    this.#instruments.info.set({ version }, 1);
    for (const outcome of ['decided', 'stale', 'failed']) this.#instruments.ticks.inc({ outcome }, 0);
    // A gauge without labels would start at 0, which would be wrong for each of these.
    const { age, forecastMiss, mixCost, spendToday, waitBoundHeld } = this.#instruments;
    for (const gauge of [age, forecastMiss, mixCost, spendToday, waitBoundHeld]) gauge.remove();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  ticked(outcome: TickOutcome, durationMs: number): void {
    this.#instruments.ticks.inc({ outcome });
    this.#instruments.tickSeconds.observe(durationMs / 1000);
  }

  recorded(count: number): void {
    this.#instruments.records.inc(count);
  }

  /** Counts the results of the last orders. Their counters begin at 0, since Prometheus sees no increase in the first value of a series. */
  acted(outcomes: readonly OrderOutcome[]): void {
    this.#instruments.outcome.reset();
    for (const { pool, outcome } of outcomes.slice(0, MOST_POOLS)) {
      this.#instruments.outcome.set({ pool, outcome }, 1);
      for (const counted of outcome === 'dry-run' ? [outcome] : [outcome, 'set'])
        this.#instruments.orders.inc({ pool, outcome: counted }, 0);
    }
  }

  standing(conditions: readonly Condition[], isLeading: boolean): void {
    for (const weight of WEIGHTS)
      this.#instruments.conditions.set({ weight }, conditions.filter((one) => one.weight === weight).length);
    this.#instruments.leading.set(isLeading ? 1 : 0);
  }

  /** @param bound undefined: there is none, or it is not known whether it is held */
  bounded(bound: BoundState | undefined, conditions: readonly Condition[]): void {
    const { waitBoundHeld } = this.#instruments;
    if (bound === undefined) waitBoundHeld.remove();
    else waitBoundHeld.set(conditions.some(({ type }) => type === 'WaitBoundHeld') ? 0 : 1);
  }

  clockJumped(): void {
    this.#instruments.clockJumps.inc();
  }

  ordered(pool: string, outcome: string): void {
    this.#instruments.orders.inc({ pool, outcome });
  }

  /** Age of the recommendation in milliseconds; undefined: there is none. */
  aged(ageMs: number | undefined, stale: boolean): void {
    this.#instruments.stale.set(stale ? 1 : 0);
    if (ageMs !== undefined) this.#instruments.age.set(ageMs / 1000);
  }

  /** @param waits waits for a node that ended since the last tick, in seconds */
  seen(
    { runners, watches, calibration }: CapacitySnapshot,
    forecastMiss: number | undefined,
    waits: readonly number[],
  ): void {
    this.#waited(waits);
    const { targets, problems, watchStale, bootSeconds, forecastMiss: miss } = this.#instruments;
    targets.set({ state: 'answered' }, runners?.answeredLately ?? 0);
    targets.set({ state: 'missing' }, runners?.missing.length ?? 0);
    problems.inc(runners?.problems.length ?? 0);
    for (const [watch, view] of Object.entries(watches))
      if (view.staleMs !== undefined) watchStale.set({ watch }, view.staleMs / 1000);
    bootSeconds.set(calibration.bootSeconds.value);
    if (forecastMiss !== undefined) miss.set(forecastMiss);
  }

  booted(phases: readonly UsualPhase[]): void {
    for (const { phase, seconds } of phases) this.#instruments.bootPhase.set({ phase }, seconds);
  }

  #waited(seconds: readonly number[]): void {
    for (const wait of seconds) this.#instruments.nodeWait.observe(wait);
  }

  /** Reports the room of the pools, by whether it is usable for one more Pod of the usual size. */
  #room(pools: CapacitySnapshot['pools'], usual: Recommendation['typicalPod']): void {
    const { poolCpu, poolMemory } = this.#instruments;
    poolCpu.reset();
    poolMemory.reset();
    for (const pool of pools.slice(0, MOST_POOLS)) {
      const room = poolRoom(pool, usual);
      for (const state of ROOM_STATES) {
        poolCpu.set({ pool: pool.name, state }, room[state].cpuMillicores / 1000);
        poolMemory.set({ pool: pool.name, state }, room[state].memoryBytes);
      }
    }
  }

  decided(recommendation: Recommendation, livePools: CapacitySnapshot['pools']): void {
    this.#room(livePools, recommendation.typicalPod);
    const { demand, buffer, shapes, pools, objectiveWaitP95Seconds } = recommendation;
    this.#costs(recommendation);
    const { demand: gauge, buffer: byForecast, shapeNodes, poolNodes, objective } = this.#instruments;
    objective.set(objectiveWaitP95Seconds);
    gauge.set({ state: 'running' }, demand.runningPods);
    gauge.set({ state: 'pending' }, demand.pendingPods);
    gauge.set({ state: 'known' }, demand.knownStages);
    gauge.set({ state: 'buffer' }, demand.bufferPods);
    byForecast.set(buffer.by === 'forecast' ? 1 : 0);
    for (const { shape, nodesNow, nodesAhead } of shapes) {
      shapeNodes.set({ shape, when: 'now' }, nodesNow);
      shapeNodes.set({ shape, when: 'ahead' }, nodesAhead);
    }
    // Series of removed pools must not remain.
    poolNodes.reset();
    this.#instruments.poolOwner.reset();
    this.#instruments.poolShort.reset();
    for (const { pool, owner, shortNodes } of pools.slice(0, MOST_POOLS)) {
      this.#instruments.poolOwner.set({ pool, owner }, 1);
      this.#instruments.poolShort.set({ pool }, shortNodes);
    }
    for (const { pool, actualNodes, readyNodes, emptyNodes, desiredNodes } of pools.slice(0, MOST_POOLS)) {
      poolNodes.set({ pool, state: 'actual' }, actualNodes);
      poolNodes.set({ pool, state: 'ready' }, readyNodes);
      poolNodes.set({ pool, state: 'empty' }, emptyNodes);
      poolNodes.set({ pool, state: 'desired' }, desiredNodes);
    }
  }

  /** Without a price there is no cost series, rather than 0. */
  #costs({ pools, mix, spend }: Recommendation): void {
    const { poolCost, mixCost, spendToday } = this.#instruments;
    poolCost.reset();
    for (const { pool, nodePerHour, actualNodes, desiredNodes } of pools.slice(0, MOST_POOLS)) {
      if (nodePerHour === undefined) continue;
      poolCost.set({ pool, state: 'actual' }, nodePerHour * actualNodes);
      poolCost.set({ pool, state: 'desired' }, nodePerHour * desiredNodes);
    }
    if (mix === undefined) mixCost.remove();
    else mixCost.set(mix.cost.perHour);
    if (spend === undefined) spendToday.remove();
    else spendToday.set(spend.today);
  }
}
