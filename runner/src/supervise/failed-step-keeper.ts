import { withDeadline } from '@hangar/shared/deadline';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import { formatSpan } from '@hangar/shared/span';
import type { V1Pod } from '@kubernetes/client-node';
import { mayPass } from '../launch/patiently.ts';
import { ANNOTATION, containerName, GATE_PROGRAM, LABEL } from '../pipeline/compiled.ts';
import { EARLY_SUCCESS } from '../pipeline/exit-codes.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import { changePod, type PodChange } from '../watch/change-pod.ts';
import { isKeeping, recordedEnd } from '../watch/kept-step.ts';
import type { LaunchedStage, StageRunParts } from './launched-stage.ts';
import type { RunContext } from './run-context.ts';
import { hasRun, type StepEnd } from './step-end.ts';

const WRITING: RetryPolicy = {
  firstDelayMs: 200,
  maxDelayMs: 2_000,
  shouldRetry: (error) => mayPass(error) || isKubernetesError(error, 409),
};
/** If the API server does not take the record by then, the container is not kept: the report of the step waits for it. */
const WRITING_MS = 10_000;

/**
 * Keeps the container of a failed step for people. Its gate stays by itself; this records on the Pod that the step has ended, before that
 * is reported, so that no owner takes it for a running step.
 */
export class FailedStepKeeper {
  readonly #parts: Pick<StageRunParts, 'clock' | 'cluster' | 'log'>;
  readonly #launched: Pick<LaunchedStage, 'plan' | 'owner' | 'mayKeep'>;
  readonly #context: Pick<RunContext, 'pod' | 'view' | 'halt'>;
  #isKept = false;

  constructor(
    parts: Pick<StageRunParts, 'clock' | 'cluster' | 'log'>,
    launched: Pick<LaunchedStage, 'plan' | 'owner' | 'mayKeep'>,
    context: Pick<RunContext, 'pod' | 'view' | 'halt'>,
  ) {
    this.#parts = parts;
    this.#launched = launched;
    this.#context = context;
  }

  /** Whether a container is kept, also by a former owner. */
  get isKeeping(): boolean {
    return this.#isKept || isKeeping(this.#context.pod());
  }

  /** @returns the note for the step's log, which says how to open a shell; empty: the container is not kept. Never rejects. */
  async keep(step: PlannedStep, end: StepEnd): Promise<string> {
    const { keepFailedMs } = this.#launched.plan;
    if (keepFailedMs === undefined || !isKeepable(step, end)) return '';
    const pod = this.#context.pod();
    if (!recordedEnd(pod, step.n)) await this.#record(pod, step.n, end);
    return this.isKeeping ? noteOf(pod, step.n, keepFailedMs) : '';
  }

  #runs({ metadata }: V1Pod, n: number): boolean {
    return this.#context.view().steps.get(n)?.kind === 'running' && !metadata?.deletionTimestamp;
  }

  /** The gate stays whether or not the Pod is kept, so its end is recorded in any case. */
  async #record(pod: V1Pod, n: number, end: StepEnd): Promise<void> {
    const { clock, cluster, log } = this.#parts;
    if (!this.#runs(pod, n)) return;
    const isKept = this.isKeeping || this.#launched.mayKeep?.() === true;
    const { decision, code, startMs, endMs } = end;
    const annotations = { [`${ANNOTATION.endPrefix}${n}`]: `${decision} ${code} ${startMs} ${endMs}` };
    const labels = isKept ? { [LABEL.kept]: 'true' } : {};
    const parts = { cluster, lease: { owner: this.#launched.owner } };
    const patchOf: PodChange = () => ({ metadata: { annotations, labels } });
    try {
      const recorded = await withDeadline(clock, { ms: WRITING_MS, signal: this.#context.halt }, (signal) =>
        retry(clock, WRITING, signal, () => changePod(parts, pod, { patchOf }, signal)),
      );
      this.#isKept ||= isKept && recorded.kind === 'changed';
    } catch (error) {
      if (!this.#context.halt.aborted)
        log.warn({ err: error, step: n }, 'the container of a failed step is not kept');
    }
  }
}

/** A failure for which the gate stays (PROTOCOL.md). */
const isKeepable = ({ engine, role, fails }: PlannedStep, { decision, code }: StepEnd): boolean =>
  engine === 'gate' &&
  role === 'step' &&
  fails !== 'ignore' &&
  hasRun(decision) &&
  (decision !== 'ran' || (code !== 0 && code !== EARLY_SUCCESS));

/** The gate gives the shell the environment of the step, which the container alone does not have. */
const noteOf = ({ metadata }: V1Pod, n: number, ms: number): string =>
  `... this container is kept for ${formatSpan(ms)}: kubectl exec -it -n ${metadata?.namespace} ${metadata?.name} -c ${containerName(n)} -- ${GATE_PROGRAM} shell ...`;
