import { Backoff, type BackoffPolicy } from '@hangar/shared/backoff';
import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { mayPass } from '../launch/patiently.ts';
import { ANNOTATION, containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import { changePod, type PodChange } from '../watch/change-pod.ts';
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

/** `again`: nothing was written, for a temporary reason. `over`: the Pod is gone or another replica's, or the stage has ended. */
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
    if (this.#context.isEnding()) return decision().kind === 'done';
    while (!this.#isOver()) {
      await changes.until(() => this.#isOver() || decision().kind !== 'wait', halt);
      if (this.#isOver()) return false;
      const now = decision();
      if (now.kind === 'done') return true;
      if (now.kind === 'lost') return this.#placeholderLost(step, now.code);
      const written = now.kind === 'swap' ? await this.#put(step) : 'again';
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

  /** Decides again by the Pod that the write changes: its placeholder may have started meanwhile. */
  #put(step: PlannedStep): Promise<Written> {
    const patchOf: PodChange = (pod) => {
      const decision = decideSwap(pod, step.n);
      return decision.kind === 'swap' ? this.#swapOf(step, pod, decision.placeholder) : undefined;
    };
    return this.#write(patchOf, step);
  }

  #swapOf({ n }: PlannedStep, { metadata }: V1Pod, placeholder: string): ReturnType<PodChange> {
    const held = metadata?.annotations ?? {};
    const env = stepEnvFile({
      buildFailed: this.#launched.plan.buildFailed === true,
      failing: this.#failing(),
      annotations: held,
      nowMs: this.#parts.clock.now(),
    });
    const annotations = {
      [`${ANNOTATION.placeholderPrefix}${n}`]: placeholder,
      [`${ANNOTATION.envPrefix}${n}`]: env,
    };
    const image = held[`${ANNOTATION.imagePrefix}${n}`];
    return { metadata: { annotations }, spec: { containers: [{ name: containerName(n), image }] } };
  }

  async #flush(): Promise<void> {
    const pauses = new Backoff(this.#parts.clock, PAUSES);
    while (this.#results.size > 0 && !this.#isOver() && this.#gatesWait()) {
      if ((await this.#write(() => ({}))) !== 'again') return;
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
  async #write(patchOf: PodChange, step?: PlannedStep): Promise<Written> {
    const due = this.#results;
    this.#results = new Map();
    const written = await this.#change(withResults(patchOf, due)).catch((error: unknown) =>
      this.#afterFailure(error, step),
    );
    if (written !== 'written') this.#results = new Map([...due, ...this.#results]);
    return written;
  }

  async #change(patchOf: PodChange): Promise<Written> {
    const { halt } = this.#context;
    const parts = { ...this.#parts, lease: { owner: this.#launched.owner } };
    const { kind } = await changePod(parts, this.#context.pod(), { patchOf, how: 'strategic' }, halt);
    // The watch does not show that the Pod is another replica's yet: the whole stage run must know it.
    if (kind === 'others') void this.#context.readPod();
    if (kind === 'changed') return 'written';
    return kind === 'unneeded' ? 'again' : 'over';
  }

  #afterFailure(error: unknown, step: PlannedStep | undefined): Written {
    if (this.#isOver()) return 'over';
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

/** The same write, with the results in it. */
const withResults =
  (patchOf: PodChange, results: ReadonlyMap<number, string>): PodChange =>
  (pod) => {
    const patch = patchOf(pod);
    const annotations = { ...annotationsOf(results), ...patch?.metadata?.annotations };
    return patch && { ...patch, metadata: { ...patch.metadata, annotations } };
  };

/** Annotations with the results; files that ended steps no longer need are removed, because annotations have a size limit. */
function annotationsOf(results: ReadonlyMap<number, string>): Annotations {
  const annotations: Record<string, string | null> = {};
  for (const [n, line] of results) {
    annotations[`${ANNOTATION.resultPrefix}${n}`] = line;
    if (!line.startsWith('running ')) annotations[`${ANNOTATION.envPrefix}${n}`] = null;
  }
  return annotations;
}
