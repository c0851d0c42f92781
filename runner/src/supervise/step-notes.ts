import { containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import { isFinal } from '../pipeline/stage-state.ts';
import type { StepLogStream } from '../ports/step-logs.ts';
import type { PodNotice } from '../watch/pod-notice.ts';
import { waitingFor } from '../watch/trouble.ts';
import type { LaunchedStage } from './launched-stage.ts';
import type { RunContext } from './run-context.ts';
import type { StageRunLogs } from './stage-run-logs.ts';

/** Maximum number of notes about one Pod; more would only be noise in the log. */
const MOST_NOTES = 30;

/** Notes about the Pod in the logs of its steps: what the Pod waits for, and its Events. */
export class StepNotes {
  readonly #launched: LaunchedStage;
  readonly #context: RunContext;
  readonly #logs: StageRunLogs;
  readonly #begin: (step: PlannedStep, log: StepLogStream) => void;
  readonly #noted = new Set<string>();

  /** @param begin shows a step as running, because its log states what it waits for */
  constructor(
    launched: LaunchedStage,
    context: RunContext,
    logs: StageRunLogs,
    begin: (step: PlannedStep, log: StepLogStream) => void,
  ) {
    this.#launched = launched;
    this.#context = context;
    this.#logs = logs;
    this.#begin = begin;
  }

  /** Notes what the Pod waits for, once per cause, in the log of the step that is due. */
  noteWaiting(): void {
    for (const notice of this.#context.notices()) this.#noteNotice(notice);
    const note = waitingFor(this.#context.view(), this.#launched.plan);
    if (note !== '') this.#note(note, { text: note, container: '', lasts: true });
  }

  /** Events from before a container's start are not noted once it runs. */
  #noteNotice(notice: PodNotice): void {
    const views = this.#context.view().steps;
    const runs = [...views].some(
      ([n, { kind }]) =>
        (kind === 'running' || kind === 'ended') &&
        (notice.container === '' || notice.container === containerName(n)),
    );
    if (!runs && !this.#isFormer(notice)) this.#note(notice.key, notice);
  }

  /** Whether a former owner has noted it already. */
  #isFormer({ atMs }: PodNotice): boolean {
    return this.#launched.adopted && atMs < this.#launched.takenOverMs;
  }

  /**
   * Repeats a former owner's notes at the start of the log that had them (the step's own if that step waited for no other, else the
   * first step's), so that the lines after them keep their numbers.
   */
  noteFormer({ n }: PlannedStep, log: StepLogStream): void {
    const { steps } = this.#launched.plan;
    for (const notice of this.#context.notices().filter((one) => this.#isFormer(one))) {
      const own = steps.find((step) => containerName(step.n) === notice.container);
      const holder = own?.after.length === 0 ? own : steps[0];
      if (holder?.n !== n || this.#noted.has(notice.key) || this.#noted.size >= MOST_NOTES) continue;
      this.#noted.add(notice.key);
      log.note(notice.text, notice.atMs);
    }
  }

  /** Writes to the log of the step that it concerns, else of the step that is due. */
  #note(key: string, note: Pick<PodNotice, 'text' | 'container' | 'lasts'> & { atMs?: number }): void {
    if (this.#noted.has(key) || this.#noted.size >= MOST_NOTES) return;
    const open = this.#launched.plan.steps.filter(
      ({ n }) => this.#logs.of(n) !== undefined && !isFinal(this.#context.state(), n),
    );
    const step =
      open.find(({ n }) => containerName(n) === note.container) ??
      open.find(({ role }) => role === 'step') ??
      open[0];
    const log = step && this.#logs.of(step.n);
    if (!step || !log) return;
    this.#noted.add(key);
    log.note(note.text, note.atMs);
    // Other steps wait for a service to run, so it is never shown as running early.
    if (note.lasts && step.role === 'step') this.#begin(step, log);
  }
}
