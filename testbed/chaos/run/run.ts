import type { Clock } from '@hangar/shared/clock';
import { isBuildOver } from '../../parts/drone/views.ts';
import type { History } from '../judge/history.ts';
import type { Plan } from '../plan/plan.ts';
import { SHAPES } from '../plan/shapes.ts';
import type { OpenCluster } from './chaos-cluster.ts';
import { Injector } from './injector.ts';
import { historyOf, type SentBuild } from './records.ts';
import { ChaosSystem } from './system.ts';

/** The dependencies of a run. */
export interface RunParts {
  readonly clock: Clock;
  readonly replicas: number;
  readonly openCluster: OpenCluster;
  /** Called repeatedly with the progress. */
  readonly showProgress: (text: string) => void;
  /** Aborted: everything is ended, and the run rejects. */
  readonly stop: AbortSignal;
}

/** The result of a run, and the folder with the logs of its daemons until it is closed. */
export interface FinishedRun {
  readonly history: History;
  readonly folder: string;
  close(keepsFolder: boolean): Promise<void>;
}

const TICK_MS = 100;
const SAMPLE_MS = 1_000;
/** After the last fault: when no build has ended for so long, none of the others will. A slow machine may need longer for all of them. */
const SETTLE_MS = 180_000;

/** Sends the builds and injects the faults of a plan, and waits until everything has settled. */
export async function runPlan(plan: Plan, parts: RunParts): Promise<FinishedRun> {
  const { clock, replicas, openCluster } = parts;
  const system = await ChaosSystem.start({
    ...{ clock, replicas, openCluster },
    maxBuilds: plan.builds.length + 1,
  });
  try {
    return await new Run(plan, parts, system).finish();
  } catch (error) {
    await system.close(!parts.stop.aborted);
    throw error;
  }
}

class Run {
  readonly #plan: Plan;
  readonly #parts: RunParts;
  readonly #system: ChaosSystem;
  readonly #injector: Injector;
  readonly #sent = new Map<number, SentBuild>();
  readonly #beganMs: number;
  #sampledMs = 0;

  constructor(plan: Plan, parts: RunParts, system: ChaosSystem) {
    this.#plan = plan;
    this.#parts = parts;
    this.#system = system;
    const { clock } = parts;
    this.#beganMs = clock.monotonicMs();
    this.#injector = new Injector(clock, system, {
      open: () => [...this.#sent.values()].filter(({ endedMs }) => endedMs === undefined).map(({ id }) => id),
      cancelled: (id) => this.#note(id, (build) => (build.cancelledMs = clock.now())),
      destroyed: (id) => this.#note(id, (build) => build.destroyedMs.push(clock.now())),
    });
  }

  async finish(): Promise<FinishedRun> {
    const { drone, replicas, folder } = this.#system;
    for (const one of replicas) one.start();
    await this.#followPlan();
    await this.#settle();
    const leftBefore = await this.#leftovers();
    await Promise.all(replicas.map((one) => one.close('SIGTERM')));
    const leftovers = [...new Set([...leftBefore, ...(await this.#system.leftovers(undefined))])];
    for (const sent of this.#sent.values()) sent.endedMs ??= this.#endOf(sent.id);
    const history: History = {
      ...{ seed: this.#plan.seed, faults: this.#injector.faults, leftovers },
      builds: [...this.#sent.values()].map((sent) => historyOf(this.#system, sent)),
      processes: replicas.flatMap(({ processes }) => processes),
    };
    drone.pauseQueue();
    return { history, folder, close: (keepsFolder) => this.#system.close(keepsFolder) };
  }

  /** Sends builds and injects faults at their times; resolves when the last fault is over. */
  async #followPlan(): Promise<void> {
    const builds = [...this.#plan.builds];
    const faults = [...this.#plan.faults];
    const running = new Set<Promise<void>>();
    while (builds.length + faults.length + running.size > 0) {
      const nowMs = this.#parts.clock.monotonicMs() - this.#beganMs;
      for (const { number, shape } of takeDue(builds, nowMs)) this.#send(number, shape);
      for (const fault of takeDue(faults, nowMs)) {
        const over = this.#injector.inject(fault).finally(() => running.delete(over));
        running.add(over);
      }
      await this.#tick();
    }
  }

  /** Waits until all builds have ended and their objects are gone, or nothing more ends. */
  async #settle(): Promise<void> {
    const { clock } = this.#parts;
    let last = { ended: this.#ended(), atMs: clock.monotonicMs() };
    const isSettled = async (): Promise<boolean> =>
      last.ended === this.#sent.size && (await this.#leftovers()).length === 0;
    while (!(await isSettled()) && clock.monotonicMs() - last.atMs < SETTLE_MS) {
      await this.#tick();
      const ended = this.#ended();
      if (ended !== last.ended) last = { ended, atMs: clock.monotonicMs() };
    }
  }

  #ended(): number {
    return [...this.#sent.values()].filter(({ endedMs }) => endedMs !== undefined).length;
  }

  async #tick(): Promise<void> {
    const { clock, stop, showProgress } = this.#parts;
    stop.throwIfAborted();
    for (const sent of this.#sent.values()) sent.endedMs ??= this.#endOf(sent.id);
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#sampledMs >= SAMPLE_MS) {
      this.#sampledMs = nowMs;
      for (const one of this.#system.replicas) one.sample();
      showProgress(this.#progress());
    }
    await clock.sleep(TICK_MS, stop);
  }

  #progress(): string {
    const { builds, faults } = this.#plan;
    const seconds = Math.round((this.#parts.clock.monotonicMs() - this.#beganMs) / 1_000);
    const injected = this.#injector.faults.length;
    return `${seconds} s: ${this.#sent.size} of ${builds.length} builds sent, ${this.#ended()} ended; ${injected} of ${faults.length} faults`;
  }

  #send(number: number, shapeNumber: number): void {
    const shape = SHAPES[shapeNumber];
    if (!shape) throw new Error(`there is no shape ${shapeNumber}`);
    const yaml = this.#system.yamlOf(shape, number);
    const { params } = shape;
    // Only trusted repositories may mount the folder of the records.
    const { id } = this.#system.drone.createBuild({ yaml, trusted: true, ...(params ? { params } : {}) });
    const sentMs = this.#parts.clock.now();
    const nothing = { endedMs: undefined, cancelledMs: undefined, destroyedMs: [] };
    this.#sent.set(id, { number, id, shape, sentMs, ...nothing });
  }

  #note(id: number, how: (build: SentBuild) => unknown): void {
    const build = this.#sent.get(id);
    if (build) how(build);
  }

  #endOf(id: number): number | undefined {
    return isBuildOver(this.#system.drone.build(id)) ? this.#parts.clock.now() : undefined;
  }

  #leftovers(): Promise<readonly string[]> {
    return this.#system.leftovers(this.#system.replicas.map(({ name }) => name));
  }
}

/** Removes and returns the items that are due. */
function takeDue<T extends { readonly atMs: number }>(waiting: T[], nowMs: number): readonly T[] {
  const count = waiting.findIndex(({ atMs }) => atMs > nowMs);
  return waiting.splice(0, count < 0 ? waiting.length : count);
}
