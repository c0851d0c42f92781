import { containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import { isFinal } from '../pipeline/stage-state.ts';
import type { StepLog } from '../ports/step-logs.ts';
import type { PodNotice } from '../watch/pod-notice.ts';
import { waitingFor } from '../watch/trouble.ts';
import type { LaunchedStage } from './launched-stage.ts';
import type { RunContext } from './run-context.ts';
import type { StageRunLogs } from './stage-run-logs.ts';

/** Different things that a Pod waits for; more of them would only be noise in the log. */
const MOST_NOTES = 30;

/** What the logs of a stage's steps say of its Pod: what it waits for, and what its Events tell. */
export class StepNotes {
  readonly #launched: LaunchedStage;
  readonly #context: RunContext;
  readonly #logs: StageRunLogs;
  readonly #begin: (step: PlannedStep, log: StepLog) => void;
  readonly #told = new Set<string>();

  /** @param begin shows a step as running, since its log says what it waits for */
  constructor(
    launched: LaunchedStage,
    context: RunContext,
    logs: StageRunLogs,
    begin: (step: PlannedStep, log: StepLog) => void,
  ) {
    this.#launched = launched;
    this.#context = context;
    this.#logs = logs;
    this.#begin = begin;
  }

  /** What the Pod waits for is said in the log of the step whose turn it is, once a cause. */
  tellWaiting(): void {
    for (const notice of this.#context.notices()) this.#tellNotice(notice);
    const note = waitingFor(this.#context.view(), this.#launched.plan);
    if (note !== '') this.#tell(note, { text: note, container: '', lasts: true });
  }

  /** What went on before a container came to be is no news once it runs. */
  #tellNotice(notice: PodNotice): void {
    const views = this.#context.view().steps;
    const runs = [...views].some(
      ([n, { kind }]) =>
        (kind === 'running' || kind === 'ended') &&
        (notice.container === '' || notice.container === containerName(n)),
    );
    if (!runs && !this.#isFormer(notice)) this.#tell(notice.key, notice);
  }

  /** Did a former owner tell it? */
  #isFormer({ atMs }: PodNotice): boolean {
    return this.#launched.adopted && atMs < this.#launched.takenOverMs;
  }

  /**
   * What a former owner told stands again at the head of the log in which it stood (its own step's where that waited for no other, or
   * else the first one's), so that the lines behind it keep their numbers.
   */
  tellFormer({ n }: PlannedStep, log: StepLog): void {
    const { steps } = this.#launched.plan;
    for (const notice of this.#context.notices().filter((one) => this.#isFormer(one))) {
      const own = steps.find((step) => containerName(step.n) === notice.container);
      const holder = own?.after.length === 0 ? own : steps[0];
      if (holder?.n !== n || this.#told.has(notice.key) || this.#told.size >= MOST_NOTES) continue;
      this.#told.add(notice.key);
      log.note(notice.text, notice.atMs);
    }
  }

  /** In the log of the step that it concerns, or else of the one whose turn it is. */
  #tell(key: string, note: Pick<PodNotice, 'text' | 'container' | 'lasts'> & { atMs?: number }): void {
    if (this.#told.has(key) || this.#told.size >= MOST_NOTES) return;
    const open = this.#launched.plan.steps.filter(
      ({ n }) => this.#logs.of(n) !== undefined && !isFinal(this.#context.state(), n),
    );
    const step =
      open.find(({ n }) => containerName(n) === note.container) ??
      open.find(({ role }) => role === 'step') ??
      open[0];
    const log = step && this.#logs.of(step.n);
    if (!step || !log) return;
    this.#told.add(key);
    log.note(note.text, note.atMs);
    // That a service runs is a word to those who wait for it: it must be true.
    if (note.lasts && step.role === 'step') this.#begin(step, log);
  }
}
