import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage, DroneStep, StageDetail } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import {
  type Conclusion,
  type OpenStep,
  type StageState,
  type StepState,
  stageEnd,
  toDroneStep,
} from '../pipeline/stage-state.ts';
import { type CiServer, CiServerError, type Update } from '../ports/ci-server.ts';
import { finishOpen, isOpenFor, readDetails } from './stage-details.ts';

/** The server's ids and versions of a started stage. After an adoption the version of a step is unknown and found by trial. */
export interface Registered {
  readonly stage: DroneStage;
  readonly plan: RunPlan;
  readonly stepIds: ReadonlyMap<number, number>;
  /** `exact`: this process made every update since the start; `unknown`: another replica made some. */
  readonly versions: 'exact' | 'unknown';
  /** How many times the stage was taken over, including this time; each owner may have reported the state of every step again. */
  readonly adoptions?: number;
  /** When this process took it over, milliseconds since 1970: no other process has reported a step that begins well after that. */
  readonly takenOverMs?: number;
}

/**
 * `conflict`: the server has a newer version, which nearly always means that the build was cancelled (drone-rpc §2.5).
 * `failed`: it was aborted, or the server rejected it permanently. `unknown`: the server doesn't know the stage or the step.
 */
export type Reported = 'reported' | 'conflict' | 'failed' | 'unknown';

/**
 * The versions to try for a step after an adoption: 1 when registered, 2 when running, 3 when its end was reported, and one more for each
 * previous owner that reported it again (gate §4). Not more than that: a cancel increases the version too, and must appear as a conflict.
 */
function versionsToTry(
  step: StepState,
  { plan, adoptions = 1, takenOverMs = Infinity }: Registered,
): readonly number[] {
  // The first step may have been reported as running while the stage waited.
  const isUnreported = step.n !== plan.steps[0]?.n && step.startedMs > takenOverMs + CLOCKS_DIFFER_MS;
  if (step.status === 'running') return upTo(isUnreported ? 1 : adoptions + 1);
  return [...upTo(adoptions + 2).slice(1), 1];
}

/** The result of a report that was aborted. */
const ABORTED = Promise.resolve<'failed'>('failed');

/** The clock of a node and ours may differ by this much. */
const CLOCKS_DIFFER_MS = 60_000;

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/**
 * Reports one stage to the server: one update at a time, in order, each with the version from the last response (drone-rpc §3.12). No
 * method rejects: a report that fails is logged.
 */
export class Reporter {
  readonly #parts: { readonly clock: Clock; readonly ciServer: CiServer };
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #registered: Registered;
  readonly #versions = new Map<number, number>();
  /** The status of each step in the last report that the server has accepted from this process. */
  readonly #confirmed = new Map<number, StepState['status']>();
  /** The versions that the stage may have at the server if no one else has changed it, in the order in which they are tried. */
  #stageVersions: readonly number[];
  /** The response to a state check was lost: the version may be one higher, as it also is after a cancel. */
  #isUnclear = false;
  /** The highest version that was recorded for a state check, whether that was made or not. */
  #recordedVersion = 0;
  readonly #finishing = new AbortController();
  /** The details have shown that the stage has ended, or is assigned to another runner. */
  #isOver = false;
  #isUnknown = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }, registered: Registered) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
    this.#registered = registered;
    const { version } = registered.stage;
    // The other replica may have been lost after it recorded the version of its next state check and before it made that.
    this.#stageVersions = registered.versions === 'exact' ? [version] : [version, version - 1];
    if (registered.versions === 'exact') for (const n of registered.stepIds.keys()) this.#versions.set(n, 1);
  }

  /** The version of the stage to record: the highest that it may have at the server if no one else changes it. */
  get stageVersion(): number {
    return Math.max(this.#highestVersion, this.#recordedVersion);
  }

  get #highestVersion(): number {
    return Math.max(...this.#stageVersions) + (this.#isUnclear ? 1 : 0);
  }

  /** The id of a step at the server, for its log. */
  stepId(n: number): number {
    return this.#registered.stepIds.get(n) ?? 0;
  }

  /**
   * The server has cancelled the build, so that the stage has ended there. After an adoption, when versions are found by trial, a report of the
   * cancel could replace the result that a previous owner has reported.
   */
  cancelled(): void {
    if (this.#registered.versions === 'unknown') this.#isOver = true;
  }

  /** Whether the server has confirmed that it doesn't know the stage, or one of its steps. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  /** Steps whose end the server has not confirmed. */
  get openSteps(): readonly OpenStep[] {
    return [...this.#registered.stepIds].flatMap(([n, id]) => {
      const status = this.#confirmed.get(n);
      const isRunning = status === 'running';
      if (status !== undefined && !isRunning) return [];
      return [{ n, id, version: this.#versions.get(n) ?? 1, isRunning }];
    });
  }

  /** Whether {@link finish} can include that step. */
  knows(n: number): boolean {
    return this.#versions.has(n);
  }

  /** Reports the current state of a step. */
  step(step: StepState, signal: AbortSignal): Promise<Reported> {
    return this.#inOrder(() => this.#step(step, signal), signal);
  }

  /**
   * Checks whether the stage at the server is still in the reported state. The server answers that only to a start without steps, which
   * changes nothing but the version of the stage: a detail call reads from the Git host, and its failure would fail the build (drone-rpc
   * §2.3).
   *
   * @param recordVersion records the version that the stage will have, for the next owner; false: that failed, and no request is sent
   */
  async checkState(
    recordVersion: (version: number) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<Reported> {
    this.#recordedVersion = this.#highestVersion + 1;
    if (!(await recordVersion(this.#recordedVersion))) return 'failed';
    const reported = await this.#inOrder(() => this.#checkState(signal), signal);
    if (reported === 'unclear') return this.#checkDetail(signal);
    return reported === 'conflict' && (await this.isOpenAnyway(signal)) ? 'reported' : reported;
  }

  /**
   * Whether the stage is open at the server despite a version conflict: the database may have been restored from an older backup. Then
   * later reports find the versions by trial.
   */
  async isOpenAnyway(signal: AbortSignal): Promise<boolean> {
    return (await this.#inOrder(() => this.#readAgain(signal), signal)) === 'reported';
  }

  /**
   * Reports the stage's end, with all steps, unless it is known to have ended. A conflict needs no handling: after a cancel everything is
   * recorded already.
   */
  finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    this.#finishing.abort(new Error('the end of the stage is reported'));
    if (this.#isOver) return Promise.resolve('conflict');
    return this.#inOrder(() => this.#finish(state, conclusion, signal), signal);
  }

  #inOrder<T extends string>(
    report: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | 'failed' | 'unknown'> {
    const unlessAborted = (): Promise<T | 'failed'> => (signal.aborted ? ABORTED : report());
    const result = this.#last.then(unlessAborted).catch((error: unknown) => this.#notReported(error, signal));
    this.#last = result;
    return result;
  }

  #notReported(error: unknown, signal: AbortSignal): 'failed' | 'unknown' {
    const stageId = this.#registered.stage.id;
    if (error instanceof CiServerError && error.unknown) {
      this.#isUnknown = true;
      this.#log.error(
        { err: error, stageId },
        'the stage, or a step of it, no longer exists at the Drone server',
      );
      return 'unknown';
    }
    if (!signal.aborted) this.#log.warn({ err: error, stageId }, 'a report to the Drone server failed');
    return 'failed';
  }

  async #step(step: StepState, signal: AbortSignal): Promise<Reported> {
    const known = this.#versions.get(step.n);
    const versions = known === undefined ? versionsToTry(step, this.#registered) : [known, known + 1];
    for (const [index, version] of versions.entries()) {
      const update = await this.#ciServer.updateStep(this.#drone(step, version), signal);
      if (update.kind === 'updated') {
        this.#versions.set(step.n, update.value.version);
        this.#confirmed.set(step.n, step.status);
        return 'reported';
      }
      // With a known version, only a lost response explains a conflict other than a cancel; then the next version is tried once.
      if (known !== undefined && !(index === 0 && update.afterLostAnswer)) return 'conflict';
    }
    return 'conflict';
  }

  async #checkState(signal: AbortSignal): Promise<Reported | 'unclear'> {
    // A stage that has ended would be opened again if it were reported as running.
    if (this.#finishing.signal.aborted) return 'failed';
    const { stage } = this.#registered;
    const wasUnclear = this.#isUnclear;
    // If the request is aborted, the server may have applied it.
    this.#isUnclear = true;
    for (const version of this.#stageVersions) {
      const update = await this.#ciServer.updateStage({ ...stage, version, steps: [] }, signal);
      if (update.kind === 'updated') return this.#setVersion(update.value.version);
      if (update.afterLostAnswer) return 'unclear';
    }
    this.#isUnclear = wasUnclear;
    return wasUnclear ? 'unclear' : 'conflict';
  }

  /** What follows from a wrong guess can't be corrected: the details are read until it is certain, or certainly the Git host that fails. */
  async #readAgain(signal: AbortSignal): Promise<Reported> {
    const read = { answers: () => this.#answers(signal), unneeded: this.#finishing.signal };
    const reported = await this.#judgeDetail(
      () => readDetails(this.#parts, { ...read, stageId: this.#registered.stage.id }, signal),
      signal,
    );
    if (reported === 'reported') this.#versions.clear();
    return reported;
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    return this.#ciServer.ping(signal).then(
      () => true,
      () => false,
    );
  }

  /** A conflict is a cancel, or a state check whose response was lost: only the details of the stage show which. */
  #checkDetail(signal: AbortSignal): Promise<Reported> {
    return this.#judgeDetail(() => this.#detail(signal), signal);
  }

  async #judgeDetail(read: () => Promise<StageDetail>, signal: AbortSignal): Promise<Reported> {
    try {
      const version = this.#openVersion(await read());
      if (version === undefined) {
        this.#isOver = true;
        return 'conflict';
      }
      return this.#finishing.signal.aborted ? 'failed' : this.#setVersion(version);
    } catch (error) {
      const isNeeded = !signal.aborted && !this.#finishing.signal.aborted;
      if (isNeeded) this.#log.warn({ err: error }, 'the state of a stage could not be read');
      return 'failed';
    }
  }

  /** One request; it is repeated where what follows from it is known. */
  #detail(signal: AbortSignal): Promise<StageDetail> {
    return this.#ciServer.detail(this.#registered.stage.id, signal, { isRepeated: false });
  }

  /** The version of the stage; undefined if it has ended, or is assigned to another runner. */
  #openVersion(detail: StageDetail): number | undefined {
    const isOpen = isOpenFor(detail, this.#registered.stage.machine, ['running']);
    return isOpen ? detail.stage.version : undefined;
  }

  #setVersion(version: number): 'reported' {
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
    const endedStage: DroneStage = { ...stage, ...end, stopped, version, steps };
    const update = await this.#ciServer.updateStage(endedStage, signal);
    return this.#afterFinish(update, endedStage, signal);
  }

  /**
   * A stale step in the list stops a finish before the stage is changed (drone-rpc §2.4), and the version of the stage may differ: the end
   * is reported again without steps, unless the stage is cancelled.
   */
  async #afterFinish(
    update: Update<DroneStage>,
    endedStage: DroneStage,
    signal: AbortSignal,
  ): Promise<Reported> {
    if (update.kind === 'updated') return 'reported';
    if (endedStage.status === 'killed') return 'conflict';
    const isKnown = this.#stageVersions.length === 1 && !this.#isUnclear;
    const further = this.#isUnclear ? [this.#highestVersion] : [];
    let { afterLostAnswer } = update;
    for (const version of [...this.#stageVersions, ...further]) {
      const again = await this.#ciServer.updateStage({ ...endedStage, version, steps: [] }, signal);
      if (again.kind === 'updated') return 'reported';
      afterLostAnswer ||= again.afterLostAnswer;
    }
    // A known version was increased by the attempt whose response was lost, or by a cancel. No details then: if the Git host failed meanwhile,
    // the server would replace the recorded end by an error (drone-rpc §2.3).
    if (afterLostAnswer && isKnown) return 'conflict';
    // With an unknown version a conflict does not prove that the end is recorded, even after a lost response; and after a restore from an older
    // backup the stage may be open with an unknown version.
    return finishOpen(this.#parts, endedStage, signal);
  }

  #drone(step: StepState, version: number): DroneStep {
    const { plan, stage, stepIds } = this.#registered;
    return toDroneStep(step, { plan, stageId: stage.id, id: stepIds.get(step.n) ?? 0, version });
  }
}
