import { BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { createInstruments, type Instruments } from '@hangar/shared/contract/instruments';
import { RUNNER_METRICS, STAGE_STATES } from '@hangar/shared/contract/runner-metrics';
import type { ApiCall, CallObserver } from '@hangar/shared/kubernetes/http-cluster';
import { Registry } from 'prom-client';
import { WAIT_REASONS, type WaitReason } from '../admit/admit.ts';
import { FAILURES } from '../pipeline/failures.ts';
import type { Conclusion } from '../pipeline/stage-state.ts';
import type { StageEvents } from '../stage/stage-parts.ts';
import type { RegisteredStage, RegistryChange } from '../stage-registry.ts';
import type { Trouble } from '../watch/trouble.ts';
import type { DroneCall, EdgeObserver } from './edge-observer.ts';
import {
  blameLabel,
  classLabel,
  codeLabel,
  EVENTS,
  eventLabel,
  RESULTS,
  resourceLabel,
} from './label-values.ts';
import { RecentMax } from './recent-max.ts';
import { stageTotals } from './stage-totals.ts';

/** Who this runner is; told once, at start. */
export interface RunnerIdentity {
  readonly version: string;
  readonly machine: string;
  /** Pipelines at once. */
  readonly capacity: number;
}

/** What is true at the moment of a scrape. Ages in milliseconds. */
export interface Picture {
  readonly stages: readonly RegisteredStage[];
  readonly unschedulablePods: number;
  readonly orphanedPods: number;
  readonly watchStaleMs: number;
  readonly pollAgeMs: number;
  readonly eventLoopLagMs: number;
}

/** Builds and stages that are remembered, so that each counts once: far more than can be in work. */
const REMEMBERED = 20_000;
/** A stage that found room at once took no longer than this to be told so; its reason says nothing. */
const NO_WAIT_MS = 50;

/** All that the runner counts: it listens at every port that tells something, and is read by Prometheus. */
export class RunnerMetrics implements StageEvents, CallObserver, EdgeObserver {
  readonly #registry = new Registry();
  readonly #instruments: Instruments<typeof RUNNER_METRICS>;
  readonly #builds = new BoundedSet<number>(REMEMBERED);
  readonly #admitted = new BoundedSet<number>(REMEMBERED);
  readonly #adopted = new BoundedSet<number>(REMEMBERED);
  readonly #logLag: RecentMax;

  constructor(clock: Clock, { version, machine, capacity }: RunnerIdentity) {
    this.#instruments = createInstruments(RUNNER_METRICS, this.#registry);
    this.#logLag = new RecentMax(clock);
    this.#instruments.processStart.set(clock.now() / 1000);
    this.#instruments.info.set({ version, machine }, 1);
    this.#instruments.capacity.set(capacity);
    this.#beginAtZero();
  }

  /** What `text` is written in. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  async text(picture: Picture): Promise<string> {
    this.#draw(picture);
    return this.#registry.metrics();
  }

  /** Counts a stage that is new in the registry, or was admitted. */
  registryChanged({ kind, entry }: RegistryChange): void {
    if (kind === 'left') return;
    const { adopted, phase, asks, stageId } = entry;
    if (adopted && this.#adopted.addNew(stageId)) this.#instruments.adopted.inc();
    const isAdmitted = phase === 'starting' || phase === 'running';
    if (!isAdmitted || asks.pods === 0 || !this.#admitted.addNew(stageId) || adopted) return;
    this.#instruments.podCpu.observe(asks.cpuMillicores / 1000);
    this.#instruments.podMemory.observe(asks.memoryBytes);
  }

  buildSeen(buildId: number, event: string): void {
    if (this.#builds.addNew(buildId)) this.#instruments.builds.inc({ event: eventLabel(event) });
  }

  waited(reason: WaitReason, ms: number): void {
    this.#instruments.wait.observe(ms / 1000);
    if (ms > NO_WAIT_MS) this.#instruments.waits.inc({ reason });
  }

  launched(ms: number): void {
    this.#instruments.launch.observe(ms / 1000);
  }

  finished(ms: number): void {
    this.#instruments.run.observe(ms / 1000);
  }

  failedEarly(code: string, blame: string): void {
    this.#instruments.stagesEnded.inc({ result: 'broken' });
    this.#failed(code, blame);
  }

  expired(): void {
    this.#instruments.expired.inc();
  }

  stepStarted(engine: 'gate' | 'swap', latencyMs: number): void {
    this.#instruments.stepStart.observe({ engine }, latencyMs / 1000);
  }

  concluded(conclusion: Conclusion, trouble: Trouble | undefined): void {
    this.#instruments.stagesEnded.inc({ result: conclusion.kind });
    if (conclusion.kind === 'completed' || conclusion.kind === 'cancelled') return;
    if (trouble) this.#failed(trouble.code, trouble.blame);
    else if (conclusion.kind === 'timed-out') this.#failed('timed-out', FAILURES['timed-out'].blame);
  }

  after(call: ApiCall, status: number, durationMs: number): void {
    const { verb, resource } = call;
    const labels = { verb, resource: resourceLabel(resource), code: codeLabel(status) };
    this.#instruments.apiRequests.inc(labels);
    if (status !== 0) this.#instruments.apiLatency.observe({ verb }, durationMs / 1000);
  }

  droneCalled(call: DroneCall, status: number): void {
    this.#instruments.droneRequests.inc({ call, code: codeLabel(status) });
  }

  logRead(lagMs: number): void {
    this.#logLag.add(lagMs);
  }

  held(ms: number): void {
    this.#instruments.limiterWait.observe(ms / 1000);
  }

  #failed(code: string, blame: string): void {
    this.#instruments.failures.inc({ class: classLabel(code), blame: blameLabel(blame) });
  }

  /** Series that can be known beforehand begin at 0, or the first event of each would be lost to `rate()`. */
  #beginAtZero(): void {
    const { builds, stagesEnded, failures, waits } = this.#instruments;
    for (const event of EVENTS) builds.inc({ event }, 0);
    for (const result of RESULTS) stagesEnded.inc({ result }, 0);
    for (const reason of WAIT_REASONS) waits.inc({ reason }, 0);
    for (const [code, { blame }] of Object.entries(FAILURES)) failures.inc({ class: code, blame }, 0);
  }

  #draw(picture: Picture): void {
    const gauges = this.#instruments;
    const totals = stageTotals(picture.stages);
    for (const state of STAGE_STATES) {
      const { stages, asks } = totals[state];
      gauges.stages.set({ state }, stages);
      gauges.requestedCpu.set({ state }, asks.cpuMillicores / 1000);
      gauges.requestedMemory.set({ state }, asks.memoryBytes);
    }
    gauges.unreported.set(picture.stages.filter(({ phase }) => phase === 'reporting').length);
    gauges.unschedulable.set(picture.unschedulablePods);
    gauges.orphans.set(picture.orphanedPods);
    gauges.watchStale.set(picture.watchStaleMs / 1000);
    gauges.pollAge.set(picture.pollAgeMs / 1000);
    gauges.eventLoopLag.set(picture.eventLoopLagMs / 1000);
    gauges.logLag.set(this.#logLag.value / 1000);
  }
}
