import type { Clock } from '@hangar/shared/clock';
import type { DroneStage, DroneStep, StageDetail } from '../../pipeline/drone.ts';
import { type CiServer, CiServerError, type Update } from '../../ports/ci-server.ts';

/** Callbacks for updates that the server receives. */
export interface LocalServerEvents {
  /** A step has changed. */
  step(step: DroneStep): void;
}

/** Time-out of a watch, as on a real server. */
const WATCH_MS = 30_000;

const CONFLICT = { kind: 'conflict', afterLostAnswer: false } as const;

/**
 * An in-memory Drone server with a single stage, so that `exec` uses the same code for stages, supervision and reports as
 * the daemon. It checks versions as strictly as a real one (drone-rpc §2.4, §2.5).
 */
export class LocalServer implements CiServer {
  readonly #clock: Clock;
  readonly #detail: StageDetail;
  readonly #events: LocalServerEvents;
  readonly #cancelled = new AbortController();
  #stage: DroneStage;

  constructor(clock: Clock, detail: StageDetail, events: LocalServerEvents) {
    this.#clock = clock;
    this.#detail = detail;
    this.#events = events;
    this.#stage = detail.stage;
  }

  /** The last reported state of the stage, with its steps. */
  get stage(): DroneStage {
    return this.#stage;
  }

  /** Cancels the build: ends all watches. */
  cancel(): void {
    this.#cancelled.abort();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  request(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  accept(_stageId: number, machine: string): Promise<{ kind: 'accepted'; stage: Partial<DroneStage> }> {
    this.#stage = { ...this.#stage, machine, version: this.#stage.version + 1 };
    return Promise.resolve({ kind: 'accepted', stage: { machine, version: this.#stage.version } });
  }

  detail(stageId: number): Promise<StageDetail> {
    if (stageId === this.#stage.id) return Promise.resolve({ ...this.#detail, stage: this.#stage });
    return Promise.reject(new CiServerError('detail', 404, `there is no stage ${stageId}`));
  }

  /** The first update with steps registers them; later ones must contain each step's current version. */
  updateStage(stage: DroneStage): Promise<Update<DroneStage>> {
    if (stage.version !== this.#stage.version) return Promise.resolve(CONFLICT);
    const registers = this.#stage.steps.length === 0;
    if (!registers && stage.steps.some((step) => !this.#isNewest(step))) return Promise.resolve(CONFLICT);
    const given = stage.steps.map((step) => ({
      ...step,
      id: registers ? step.number : step.id,
      version: registers ? 1 : step.version + 1,
    }));
    const others = this.#stage.steps.filter((step) => !given.some((one) => one.id === step.id));
    const steps = [...others, ...given].sort((a, b) => a.number - b.number);
    const before = this.#stage.steps;
    this.#stage = { ...stage, version: stage.version + 1, steps };
    for (const step of steps)
      if (step.status !== (before.find((one) => one.id === step.id)?.status ?? 'pending'))
        this.#events.step(step);
    return Promise.resolve({ kind: 'updated', value: this.#stage });
  }

  updateStep(step: DroneStep): Promise<Update<DroneStep>> {
    if (!this.#isNewest(step)) return Promise.resolve(CONFLICT);
    const value = { ...step, version: step.version + 1 };
    const steps = this.#stage.steps.map((one) => (one.id === step.id ? value : one));
    this.#stage = { ...this.#stage, steps };
    this.#events.step(value);
    return Promise.resolve({ kind: 'updated', value });
  }

  async watch(_buildId: number, signal: AbortSignal): Promise<'cancelled' | 'quiet'> {
    await this.#clock.sleep(WATCH_MS, AbortSignal.any([signal, this.#cancelled.signal]));
    return this.#cancelled.signal.aborted ? 'cancelled' : 'quiet';
  }

  sendLines(): Promise<void> {
    return Promise.resolve();
  }

  uploadLog(): Promise<'stored'> {
    return Promise.resolve('stored');
  }

  uploadCard(): Promise<void> {
    return Promise.resolve();
  }

  #isNewest(step: DroneStep): boolean {
    return this.#stage.steps.find((one) => one.id === step.id)?.version === step.version;
  }
}
