import { Backoff } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage, DroneStep, StageDetail } from '../pipeline/drone.ts';
import {
  type Conclusion,
  isFinal,
  type OpenStep,
  type StageState,
  type StepState,
  stageEnd,
  toDroneStep,
} from '../pipeline/stage-state.ts';
import { type CiServer, CiServerError, type Update } from '../ports/ci-server.ts';
import { UnknownStageCheck } from '../ports/unknown-stage.ts';
import { DETAIL_RETRY, detailsOnce, finishOpen, isOpenFor } from './stage-details.ts';
import { allVersions, likelyVersions, type Takeover } from './step-versions.ts';

/** The server's ids and versions of a started stage. After an adoption the version of a step is unknown and found by trial. */
export interface Registered extends Takeover {
  readonly stage: DroneStage;
  readonly stepIds: ReadonlyMap<number, number>;
  /** `exact`: this process made every update since the start; `unknown`: another replica made some. */
  readonly versions: 'exact' | 'unknown';
}

/**
 * `conflict`: the server has a newer version, which nearly always means that the build was cancelled (drone-rpc §2.5).
 * `failed`: it was aborted, or the server rejected it permanently. `unknown`: the server doesn't know the stage or the step.
 */
export type Reported = 'reported' | 'conflict' | 'failed' | 'unknown';

/** How a stage stands at the server. `unread`: that was not needed any more before it could be read. */
export type AtServer = 'open' | 'over' | 'unread';

/** The result of a report that was aborted. */
const ABORTED = Promise.resolve<'failed'>('failed');

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
  /** Steps that were reported with a version that this process had not received: the server may have cancelled them with that version. */
  readonly #guessed = new Set<number>();
  /** The versions that the stage may have at the server if no one else has changed it, in the order in which they are tried. */
  #stageVersions: readonly number[];
  /** The response to a state check was lost: the version may be one higher, as it also is after a cancel. */
  #isUnclear = false;
  /** The highest version that was recorded for a state check, whether that was made or not. */
  #recordedVersion = 0;
  readonly #finishing = new AbortController();
  readonly #unknownStage: UnknownStageCheck;
  /** The details have shown that the stage has ended, or is assigned to another runner. */
  #isOver = false;
  #isUnknown = false;
  /** The details could not be read when they were last requested. */
  #isUnreadable = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }, registered: Registered) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
    this.#registered = registered;
    this.#unknownStage = new UnknownStageCheck(parts.clock, () =>
      parts.ciServer.ping(this.#finishing.signal),
    );
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

  /** The versions of steps that were reported, as far as they are known. */
  get raisedVersions(): ReadonlyMap<number, number> {
    return new Map([...this.#versions].filter(([, version]) => version > 1));
  }

  /** Whether {@link finish} can include that step. */
  knows(n: number): boolean {
    return this.#versions.has(n);
  }

  /** Reports the current state of a step. */
  step(step: StepState, signal: AbortSignal): Promise<Reported> {
    const versions = likelyVersions(step, this.#registered);
    return this.#inOrder(() => this.#step(step, versions, signal), signal);
  }

  /** Reports a step again, after a conflict, of a stage that was found open at the server. */
  stepOfOpenStage(step: StepState, signal: AbortSignal): Promise<Reported> {
    const versions = allVersions(step, this.#registered);
    return this.#inOrder(() => this.#step(step, versions, signal), signal);
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
    // If that fails, nothing is known: the next check reads them again.
    if (reported === 'conflict') return this.#inOrder(() => this.#readAgain(signal), signal);
    return reported;
  }

  /**
   * How the stage stands at the server after a version conflict: it was cancelled, or the database was restored from an older backup; then
   * later reports find the versions by trial. What follows from a wrong guess can't be corrected, since a build that runs would be stopped: the
   * details are requested until they are read, or the server confirms that it does not know the stage. Other reports have their turn meanwhile.
   *
   * @param unneeded once that is aborted, the details are not requested again
   */
  async stateAtServer(signal: AbortSignal, unneeded: AbortSignal): Promise<AtServer> {
    const pauses = new Backoff(this.#clock, DETAIL_RETRY);
    const stop = AbortSignal.any([signal, unneeded, this.#finishing.signal]);
    do {
      const reported = await this.#inOrder(() => this.#readAgain(signal), signal);
      if (reported === 'reported') return 'open';
      if (reported !== 'failed') return 'over';
      await pauses.pause(stop);
    } while (!stop.aborted);
    return 'unread';
  }

  /**
   * Reports the stage's end, with all steps, unless it is known to have ended. A conflict needs no handling: after a cancel everything is
   * recorded already.
   */
  finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    this.#finishing.abort(new Error('the end of the stage is reported'));
    if (this.#isOver && this.#guessed.size === 0) return Promise.resolve('conflict');
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
    if (error instanceof CiServerError && error.unknown) return this.#noLongerKnown(error);
    const stageId = this.#registered.stage.id;
    if (!signal.aborted) this.#log.warn({ err: error, stageId }, 'a report to the Drone server failed');
    return 'failed';
  }

  #noLongerKnown(error: unknown): 'unknown' {
    this.#isUnknown = true;
    this.#log.error(
      { err: error, stageId: this.#registered.stage.id },
      'the stage, or a step of it, no longer exists at the Drone server',
    );
    return 'unknown';
  }

  /** @param unknown the versions to try if none is known */
  async #step(step: StepState, unknown: readonly number[], signal: AbortSignal): Promise<Reported> {
    const known = this.#versions.get(step.n);
    const versions = known === undefined ? unknown : [known, known + 1];
    for (const [index, version] of versions.entries()) {
      const update = await this.#ciServer.updateStep(this.#drone(step, version), signal);
      if (update.kind === 'updated') {
        this.#versions.set(step.n, update.value.version);
        this.#confirmed.set(step.n, step.status);
        if (version !== known) this.#guessed.add(step.n);
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

  /** One request of the details after a conflict. */
  async #readAgain(signal: AbortSignal): Promise<Reported> {
    const reported = await this.#checkDetail(signal);
    if (reported === 'reported') this.#versions.clear();
    return reported;
  }

  /** A conflict is a cancel, or a state check whose response was lost: only the details of the stage show which. */
  async #checkDetail(signal: AbortSignal): Promise<Reported> {
    // They are not read once the end is reported: if the Git host failed then, the server would replace it by an error (drone-rpc §2.3).
    if (this.#finishing.signal.aborted) return 'failed';
    const { id } = this.#registered.stage;
    try {
      return this.#judge(await detailsOnce(this.#ciServer, id, this.#unknownStage, signal));
    } catch (error) {
      if (error instanceof CiServerError && error.unknown) return this.#noLongerKnown(error);
      const isNeeded = !signal.aborted && !this.#finishing.signal.aborted;
      // One line while it lasts.
      if (isNeeded && !this.#isUnreadable)
        this.#log.warn({ err: error }, 'the state of a stage could not be read; retrying');
      this.#isUnreadable = true;
      return 'failed';
    }
  }

  #judge(detail: StageDetail): Reported {
    this.#isUnreadable = false;
    const version = this.#openVersion(detail);
    if (version === undefined) {
      this.#isOver = true;
      return 'conflict';
    }
    return this.#finishing.signal.aborted ? 'failed' : this.#setVersion(version);
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

  /** Steps that the server may still show as open after that get their end, too; if that fails, the result of the stage stays. */
  async #finish(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    const reported = this.#isOver ? 'conflict' : await this.#reportEnd(state, conclusion, signal);
    const steps = [...state.values()].filter(({ n }) => isFinal(state, n) && this.stepId(n) !== 0);
    try {
      if (reported === 'reported') await this.#endOpenSteps(steps, signal);
      else await this.#endRevivedSteps(steps, signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, 'the end of a step could not be reported');
    }
    return reported;
  }

  /** The server has taken the end of the stage, so it had not been cancelled: an end replaces whatever the server has of a step. */
  async #endOpenSteps(steps: readonly StepState[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      if (this.#confirmed.get(step.n) === step.status) continue;
      this.#versions.delete(step.n);
      await this.#step(step, allVersions(step, this.#registered), signal);
    }
  }

  /** The server has the end of the stage: only steps that this process has reported as running since may be open, with the version of that. */
  async #endRevivedSteps(steps: readonly StepState[], signal: AbortSignal): Promise<void> {
    for (const step of steps)
      if (this.#guessed.has(step.n) && this.#confirmed.get(step.n) === 'running')
        await this.#step(step, [], signal);
  }

  async #reportEnd(state: StageState, conclusion: Conclusion, signal: AbortSignal): Promise<Reported> {
    const { stage, plan } = this.#registered;
    const end = stageEnd(state, plan, conclusion);
    const known = [...state.values()].filter((step) => this.#versions.has(step.n));
    const steps = known.map((step) => this.#drone(step, this.#versions.get(step.n) ?? 0));
    const stopped = Math.floor(this.#clock.now() / 1000);
    const [version = stage.version] = this.#stageVersions;
    const endedStage: DroneStage = { ...stage, ...end, stopped, version, steps };
    const update = await this.#ciServer.updateStage(endedStage, signal);
    if (update.kind === 'conflict') return this.#afterConflict(update, endedStage, conclusion, signal);
    for (const { n, status } of known) this.#confirmed.set(n, status);
    return 'reported';
  }

  /**
   * A stale step in the list stops a finish before the stage is changed (drone-rpc §2.4), and the version of the stage may differ: the end
   * is reported again without steps, unless the stage is cancelled.
   */
  async #afterConflict(
    update: Extract<Update<DroneStage>, { kind: 'conflict' }>,
    endedStage: DroneStage,
    conclusion: Conclusion,
    signal: AbortSignal,
  ): Promise<Reported> {
    if (conclusion.kind === 'cancelled') return 'conflict';
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
