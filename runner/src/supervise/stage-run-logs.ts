import { containerName, stageMasks } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { StepLogStream, StepLogs } from '../ports/step-logs.ts';
import type { LaunchedStage } from './launched-stage.ts';

/** The part of a stage that its logs need. */
type LoggedStage = Pick<
  LaunchedStage,
  'plan' | 'pod' | 'masks' | 'notes' | 'stepNotes' | 'adopted' | 'takenOverMs' | 'firstLog' | 'logCaution'
>;

/** The logs of a stage's steps; each is opened when its step is due. */
export class StageRunLogs {
  readonly #stepLogs: StepLogs;
  readonly #launched: LoggedStage;
  readonly #masks: readonly string[] | undefined;
  readonly #stepId: (n: number) => number;
  readonly #leaving: AbortSignal;
  readonly #logs = new Map<number, StepLogStream>();

  constructor(
    stepLogs: StepLogs,
    launched: LoggedStage,
    to: { readonly stepId: (n: number) => number; readonly leaving: AbortSignal },
  ) {
    this.#stepLogs = stepLogs;
    this.#launched = launched;
    this.#masks = stageMasks(launched.masks);
    this.#stepId = to.stepId;
    this.#leaving = to.leaving;
  }

  /** That step's log, if it is open. */
  of(n: number): StepLogStream | undefined {
    return this.#logs.get(n);
  }

  /** Whether a log that the Pod still has can't be read at present. */
  get isAnyOutOfReach(): boolean {
    return [...this.#logs.values()].some(({ isOutOfReach }) => isOutOfReach);
  }

  /** Opens that step's log. Logs start with the notes for the author; the first one may have been opened before the stage run. */
  open(step: PlannedStep): StepLogStream {
    const { firstLog, notes, stepNotes = {}, plan } = this.#launched;
    const isFirst = this.#logs.size === 0;
    const log = firstLog && step.n === plan.steps[0]?.n ? firstLog : this.#make(step);
    for (const note of [...(isFirst ? notes : []), ...(stepNotes[step.n] ?? [])]) log.note(note);
    this.#logs.set(step.n, log);
    return log;
  }

  #make(step: PlannedStep): StepLogStream {
    const { pod, plan, adopted, takenOverMs, logCaution } = this.#launched;
    const { namespace = 'default', name = '' } = pod.metadata ?? {};
    return this.#stepLogs.open({
      namespace,
      pod: name,
      container: containerName(step.n),
      nonce: step.engine === 'gate' ? plan.nonce : undefined,
      stepId: this.#stepId(step.n),
      stepName: step.name,
      masks: this.#masks,
      leaving: this.#leaving,
      caution: logCaution,
      ...(adopted ? { shownUntilMs: takenOverMs } : {}),
    });
  }
}
