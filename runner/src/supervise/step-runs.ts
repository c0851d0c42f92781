import { withDeadline } from '@hangar/shared/deadline';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import {
  begun,
  corrected,
  type Ending,
  ended,
  isFinal,
  type StageState,
  skipped,
  withLog,
} from '../pipeline/stage-state.ts';
import { hasFailedFast, type SkipDecision } from '../pipeline/step-decision.ts';
import type { FinishedLog, Mark, StepLogStream } from '../ports/step-logs.ts';
import { neverStarted } from '../watch/step-trouble.ts';
import { BackgroundSteps } from './background-steps.ts';
import { decideByKnown } from './decide-by-known.ts';
import { FailedStepKeeper } from './failed-step-keeper.ts';
import { KnownSteps } from './known-steps.ts';
import type { LaunchedStage, StageRunParts } from './launched-stage.ts';
import type { RunContext } from './run-context.ts';
import { StageRunLogs } from './stage-run-logs.ts';
import {
  endByKubelet,
  endByMark,
  errorOfEnd,
  hasRun,
  isGateFailure,
  isStopped,
  type StepEnd,
  skipEnd,
} from './step-end.ts';
import { StepNotes } from './step-notes.ts';
import { Swaps } from './swaps.ts';

/** 137 and 143 may mean a memory kill or the end of the Pod, which only the container's status shows: it is awaited for this long. */
const KUBELET_STATUS_MS = 3_000;
const MOST_READS = 1;
/** After gates received a signal to stop, the Pod shows the cause within this time. */
const STOPPING_MS = 10_000;
/** An adopted log is read from its start; its end, if it has one, is reached within this time. */
const CATCHING_UP_MS = 500;

/** Supervises all steps of one stage: waits until each is due, follows its log, and reports it. */
export class StepRuns {
  readonly #parts: StageRunParts;
  readonly #launched: LaunchedStage;
  readonly #context: RunContext;
  readonly #swaps: Swaps;
  readonly logs: StageRunLogs;
  readonly #notes: StepNotes;
  readonly #keeper: FailedStepKeeper;
  readonly #known: KnownSteps;
  readonly #background: BackgroundSteps;
  readonly #turnMs = new Map<number, number>();
  readonly #unreported = new Set<number>();
  #uploads = 0;

  constructor(parts: StageRunParts, launched: LaunchedStage, context: RunContext) {
    this.#parts = parts;
    this.#launched = launched;
    this.#context = context;
    this.#known = new KnownSteps(launched.plan.steps);
    this.#background = new BackgroundSteps(parts.clock, launched.plan.steps, this.#known, context);
    const { leaving } = context;
    const stepId = (n: number): number => context.reporter.stepId(n);
    this.logs = new StageRunLogs(parts.stepLogs, launched, { stepId, leaving });
    this.#notes = new StepNotes(launched, context, this.logs, (step, log) =>
      this.#begin(step, parts.clock.now(), log),
    );
    this.#keeper = new FailedStepKeeper(parts, launched, context);
    this.#swaps = new Swaps(parts, launched, context, () => this.#known.isFailing);
  }

  /** Supervises every step. `ordinary` resolves when all ordinary steps are final and reported, `background` when the others are. */
  superviseAll(): { ordinary: Promise<void>; background: Promise<void> } {
    const supervise = (role: PlannedStep['role']): Promise<void> =>
      Promise.all(
        this.#launched.plan.steps.filter((step) => step.role === role).map((step) => this.#supervise(step)),
      ).then(() => undefined);
    const background = supervise('background');
    const ordinary = supervise('step').then(() => this.#background.settled());
    return { ordinary, background };
  }

  /** Whether the failure of a service that was not ready is known, if there is one. */
  get areServicesJudged(): boolean {
    return this.#background.areJudged;
  }

  /** Whether the container of a failed step is kept for people. */
  get isKeeping(): boolean {
    return this.#keeper.isKeeping;
  }

  /** Whether the upload of a log has not ended yet. */
  get isUploading(): boolean {
    return this.#uploads > 0;
  }

  /** Evaluates the containers' present status. */
  look(): void {
    for (const step of this.#launched.plan.steps) this.#lookAt(step);
    this.#notes.noteWaiting();
  }

  /** Whether the end of that step is known, by a mark or from the kubelet. A stop is no end: the stage run finds its cause. */
  ended(n: number): boolean {
    const known = this.#known.endOf(n);
    if (isFinal(this.#context.state(), n)) return true;
    return known !== undefined && known.decision !== 'stopping' && !isStopped(known);
  }

  /** Reports steps whose version at the server isn't known (a failed report, or one of another process): the final report needs it. */
  async reportUnknown(state: StageState, signal: AbortSignal): Promise<void> {
    for (const [n, step] of state) {
      const isOpen = this.#unreported.has(n) || !this.#context.reporter.knows(n);
      if (isOpen && !signal.aborted) await this.#context.reporter.step(step, signal);
    }
  }

  async #supervise(step: PlannedStep): Promise<void> {
    const { changes, halt } = this.#context;
    const isDecided = await changes.until(
      () => this.#context.concluded() || this.#decision(step) !== 'wait',
      halt,
    );
    if (!isDecided || this.#context.concluded()) return;
    const decision = this.#decision(step);
    if (decision === 'stopping') return this.#stopping(step);
    if (decision !== 'run' && decision !== 'wait') return this.#skip(step, decision);
    this.#turnMs.set(step.n, this.#parts.clock.now());
    const log = this.logs.open(step);
    this.#notes.noteFormer(step, log);
    const runs = step.engine === 'gate' || (await this.#swaps.swap(step));
    if (!runs) return this.#neverSwapped(log);
    await changes.until(() => this.#isReadable(step), halt);
    await log.follow({
      ended: changes.until(() => this.#isOver(step), halt).then(() => undefined),
      signal: halt,
      onMark: (mark) => this.#mark(step, mark, log),
    });
    await this.#settle(step, log);
  }

  /** The stage was over before the step's own image was in place: the log contains only the runner's own notes. */
  async #neverSwapped(log: StepLogStream): Promise<void> {
    // Its Pod may be gone, which the watch has not reported yet.
    await this.#context.changes.until(() => this.#context.concluded(), this.#context.halt);
    if (!this.#context.left()) await this.#upload(log);
  }

  /** Sends the rest of the log and uploads all of it, however long that takes. After a hand-over, the next owner reads it again. */
  async #upload(log: StepLogStream): Promise<FinishedLog> {
    this.#uploads += 1;
    try {
      return await log.finish(this.#context.leaving);
    } finally {
      this.#uploads -= 1;
      this.#context.changes.notify();
    }
  }

  /** Before the container has a status, requests for its log are refused; sending them earlier was never faster (measured). */
  #isReadable(step: PlannedStep): boolean {
    const kind = this.#context.view().steps.get(step.n)?.kind;
    return kind === 'running' || kind === 'ended' || this.#context.concluded() || this.#context.gone();
  }

  #isOver(step: PlannedStep): boolean {
    return this.#context.gone() || this.#known.endOf(step.n)?.sure === true;
  }

  /** Decides by the results so far: wait, run, or skip with a reason. A result that is already known (after an adoption) counts too. */
  #decision(step: PlannedStep): 'wait' | 'run' | SkipDecision {
    const known = this.#known.endOf(step.n);
    if (known) return hasRun(known.decision) ? 'run' : known.decision;
    return decideByKnown(step, this.#known.results, this.#launched.plan.steps);
  }

  #mark(step: PlannedStep, mark: Mark, log: StepLogStream): void {
    switch (mark.kind) {
      case 'start':
        this.#countStart(step, mark.atMs);
        return this.#begin(step, mark.atMs, log);
      case 'ready':
        this.#known.ready(step.n);
        return this.#context.changes.notify();
      case 'skip':
      case 'end':
        // The kubelet was faster, or the mark is a repetition.
        if (this.#known.endOf(step.n) !== undefined) return;
        this.#learn(step, endByMark(mark, this.#known.startOf(step.n)));
        return this.#context.changes.notify();
      case 'close':
        return;
    }
  }

  #begin(step: PlannedStep, atMs: number, log: StepLogStream): void {
    if (this.#known.startOf(step.n) === atMs) return;
    this.#known.started(step.n, atMs);
    if (this.#context.concluded()) return;
    const before = this.#context.state();
    const now = begun(before, step.n, atMs);
    if (now === before) return this.#context.changes.notify();
    this.#context.change(now);
    void this.#reportRunning(step).then(() => log.goLive());
    if (step.engine === 'swap' && step.role === 'background')
      this.#swaps.publish(step.n, { decision: 'running', code: 0, startMs: atMs, endMs: 0 });
  }

  /** Counts the time from when the step was due to the start of its program, once; unknown for starts under another process. */
  #countStart(step: PlannedStep, atMs: number): void {
    const turnMs = this.#turnMs.get(step.n);
    if (turnMs === undefined || !this.#turnMs.delete(step.n)) return;
    // It may have waited for a place among the steps that run at once.
    if (this.#launched.plan.parallelism !== undefined) return;
    if (this.#launched.adopted && atMs < this.#launched.takenOverMs) return;
    this.#parts.events.stepStarted(step.engine, Math.max(0, atMs - turnMs));
  }

  /** Records the end of a step, or more precise facts about it. */
  #learn(step: PlannedStep, known: StepEnd): void {
    this.#known.ended(step.n, known);
    if (isFinal(this.#context.state(), step.n)) this.#correct(step, known);
    else if (!isStopped(known)) this.#conclude(step, known);
  }

  /** Makes its state final, although its log is not uploaded yet. */
  #conclude(step: PlannedStep, known: StepEnd): void {
    if (!hasRun(known.decision) || isQuiet(step, known) || this.#context.concluded()) return;
    const before = this.#context.state();
    const now = ended(before, step.n, this.#endingOf(step, known));
    if (now === before) return;
    this.#context.change(now);
    if (step.engine === 'swap') this.#swaps.publish(step.n, known);
  }

  #endingOf(step: PlannedStep, known: StepEnd): Ending {
    const others = this.#launched.plan.steps.filter(({ n }) => n !== step.n);
    return {
      ...known,
      stopped: isStopped(known) && hasFailedFast(this.#known.results, others),
      error: errorOfEnd(step, known),
      isUnready: known.decision === 'unready',
    };
  }

  /** Corrects a final state: only the kubelet reports a kill for memory, possibly after the mark and with another exit code. */
  #correct(step: PlannedStep, known: StepEnd): void {
    if (!known.sure || !hasRun(known.decision)) return;
    if (step.role === 'background' && known.decision !== 'unready') return;
    const before = this.#context.state();
    const now = corrected(before, step.n, this.#endingOf(step, known));
    if (now === before || this.#context.concluded()) return;
    this.#parts.log.warn(
      { step: step.name, code: known.code },
      'the exit code of a step differs from the one that its gate reported',
    );
    this.#context.change(now);
    void this.#report(step);
  }

  #lookAt(step: PlannedStep): void {
    const container = this.#context.view().steps.get(step.n);
    const known = this.#known.endOf(step.n);
    if (!container || known?.sure) return;
    if (container.kind === 'running') return this.#lookAtRunning(step, container.startedMs);
    // That is no end of its program, but a trouble of the Pod.
    if (container.kind !== 'ended' || neverStarted(container)) return;
    if (isGateFailure(step, container, known)) return this.#gateFailed(step, container.message);
    const end = endByKubelet(container, known, this.#known.startOf(step.n));
    // Its log may not be read before the stage ends.
    if (container.line && hasRun(end.decision)) this.#hasBegun(step, end.startMs);
    this.#learn(step, end);
  }

  /** Its program was started, and has ended since: nothing is reported of a service, but it is not skipped. */
  #hasBegun({ n }: PlannedStep, atMs: number): void {
    if (!this.#context.concluded()) this.#context.change(begun(this.#context.state(), n, atMs));
  }

  /** A running container is the start of a swapped step; for a gated step it means nothing. */
  #lookAtRunning(step: PlannedStep, startedMs: number): void {
    const log = this.logs.of(step.n);
    if (step.engine === 'gate' || !log) return;
    this.#countStart(step, this.#parts.clock.now());
    this.#begin(step, startedMs, log);
  }

  #gateFailed(step: PlannedStep, message: string): void {
    this.#context.broken({
      code: 'container-refused',
      blame: 'operator',
      step: step.n,
      text: `step ${step.name} could not be started: ${message}`,
    });
  }

  /** Its program is over: waits for facts that only the kubelet has, uploads the log, and reports the end to the server. */
  async #settle(step: PlannedStep, log: StepLogStream): Promise<void> {
    const { halt, changes } = this.#context;
    await changes.until(() => this.#known.endOf(step.n) !== undefined || this.#context.gone(), halt);
    if (isStopped(this.#known.endOf(step.n))) await this.#awaitKubelet(step);
    if (this.#context.left()) return;
    const known = this.#known.endOf(step.n);
    if (known) this.#conclude(step, known);
    if (known) await this.#keepFailed(step, known, log);
    const finished = await this.#upload(log);
    if (known && !this.#context.left()) await this.#settleStored(step, known, finished);
  }

  async #keepFailed(step: PlannedStep, known: StepEnd, log: StepLogStream): Promise<void> {
    if (this.#context.concluded()) return;
    const note = await this.#keeper.keep(step, known);
    if (note !== '') log.note(note);
  }

  /** Its log is stored, so its end may be reported. */
  async #settleStored(step: PlannedStep, known: StepEnd, finished: FinishedLog): Promise<void> {
    this.#context.change(withLog(this.#context.state(), step.n, finished));
    if (known.decision === 'stopping') return this.#stopping(step);
    if (!hasRun(known.decision)) return this.#skip(step, known.decision);
    if (isQuiet(step, known))
      return this.#parts.log.debug({ step: step.name, code: known.code }, 'a background step has ended');
    if (!this.#context.concluded()) await this.#report(step);
  }

  /** The watch may be silent: if it doesn't show the container's end, the Pod is read, until the kubelet is late rather than the watch. */
  async #awaitKubelet(step: PlannedStep): Promise<void> {
    const isKnown = (): boolean => this.#context.concluded() || this.#isOver(step);
    for (let reads = 0; reads <= MOST_READS && !isKnown(); reads++) {
      if (reads > 0) await this.#context.readPod();
      await this.#within(KUBELET_STATUS_MS, isKnown);
    }
  }

  /** Its gate received a signal to stop. If the Pod is not being deleted, nothing else shows that this is no success. */
  async #stopping(step: PlannedStep): Promise<void> {
    if (step.role === 'background') return;
    const isKnown = (): boolean => this.#context.concluded() || this.#context.gone();
    await this.#within(STOPPING_MS, isKnown);
    if (!isKnown()) await this.#context.readPod();
    if (this.#context.halt.aborted || this.#context.concluded()) return;
    this.#context.broken({
      code: 'pod-stopped',
      blame: 'cluster',
      text: `the containers of this pipeline received a signal to stop before step ${step.name}, and its Pod was not deleted: a person or program on the node did that`,
    });
  }

  async #within(ms: number, holds: () => boolean): Promise<void> {
    const { changes, halt } = this.#context;
    await withDeadline(this.#parts.clock, { ms, signal: halt }, (signal) => changes.until(holds, signal));
  }

  async #skip(step: PlannedStep, why: SkipDecision): Promise<void> {
    const before = this.#context.state();
    if (why === 'stopping' || this.#context.concluded() || isFinal(before, step.n)) return;
    const atMs = this.#parts.clock.now();
    // The gate of a gated step reports the skip too; a swapped step keeps its placeholder and reports nothing.
    const known = skipEnd(why, atMs, step.engine === 'swap');
    if (this.#known.endOf(step.n) === undefined) this.#known.ended(step.n, known);
    this.#context.change(skipped(before, step.n, atMs));
    if (step.engine === 'swap') this.#swaps.publish(step.n, known);
    await this.#report(step);
  }

  /** After an adoption, a start in the log may be long past: a step is reported as running only if it still runs. */
  async #reportRunning(step: PlannedStep): Promise<void> {
    if (this.#launched.adopted) await this.#parts.clock.sleep(CATCHING_UP_MS, this.#context.halt);
    if (this.#known.endOf(step.n) === undefined) await this.#report(step);
  }

  async #report(step: PlannedStep): Promise<void> {
    const state = this.#context.state().get(step.n);
    if (!state) return;
    let reported = await this.#context.reporter.step(state, this.#context.halt);
    // For a step that the server doesn't know, no end is expected. A step that conflicts twice is reported with the end of the stage.
    const isRefused = reported === 'conflict' || reported === 'unknown';
    if (isRefused && (await this.#context.conflict()) === 'report-again')
      reported = await this.#context.reporter.stepOfOpenStage(state, this.#context.halt);
    if (reported !== 'reported') this.#unreported.add(step.n);
    else this.#unreported.delete(step.n);
  }
}

/** The end of a service or detached step is not reported, unless it was killed for memory or never became ready. */
const isQuiet = ({ role }: PlannedStep, { oom, decision }: StepEnd): boolean =>
  role === 'background' && !oom && decision !== 'unready';
