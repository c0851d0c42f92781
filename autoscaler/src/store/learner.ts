import type { Clock } from '@hangar/shared/clock';
import { RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import { type Calibration, calibrate } from '../calibrate/calibrate.ts';
import { DayBook } from '../calibrate/day-summary.ts';
import type { UsualPhase } from '../capacity/boot-phase.ts';
import { endedBuild, type Job } from '../capacity/job.ts';
import type { NodeBuild } from '../capacity/pod-counts.ts';
import { RecentArrivals } from '../forecast/arrivals.ts';
import { type BufferOptions, type FreeRoom, LiveForecast, type Moment } from '../forecast/live-forecast.ts';
import { NamedRunTimes } from '../forecast/named-run-times.ts';
import { warmUp } from '../forecast/warm-up.ts';
import { Ring } from '../history/ring.ts';
import type { RunnersView } from '../scrape/runner-book.ts';
import type { TraceRecord } from '../trace/pod-record.ts';
import type { ClusterChanges } from '../watch/cluster-watch.ts';
import { PhaseBook } from './phase-book.ts';

/** Settings of a {@link Learner}. */
export interface LearnerOptions {
  readonly buffer: BufferOptions;
  /** Boot time that is used until enough boots are observed. */
  readonly bootSeconds: number;
  /** The target p95 wait of the buffer. */
  readonly objectiveP95Seconds: number;
  readonly tickSeconds: number;
}

/** Days used for calibration. */
const MOST_DAYS = 60;
/** Limit of the records that warm up a forecast: four weeks of a large installation. */
export const MOST_RECORDS = 200_000;
/** Calibration changes slowly, so it is not recomputed at each tick. */
const CALIBRATE_EVERY_MS = 60_000;
/** When the lead time changes by more than this share, the forecast is rebuilt. */
const LEAD_TOLERANCE = 0.25;

/** Yields to the event loop, so that probes and pages are answered during long work. */
const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Everything that is learned over time: days for calibration, arrivals for the outlook, the forecast. */
export class Learner {
  readonly #clock: Clock;
  readonly #options: LearnerOptions;
  readonly #days = new DayBook(MOST_DAYS);
  readonly #phases = new PhaseBook();
  readonly #records = new Ring<TraceRecord>(MOST_RECORDS);
  readonly #recent = new RecentArrivals();
  readonly #runTimes = new NamedRunTimes();
  #forecast: LiveForecast;
  #calibration: { readonly atMs: number; readonly value: Calibration } | undefined;

  constructor(clock: Clock, options: LearnerOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#forecast = this.#newForecast();
  }

  /** The current calibration; recomputed once a minute. */
  get calibration(): Calibration {
    const nowMs = this.#clock.monotonicMs();
    if (this.#calibration === undefined || nowMs - this.#calibration.atMs >= CALIBRATE_EVERY_MS) {
      const days = this.#days.wholeDays(this.#clock.now() / 1000);
      this.#calibration = { atMs: nowMs, value: calibrate(days, { bootSeconds: this.#options.bootSeconds }) };
    }
    return this.#calibration.value;
  }

  /** How long the phases of a boot usually take, since this process began. */
  get bootPhases(): readonly UsualPhase[] {
    return this.#phases.phases;
  }

  get meanMissPods(): number | undefined {
    return this.#forecast.missPods();
  }

  /** Past Pods, up to the limit of stored records. */
  get jobs(): readonly Job[] {
    return this.#records.items.map(({ job }) => job);
  }

  perSecond(): number {
    return this.#recent.perSecond(this.#clock.now() / 1000);
  }

  /** When each node that holds builds is expected to be empty, in seconds since 1970; undefined: unknown. */
  emptyAt(builds: readonly NodeBuild[]): ReadonlyMap<string, number> | undefined {
    return this.#runTimes.emptyAt(builds, this.#clock.now() / 1000);
  }

  /** Loads stored records; yields to the event loop in between. */
  async remember(records: readonly TraceRecord[]): Promise<void> {
    for (const record of records) this.#keep(record);
    this.#calibration = undefined;
    await this.#renewForecast();
  }

  /**
   * Learns from what happened since the last tick.
   *
   * @param runners used where no cluster is watched: the number of arrivals is taken to be the number of ended stages
   */
  take({ records, boots, phases, arrivals, waits }: ClusterChanges, runners?: RunnersView): void {
    this.#recent.add(this.#clock.now() / 1000, endedStages(runners));
    for (const record of records) this.#keep(record);
    for (const { atMs, seconds } of boots) this.#days.booted(atMs / 1000, seconds);
    for (const time of phases) this.#phases.add(time);
    for (const { atSeconds } of arrivals) this.#recent.add(atSeconds, 1);
    if (!this.#options.buffer.forecast) return;
    for (const { job } of records) this.#forecast.ended(endedBuild(job));
    for (const { atSeconds, event } of arrivals.toSorted((one, other) => one.atSeconds - other.atSeconds))
      this.#forecast.arrived(atSeconds, event);
    for (const seconds of waits) this.#forecast.waited(seconds);
  }

  /** Records that runners or quotas are full now. */
  exhausted(): void {
    this.#days.exhaustedAt(this.#clock.now() / 1000);
  }

  /** The free room that the forecast wants now; undefined where it is disabled. */
  async look(moment: Moment): Promise<FreeRoom | undefined> {
    if (!this.#options.buffer.forecast) return undefined;
    await yieldToEventLoop();
    const off = Math.abs(this.#leadSeconds / this.#forecast.leadSeconds - 1);
    if (off > LEAD_TOLERANCE) await this.#renewForecast();
    return this.#forecast.look({ ...moment, bootSeconds: this.calibration.bootSeconds.value });
  }

  #newForecast(): LiveForecast {
    const { buffer, objectiveP95Seconds } = this.#options;
    return new LiveForecast(this.#leadSeconds, buffer, objectiveP95Seconds);
  }

  get #leadSeconds(): number {
    return this.calibration.bootSeconds.value + 2 * this.#options.tickSeconds;
  }

  #keep(record: TraceRecord): void {
    this.#records.push(record);
    this.#days.add(record.job);
    this.#runTimes.ended(endedBuild(record.job));
  }

  async #renewForecast(): Promise<void> {
    const forecast = this.#newForecast();
    if (this.#options.buffer.forecast)
      for (const _part of warmUp(forecast, this.#records.items, this.#clock.now() / 1000))
        await yieldToEventLoop();
    this.#forecast = forecast;
  }
}

function endedStages(runners: RunnersView | undefined): number {
  let count = 0;
  for (const [series, increase] of runners?.increases ?? [])
    if (series.startsWith(RUNNER_METRICS.stagesEnded.name)) count += increase;
  return count;
}
