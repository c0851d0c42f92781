import { Backoff, type BackoffPolicy } from '@hangar/shared/backoff';
import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError, podTarget } from '@hangar/shared/kubernetes/cluster';
import { mayPass } from '../launch/patiently.ts';
import { ANNOTATION, containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { LaunchedStage, StageRunParts } from './launched-stage.ts';
import type { RunContext } from './run-context.ts';
import { stepEnvFile } from './step-env.ts';
import { decideSwap, type SwapDecision } from './swap-decision.ts';

/** A result as gates read it from the Pod's annotations (PROTOCOL.md). */
export interface SwapResult {
  readonly decision: string;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

type Annotations = Readonly<Record<string, string | null>>;

/** `again`: nothing was written, for a temporary reason. */
type Written = 'written' | 'again' | 'over';

/** Delays between tries; a swap may take as long as a container may take to start. */
const PAUSES: BackoffPolicy = { firstDelayMs: 200, maxDelayMs: 5_000 };

/**
 * Writes to the Pod for swapped steps: their images when they are due, and their results for the gates. A result and the next swap
 * share one PATCH, because each write costs a sync of the kubelet and so lengthens the gap between two swapped steps.
 */
export class Swaps {
  readonly #parts: StageRunParts;
  readonly #launched: LaunchedStage;
  readonly #context: RunContext;
  readonly #failing: () => boolean;
  #results = new Map<number, string>();

  /** @param failing whether a step whose failure counts has failed so far */
  constructor(parts: StageRunParts, launched: LaunchedStage, context: RunContext, failing: () => boolean) {
    this.#parts = parts;
    this.#launched = launched;
    this.#context = context;
    this.#failing = failing;
  }

  /**
   * Replaces the placeholder with the real image and writes the step's `/run/drone/env`; does nothing if that was done before.
   * Resolves `false` when the stage is over before that.
   */
  async swap(step: PlannedStep): Promise<boolean> {
    const { changes, halt } = this.#context;
    const pauses = new Backoff(this.#parts.clock, PAUSES);
    const decision = (): SwapDecision => decideSwap(this.#context.pod(), step.n);
    while (!this.#isOver()) {
      await changes.until(() => this.#isOver() || decision().kind !== 'wait', halt);
      if (this.#isOver()) return false;
      const now = decision();
      if (now.kind === 'done') return true;
      if (now.kind === 'lost') return this.#placeholderLost(step, now.code);
      const written = now.kind === 'swap' ? await this.#put(step, now) : 'again';
      if (written !== 'again') return written === 'written';
      await pauses.pause(halt);
    }
    return false;
  }

  /** Publishes to the gates how a swapped step ended. */
  publish(n: number, result: SwapResult): void {
    const { decision, code, startMs, endMs } = result;
    const reports = this.#context.pod().metadata?.annotations?.[`${ANNOTATION.resultPrefix}${n}`];
    if (reports?.startsWith(`${decision} ${code} `)) return;
    this.#results.set(n, `${decision} ${code} ${startMs} ${endMs}`);
    // If this result makes the next swapped step due, that step's PATCH includes it.
    this.#parts.clock.after(0, () => void this.#flush());
  }

  #isOver(): boolean {
    return this.#context.halt.aborted || this.#context.concluded() || this.#context.gone();
  }

  #put(step: PlannedStep, decision: SwapDecision & { kind: 'swap' }): Promise<Written> {
    const { n } = step;
    const pod = this.#context.pod();
    const held = pod.metadata?.annotations ?? {};
    const env = stepEnvFile({
      buildFailed: this.#launched.plan.buildFailed === true,
      failing: this.#failing(),
      annotations: held,
      nowMs: this.#parts.clock.now(),
    });
    const annotations = {
      [`${ANNOTATION.placeholderPrefix}${n}`]: decision.placeholder,
      [`${ANNOTATION.envPrefix}${n}`]: env,
    };
    const image = held[`${ANNOTATION.imagePrefix}${n}`];
    const { resourceVersion } = decision;
    return this.#write(
      {
        metadata: { annotations, ...(resourceVersion ? { resourceVersion } : {}) },
        spec: { containers: [{ name: containerName(n), image }] },
      },
      step,
    );
  }

  async #flush(): Promise<void> {
    const pauses = new Backoff(this.#parts.clock, PAUSES);
    while (this.#results.size > 0 && !this.#isOver() && this.#gatesWait()) {
      if ((await this.#write({ metadata: { annotations: {} } })) !== 'again') return;
      await pauses.pause(this.#context.halt);
    }
  }

  /** Whether any gate still runs; also those of steps that are known to be skipped, and of services, which end with the last step. */
  #gatesWait(): boolean {
    const containers = this.#context.view().steps;
    return this.#launched.plan.steps.some(
      ({ engine, n }) => engine === 'gate' && containers.get(n)?.kind !== 'ended',
    );
  }

  /** One try; it includes the pending results, which are kept when it fails. */
  async #write(
    patch: { metadata: { annotations: Annotations }; spec?: object },
    step?: PlannedStep,
  ): Promise<Written> {
    const due = this.#results;
    this.#results = new Map();
    const annotations = { ...annotationsOf(due), ...patch.metadata.annotations };
    try {
      await this.#parts.cluster.patch(
        podTarget(this.#launched.pod),
        { ...patch, metadata: { uid: this.#launched.pod.metadata?.uid, ...patch.metadata, annotations } },
        'strategic',
        this.#context.halt,
      );
      return 'written';
    } catch (error) {
      this.#results = new Map([...due, ...this.#results]);
      return this.#afterFailure(error, step);
    }
  }

  #afterFailure(error: unknown, step: PlannedStep | undefined): Written {
    if (this.#isOver() || isKubernetesError(error, 404)) return 'over';
    if (mayPass(error) || isKubernetesError(error, 409)) return 'again';
    const reason = errorText(error);
    const text = step
      ? `the image of step ${step.name} could not be set: ${reason}`
      : `the result of a step could not be passed to the other steps: ${reason}`;
    const whose = step ? { step: step.n } : {};
    this.#context.broken({ code: 'container-refused', blame: 'cluster', text, ...whose });
    return 'over';
  }

  #placeholderLost(step: PlannedStep, code: number): false {
    this.#context.broken({
      code: 'container-refused',
      blame: 'cluster',
      step: step.n,
      text: `step ${step.name} cannot be started: its placeholder exited with code ${code} before the turn of the step`,
    });
    return false;
  }
}

/** Annotations with the results; files that ended steps no longer need are removed, because annotations have a size limit. */
function annotationsOf(results: ReadonlyMap<number, string>): Annotations {
  const annotations: Record<string, string | null> = {};
  for (const [n, line] of results) {
    annotations[`${ANNOTATION.resultPrefix}${n}`] = line;
    if (!line.startsWith('running ')) annotations[`${ANNOTATION.envPrefix}${n}`] = null;
  }
  return annotations;
}
