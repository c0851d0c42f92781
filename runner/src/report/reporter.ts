import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage, DroneStep } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import {
  type Conclusion,
  type StageState,
  type StepState,
  stageEnd,
  toDroneStep,
} from '../pipeline/stage-state.ts';
import { type CiServer, CiServerError, type Update } from '../ports/ci-server.ts';

/** The server's ids and versions of a started stage. After adoption a step's version is unknown and found by trial. */
export interface Registered {
  readonly stage: DroneStage;
  readonly plan: RunPlan;
  readonly stepIds: ReadonlyMap<number, number>;
  /** `exact`: we made every update since the start; `unknown`: another replica made some. */
  readonly versions: 'exact' | 'unknown';
  /** How often the stage was taken over, this time included; each owner may have told every step's state once more. */
  readonly adoptions?: number;
  /** When this process took it in hand, milliseconds since 1970: what begins well after that nobody else has told. */
  readonly takenOverMs?: number;
}

/**
 * `conflict`: the server has a newer version, which nearly always means that the build was cancelled (drone-rpc §2.5).
 * `failed`: nobody waits for it any more, or it was refused for good. `unknown`: the server doesn't know the stage or the step.
 */
export type Reported = 'reported' | 'conflict' | 'failed' | 'unknown';

/**
 * Trials for a step's version after adoption: registered 1, running 2, reported finally 3, and one more for each owner before who
 * told it again (gate §4). Not one more than that: a cancel raises the version too, and must show as a conflict.
 */
function trialsOf(
  step: StepState,
  { plan, adoptions = 1, takenOverMs = Infinity }: Registered,
): readonly number[] {
  // The first step may have been told to be running while the stage waited.
  const untold = step.n !== plan.steps[0]?.n && step.startedMs > takenOverMs + CLOCKS_DIFFER_MS;
  if (step.status === 'running') return upTo(untold ? 1 : adoptions + 1);
  return [...upTo(adoptions + 2).slice(1), 1];
}

/** A report that nobody wants any more. */
const STOPPED = Promise.resolve<'failed'>('failed');

/** A node's clock and ours may differ by this much. */
const CLOCKS_DIFFER_MS = 60_000;

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/**
 * Tells the server about one stage: one update at a time, in order, each taking over the version of the last answer
 * (drone-rpc §3.12). Nothing here rejects: a report that can't be made is said in our own log.
 */
export class Reporter {
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #registered: Registered;
  readonly #versions = new Map<number, number>();
  /** Versions that the stage has at the server if nobody else has changed it: one of them, to be tried in this order. */
  #stageVersions: readonly number[];
  /** The answer to a look was lost: the version may be one further, as it also is after a cancel. */
  #isUnclear = false;
  /** The highest version that was written down for a look, made or not. */
  #writtenVersion = 0;
  #isFinishing = false;
  #isUnknown = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }, registered: Registered) {
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
    this.#registered = registered;
    const { version } = registered.stage;
    // The other replica may have been lost between writing down the version of its next look and that look.
    this.#stageVersions = registered.versions === 'exact' ? [version] : [version, version - 1];
    if (registered.versions === 'exact') for (const n of registered.stepIds.keys()) this.#versions.set(n, 1);
  }

  /** What is to be written down as the stage's version: the highest that it may have at the server, if nobody else changes it. */
  get stageVersion(): number {
    return Math.max(this.#highestVersion, this.#writtenVersion);
  }

  get #highestVersion(): number {
    return Math.max(...this.#stageVersions) + (this.#isUnclear ? 1 : 0);
  }

  /** Id of a step at the server, for its log. */
  stepId(n: number): number {
    return this.#registered.stepIds.get(n) ?? 0;
  }

  /** Whether the server has said for certain that it doesn't know the stage, or one of its steps. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  /** Can the finish carry that step? */
  knows(n: number): boolean {
    return this.#versions.has(n);
  }

  /** The step as it is now. */
  step(step: StepState, signal: AbortSignal): Promise<Reported> {
    return this.#inTurn(() => this.#step(step, signal), signal);
  }

  /**
   * Asks whether the stage still stands as we told it. The server answers that to a start without steps alone, which changes nothing
   * but the stage's version: a detail call reads the Git host, and its failure would fail the build (drone-rpc §2.3).
   *
   * @param writeDown keeps the version that the stage will have, for whoever takes over; false: it could not, and nothing is asked
   */
  async look(writeDown: (version: number) => Promise<boolean>, signal: AbortSignal): Promise<Reported> {
    this.#writtenVersion = this.#highestVersion + 1;
    if (!(await writeDown(this.#writtenVersion))) return 'failed';
    const reported = await this.#inTurn(() => this.#look(signal), signal);
    if (reported === 'unclear') return this.#lookAtDetail(signal);
    return reported === 'conflict' && (await this.isOpenAnyway(signal)) ? 'reported' : reported;
  }

  /**
   * Whether the server has the stage open although it met another version: its database may have been restored from an older backup. Then
   * later reports find the versions by trial.
   */
  async isOpenAnyway(signal: AbortSignal): Promise<boolean> {
    return (await this.#inTurn(() => this.#readAgain(signal), signal)) === 'reported';
  }

  /** The stage's end, with all steps. A conflict is looked at by nobody: after a cancel all is recorded already. */
  finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    this.#isFinishing = true;
    return this.#inTurn(() => this.#finish(state, conclusion, signal), signal);
  }

  #inTurn<T extends string>(
    report: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | 'failed' | 'unknown'> {
    const unlessStopped = (): Promise<T | 'failed'> => (signal.aborted ? STOPPED : report());
    const turn = this.#last.then(unlessStopped).catch((error: unknown) => this.#notReported(error, signal));
    this.#last = turn;
    return turn;
  }

  #notReported(error: unknown, signal: AbortSignal): 'failed' | 'unknown' {
    const stageId = this.#registered.stage.id;
    if (error instanceof CiServerError && error.unknown) {
      this.#isUnknown = true;
      this.#log.error(
        { err: error, stageId },
        'the Drone server does not know this stage, or a step of it, any more',
      );
      return 'unknown';
    }
    if (!signal.aborted) this.#log.warn({ err: error, stageId }, 'a report to the Drone server failed');
    return 'failed';
  }

  async #step(step: StepState, signal: AbortSignal): Promise<Reported> {
    const known = this.#versions.get(step.n);
    const trials = known === undefined ? trialsOf(step, this.#registered) : [known, known + 1];
    for (const [index, version] of trials.entries()) {
      const update = await this.#ciServer.updateStep(this.#drone(step, version), signal);
      if (update.kind === 'updated') {
        this.#versions.set(step.n, update.value.version);
        return 'reported';
      }
      // With a version we are sure of, only a lost answer excuses the conflict; then the next version is tried once.
      if (known !== undefined && !(index === 0 && update.afterLostAnswer)) return 'conflict';
    }
    return 'conflict';
  }

  async #look(signal: AbortSignal): Promise<Reported | 'unclear'> {
    // Told once more to be running, an ended stage would be opened again.
    if (this.#isFinishing) return 'failed';
    const { stage } = this.#registered;
    const wasUnclear = this.#isUnclear;
    // Cut short, it may have been carried out.
    this.#isUnclear = true;
    for (const version of this.#stageVersions) {
      const update = await this.#ciServer.updateStage({ ...stage, version, steps: [] }, signal);
      if (update.kind === 'updated') return this.#know(update.value.version);
      if (update.afterLostAnswer) return 'unclear';
    }
    this.#isUnclear = wasUnclear;
    return wasUnclear ? 'unclear' : 'conflict';
  }

  async #readAgain(signal: AbortSignal): Promise<Reported> {
    const reported = await this.#lookAtDetail(signal);
    if (reported === 'reported') this.#versions.clear();
    return reported;
  }

  /** A conflict is a cancel, or a look of ours whose answer was lost: only the stage itself tells which. */
  async #lookAtDetail(signal: AbortSignal): Promise<Reported> {
    try {
      const version = await this.#openVersion(signal);
      if (version === undefined) return 'conflict';
      return this.#isFinishing ? 'failed' : this.#know(version);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, 'the state of a stage could not be read');
      return 'failed';
    }
  }

  /** Undefined: the stage has ended, or is not ours any more. */
  async #openVersion(signal: AbortSignal): Promise<number | undefined> {
    const { id, machine } = this.#registered.stage;
    const { stage, build } = await this.#ciServer.detail(id, signal);
    const isOpen = build.status === 'running' || build.status === 'pending';
    return isOpen && stage.status === 'running' && stage.machine === machine ? stage.version : undefined;
  }

  #know(version: number): 'reported' {
    this.#stageVersions = [version];
    this.#isUnclear = false;
    return 'reported';
  }

  async #finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    const { stage, plan } = this.#registered;
    const end = stageEnd(state, plan, conclusion);
    const known = [...state.values()].filter((step) => this.#versions.has(step.n));
    const steps = known.map((step) => this.#drone(step, this.#versions.get(step.n) ?? 0));
    const stopped = Math.floor(this.#clock.now() / 1000);
    const [version = stage.version] = this.#stageVersions;
    const whole: DroneStage = { ...stage, ...end, stopped, version, steps };
    const update = await this.#ciServer.updateStage(whole, signal);
    return this.#afterFinish(update, whole, signal);
  }

  /**
   * A stale step in the list stops a finish before the stage is touched (drone-rpc §2.4), and the stage's version may be another one: it is told
   * again without steps, unless it is cancelled.
   */
  async #afterFinish(update: Update<DroneStage>, whole: DroneStage, signal: AbortSignal): Promise<Reported> {
    if (update.kind === 'updated') return 'reported';
    if (update.afterLostAnswer || whole.status === 'killed') return 'conflict';
    const further = this.#isUnclear ? [this.#highestVersion] : [];
    for (const version of [...this.#stageVersions, ...further]) {
      const again = await this.#ciServer.updateStage({ ...whole, version, steps: [] }, signal);
      if (again.kind === 'updated') return 'reported';
      if (again.afterLostAnswer) return 'conflict';
    }
    return this.#finishAnyway(whole, signal);
  }

  /** An older backup has the stage open, with a version that nobody here can know. */
  async #finishAnyway(whole: DroneStage, signal: AbortSignal): Promise<Reported> {
    const version = await this.#openVersion(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#log.warn({ err: error }, 'the state of a stage could not be read');
    });
    if (version === undefined) return 'conflict';
    const update = await this.#ciServer.updateStage({ ...whole, version, steps: [] }, signal);
    return update.kind === 'updated' ? 'reported' : 'conflict';
  }

  #drone(step: StepState, version: number): DroneStep {
    const { plan, stage, stepIds } = this.#registered;
    return toDroneStep(step, { plan, stageId: stage.id, id: stepIds.get(step.n) ?? 0, version });
  }
}
