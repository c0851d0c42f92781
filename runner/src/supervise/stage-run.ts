import { orLate } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import type { V1Pod } from '@kubernetes/client-node';
import { isBeforeAdoption, isOwnedBy } from '../pipeline/pod-owner.ts';
import { type Conclusion, concluded, isFinal, newStage, type StageState } from '../pipeline/stage-state.ts';
import type { AtServer, Reporter } from '../report/reporter.ts';
import { currentPod } from '../watch/current-pod.ts';
import { observe, type PodView } from '../watch/observe.ts';
import { type PodRetry, type PodRetryInputs, podRetryOf } from '../watch/pod-retry.ts';
import type { PodFeed } from '../watch/pod-watch.ts';
import { GONE, type Since, type Trouble, troubledSince, troubleOf } from '../watch/trouble.ts';
import { ChangeNotifier } from './change-notifier.ts';
import { FreshPod } from './fresh-pod.ts';
import type { LaunchedStage, StageRunEnd, StageRunParts, StopSignals } from './launched-stage.ts';
import { PodRemoval } from './pod-removal.ts';
import { type CutShort, isCutShort, recordedConclusion } from './recorded-conclusion.ts';
import type { RunContext } from './run-context.ts';
import { StepRuns } from './step-runs.ts';

export type { LaunchedStage, StageRunEnd, StageRunParts, StopSignals };

/** Settles when all steps have been supervised: ordinary ones, and background ones (services and detached steps). */
interface RunningSteps {
  readonly ordinary: Promise<void>;
  readonly background: Promise<void>;
}

/** Background steps stop by themselves after the last step; their last lines are awaited for this long before the Pod is deleted. */
const BACKGROUND_MS = 1_000;
/** Logs of stopped steps are read for at most this long, then they are cut. */
const LAST_LINES_MS = 10_000;
/** Time to start the uploads of what was read by then. */
const LAST_UPLOADS_MS = 2_000;
/** A cancelled step's program is given this long between TERM and KILL. */
const CANCEL_GRACE_SECONDS = 10;
/** Start deadlines are in whole seconds and cause no event, so the Pod is checked at this interval. */
const LOOK_MS = 1_000;
/** By then, the logs of a Pod that its former owner stopped are open again. */
const REOPENING_MS = 500;

/**
 * Supervises one stage from the moment its Pod may be scheduled until its end is reported to the server and the Pod is being
 * deleted. It keeps no state that the Pod and the server do not have, so that another replica can take over at any point.
 */
export class StageRun {
  readonly #parts: StageRunParts;
  readonly #launched: LaunchedStage;
  readonly #feed: PodFeed;
  readonly #reporter: Reporter;
  readonly #changes = new ChangeNotifier();
  readonly #freshPod: FreshPod;
  readonly #halt = new AbortController();
  readonly #disowned = new AbortController();
  readonly #leaving = new AbortController();
  readonly #steps: StepRuns;
  #state: StageState;
  #view: PodView;
  #since: Since = new Map();
  readonly #removal: PodRemoval;
  #isEndReported = false;
  /** How it had ended before this process began to supervise it: a former owner has recorded that on the Pod, or it was cancelled. */
  #former: CutShort | undefined;
  #left = false;
  #trouble: Trouble | undefined;
  /** It ended before anything of the pipeline ran. */
  #podRetry: PodRetry | undefined;
  #conclusion: Conclusion | undefined;

  constructor(parts: StageRunParts, launched: LaunchedStage, by: { feed: PodFeed; reporter: Reporter }) {
    this.#parts = parts;
    this.#launched = launched;
    this.#feed = by.feed;
    this.#reporter = by.reporter;
    this.#state = newStage(launched.plan);
    this.#freshPod = new FreshPod(parts, by.feed, () => this.#look());
    this.#former = recordedConclusion(launched.pod);
    this.#view = observe(launched.pod, launched.plan);
    const context = this.#context();
    this.#steps = new StepRuns(parts, launched, context);
    this.#removal = new PodRemoval(parts, launched, context);
  }

  #context(): RunContext {
    return {
      changes: this.#changes,
      reporter: this.#reporter,
      halt: this.#halt.signal,
      leaving: this.#leaving.signal,
      state: () => this.#state,
      view: () => this.#view,
      pod: () => this.#knownPod,
      gone: () => this.#feed.gone,
      notices: () => this.#feed.notices,
      concluded: () => this.#conclusion !== undefined,
      isEnding: () => this.#isEnding,
      left: () => this.#left,
      change: (next) => this.#change(next),
      conflict: () => this.#conflict(),
      readPod: () => this.#freshPod.read(this.#halt.signal),
      broken: (trouble) => this.#break(trouble),
    };
  }

  /** Supervises the stage to its end; never rejects because of what a pipeline or a cluster does. */
  async run(given: StopSignals): Promise<StageRunEnd> {
    const stops = { ...given, handOver: AbortSignal.any([given.handOver, this.#disowned.signal]) };
    const release = this.#listen(stops);
    let running: RunningSteps | undefined;
    try {
      this.#look();
      running = this.#startSteps();
      await this.#changes.until(
        () => this.#conclusion !== undefined || this.#podRetry !== undefined,
        stops.handOver,
      );
      if (this.#podRetry && !this.#conclusion && !stops.handOver.aborted) {
        this.#leave(AbortSignal.abort(new Error('the Pod is created again')));
        return this.#podRetry;
      }
      const end = await this.#finish(running, stops);
      if (end.kind === 'handed-over') this.#leave(stops.handOver);
      return end;
    } finally {
      release();
      this.#halt.abort(new Error('the stage run is over'));
      if (running && !this.#left) await this.#lastUploads(running, stops.handOver);
    }
  }

  /** Waits until everything that was read is stored at the server, however long that takes. */
  async #lastUploads(running: RunningSteps, handOver: AbortSignal): Promise<void> {
    await orLate(this.#parts.clock, LAST_UPLOADS_MS, everythingOf(running));
    await this.#changes.until(() => !this.#steps.isUploading, handOver);
    if (handOver.aborted) this.#leave(handOver);
  }

  #leave({ reason }: AbortSignal): void {
    this.#left = true;
    this.#leaving.abort(reason);
  }

  /** An unexpected error in one step ends only this stage, which reports the error. */
  #startSteps(): RunningSteps {
    const running = this.#steps.superviseAll();
    const ordinary = running.ordinary.catch((error: unknown) => this.#unexpectedError(error));
    const background = running.background.catch((error: unknown) => this.#unexpectedError(error));
    void ordinary.then(() => this.#complete());
    return { ordinary, background };
  }

  /** A step without a known end is an error, never a success. */
  #complete(): void {
    const open = this.#launched.plan.steps.find(({ role, n }) => role === 'step' && !isFinal(this.#state, n));
    if (!open) this.#conclude(this.#former ?? { kind: 'completed' });
    else if (!this.#conclusion && !this.#halt.signal.aborted)
      this.#unexpectedError(new Error(`the result of step ${open.name} is unknown`));
  }

  #unexpectedError(error: unknown): void {
    this.#parts.log.error({ err: error }, 'unexpected error');
    const text = `the runner failed: ${errorText(error)}`;
    this.#break({ code: 'internal', blame: 'bug', text });
  }

  /**
   * A version conflict means a cancel only if this replica still owns the Pod: reports of another replica cause conflicts too. As
   * long as the Pod's owner or the state at the server can't be read, nothing is concluded.
   */
  async #conflict(): Promise<'over' | 'report-again'> {
    const { signal } = this.#halt;
    const need = { isNeeded: () => this.#conclusion === undefined };
    const now = await currentPod(this.#parts, this.#knownPod, need, signal);
    if (now === 'unread') return 'over';
    // Another Pod of this name is of this stage too: its owner has the stage.
    const isOthers = now.kind !== 'gone' && !this.#isOurs(now.pod);
    if (isOthers) this.#disown();
    const state = isOthers ? 'unread' : await this.#stateAtServer(signal);
    if (state === 'over' && !signal.aborted) this.#cancel();
    return state === 'open' ? 'report-again' : 'over';
  }

  /** Nothing is stopped any more once all steps have ended: then the report of the stage's end shows how it stands. */
  async #stateAtServer(signal: AbortSignal): Promise<AtServer> {
    if (this.#reporter.isUnknown) return 'over';
    const isUnneeded = (): boolean => this.#conclusion !== undefined || this.#allEnded();
    return this.#reporter.stateAtServer(signal, this.#changes.signalOnce(isUnneeded, signal));
  }

  /** A stage that has ended is over at the server too: that is no reason to stop the container of a failed step that is kept. */
  #cancel(): void {
    this.#conclude({ kind: this.#steps.isKeeping && this.#allEnded() ? 'completed' : 'cancelled' });
  }

  get #isEnding(): boolean {
    return this.#conclusion !== undefined || this.#former !== undefined;
  }

  get #knownPod(): V1Pod {
    return this.#feed.pod ?? this.#launched.pod;
  }

  #isOurs(pod: V1Pod): boolean {
    return isOwnedBy(pod, this.#launched.owner) || isBeforeAdoption(pod, this.#launched.pod);
  }

  #disown(): void {
    if (this.#disowned.signal.aborted) return;
    this.#parts.log.warn({ owner: this.#launched.owner }, 'another replica has taken over this pipeline');
    this.#disowned.abort(new Error('another replica has taken over'));
  }

  #listen(stops: StopSignals): () => void {
    const { clock } = this.#parts;
    const { plan, admittedMonotonicMs } = this.#launched;
    const unsubscribe = this.#feed.subscribe(() => this.#look());
    const cancel = (): void => {
      this.#reporter.cancelled();
      this.#cancel();
    };
    if (stops.cancelled.aborted) this.#cancelledBefore(stops.handOver);
    stops.cancelled.addEventListener('abort', cancel, { once: true });
    const leftMs = admittedMonotonicMs + plan.timeoutMs - clock.monotonicMs();
    const stopTimer = clock.after(leftMs, () => this.#timeOut());
    let stopLook = (): void => undefined;
    const lookAgain = (): void => {
      this.#look();
      // Once only reports are left, events are enough.
      if (!this.#isEndReported) stopLook = clock.after(LOOK_MS, lookAgain);
    };
    stopLook = clock.after(LOOK_MS, lookAgain);
    const former = this.#former;
    const cancelReopening = former && clock.after(REOPENING_MS, () => this.#conclude(former));
    return () => {
      cancelReopening?.();
      unsubscribe();
      stops.cancelled.removeEventListener('abort', cancel);
      stopTimer();
      stopLook();
    };
  }

  /** Its Pod is stopped at once, but the logs of its steps are opened first: what a former owner has read of them may not be stored. */
  #cancelledBefore(handOver: AbortSignal): void {
    this.#reporter.cancelled();
    this.#former ??= { kind: 'cancelled' };
    void this.#stop(this.#former, handOver);
  }

  /** A stage whose steps ended in time and that only waits for its reports has not timed out. */
  #timeOut(): void {
    if (!this.#allEnded()) this.#conclude({ kind: 'timed-out' });
  }

  /** Evaluates the Pod as it is now. Never throws: the watch of all Pods calls it. */
  #look(): void {
    try {
      this.#evaluate();
    } catch (error) {
      this.#unexpectedError(error);
    }
    this.#changes.notify();
  }

  #evaluate(): void {
    const { clock, patience } = this.#parts;
    const { plan } = this.#launched;
    const { pod } = this.#feed;
    if (pod && !this.#isOurs(pod)) return this.#disown();
    if (pod) this.#view = observe(pod, plan);
    const nowMs = clock.monotonicMs();
    this.#since = troubledSince(this.#since, this.#view, plan, nowMs);
    const inputs = { since: this.#since, nowMs, patience, ours: this.#removal.hasBegun };
    if (this.#isToRetry(inputs)) return;
    this.#steps.look();
    // A Pod that was stopped is no trouble.
    if (this.#former) return this.#reportEnd();
    const trouble = this.#feed.gone
      ? GONE
      : troubleOf(this.#view, plan, { ...inputs, ended: (n) => this.#steps.ended(n) });
    if (trouble && !this.#allEnded()) this.#judge(trouble);
    this.#reportEnd();
  }

  /** What was seen for a long time may have been over for long, if the watch is silent: the Pod is read before the build is ended for it. */
  #judge(trouble: Trouble): void {
    if (trouble.isLasting && !this.#freshPod.isFresh) void this.#freshPod.read(this.#halt.signal);
    else this.#break(trouble);
  }

  /** Whether nothing ran in the Pod and it is to be made again, or that is not certain yet. */
  #isToRetry(inputs: PodRetryInputs['inputs']): boolean {
    const { plan, mayRemake = false, mayReplaceGate = false, mayAvoidNode = false } = this.#launched;
    if (this.#isEnding) return false;
    const { isFresh } = this.#freshPod;
    const retry = podRetryOf(this.#feed, plan, { inputs, mayRemake, mayReplaceGate, mayAvoidNode, isFresh });
    if (retry === 'unread') void this.#freshPod.read(this.#halt.signal);
    else if (retry !== 'later') this.#podRetry ??= retry;
    return this.#podRetry !== undefined || retry === 'later' || retry === 'unread';
  }

  #reportEnd(): void {
    if (this.#isEndReported || !(this.#conclusion || this.#allEnded())) return;
    this.#isEndReported = true;
    const isTimedOut = this.#conclusion?.kind === 'timed-out';
    this.#launched.ended(this.#trouble?.code ?? (isTimedOut ? 'timed-out' : undefined));
  }

  #allEnded(): boolean {
    const { steps } = this.#launched.plan;
    const haveEnded = steps.every(({ role, n }) => role === 'background' || this.#steps.ended(n));
    return haveEnded && this.#steps.areServicesJudged;
  }

  #change(next: StageState): void {
    this.#state = next;
    this.#reportEnd();
    this.#changes.notify();
  }

  #break(trouble: Trouble): void {
    if (this.#conclusion || this.#podRetry) return;
    this.#trouble = trouble;
    if (trouble.code === 'deadline-exceeded') this.#conclude({ kind: 'timed-out' });
    else this.#conclude({ kind: 'broken', text: trouble.text, step: trouble.step });
  }

  /** Only the first conclusion takes effect. */
  #conclude(conclusion: Conclusion): void {
    if (this.#conclusion) return;
    this.#conclusion = conclusion;
    this.#reportEnd();
    this.#changes.notify();
  }

  /**
   * The Pod is the record of what happened: it is stopped at once if it still runs, and deleted when the server has the end and the logs.
   */
  async #finish(running: RunningSteps, stops: StopSignals): Promise<StageRunEnd> {
    const { clock } = this.#parts;
    const conclusion = this.#conclusion;
    if (!conclusion || stops.handOver.aborted) return { kind: 'handed-over' };
    if (conclusion.kind === 'completed') await orLate(clock, BACKGROUND_MS, running.background);
    if (stops.handOver.aborted) return { kind: 'handed-over' };
    if (isCutShort(conclusion)) void this.#stop(conclusion, stops.handOver);
    this.#state = concluded(this.#state, this.#launched.plan, conclusion, clock.now());
    await this.#report(conclusion, stops.handOver);
    await this.#logsTaken(conclusion, running, stops.handOver);
    if (stops.handOver.aborted) return { kind: 'handed-over' };
    await this.#removeReported(conclusion, stops.handOver);
    await orLate(clock, LAST_LINES_MS, everythingOf(running), stops.handOver);
    return { kind: 'finished', conclusion, trouble: this.#trouble, state: this.#state };
  }

  async #removeReported(conclusion: Conclusion, handOver: AbortSignal): Promise<void> {
    const { keepFailedMs = 0 } = this.#launched.plan;
    const isCompleted = conclusion.kind === 'completed';
    const keptMs = isCompleted && this.#steps.isKeeping ? keepFailedMs : 0;
    this.#launched.reported(keptMs);
    const hasFailed = [...this.#state.values()].some(({ status }) => status === 'failure');
    if (isCompleted) await this.#removal.whenQuiet({ keptMs, hasFailed }, handOver);
    else if (!this.#removal.hasBegun) void this.#removal.now(CANCEL_GRACE_SECONDS);
  }

  /** The next owner would read the logs from the Pod: it stays until the server has them. Logs of stopped steps are cut after a while. */
  async #logsTaken(conclusion: Conclusion, running: RunningSteps, handOver: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    // The server accepts no logs of a stage that it doesn't know.
    if (this.#reporter.isUnknown)
      this.#leave(AbortSignal.abort(new Error('the stage does not exist at the server')));
    if (isCutShort(conclusion)) {
      await orLate(clock, LAST_LINES_MS, everythingOf(running), handOver);
      await this.#logsInReach(handOver);
      if (handOver.aborted) return;
      this.#halt.abort(new Error('the logs of stopped steps are cut'));
      await orLate(clock, LAST_UPLOADS_MS, everythingOf(running), handOver);
    }
    await this.#logsInReach(handOver);
    await this.#changes.until(() => !this.#steps.isUploading, handOver);
  }

  /** Waits while a log can't be read at present but its Pod still has it. */
  async #logsInReach(handOver: AbortSignal): Promise<void> {
    await this.#changes.until(() => !this.#steps.logs.isAnyOutOfReach || this.#feed.gone, handOver);
  }

  async #stop(conclusion: CutShort, handOver: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([handOver, this.#halt.signal]);
    if ((await this.#removal.stop(conclusion, signal)) === 'others') this.#disown();
  }

  async #report(conclusion: Conclusion, signal: AbortSignal): Promise<void> {
    if (conclusion.kind !== 'cancelled') await this.#steps.reportUnknown(this.#state, signal);
    const reported = await this.#reporter.finish(this.#state, conclusion, signal);
    this.#parts.log.info({ conclusion: conclusion.kind, reported }, 'the stage has ended');
    if (!signal.aborted) this.#parts.events.concluded(conclusion, this.#trouble);
  }
}

const everythingOf = ({ ordinary, background }: RunningSteps): Promise<unknown> =>
  Promise.all([ordinary, background]);
