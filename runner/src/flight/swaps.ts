import { isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { ANNOTATION, containerName } from '../pipeline/compiled.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { FlightOrder, FlightParts } from './flight.ts';
import { isFinal } from './stage-state.ts';
import type { Deck } from './step-flights.ts';

/** A result as gates read it from the Pod's annotations (PROTOCOL.md). */
export interface Result {
  readonly decision: string;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

const PAUSE_MS = 200;

/**
 * The writes that swapped steps need: their images when their turn comes, and their results for the gates. A result and the next
 * swap travel in one PATCH: a write costs the kubelet a sync, and the gap between two swapped steps with it.
 */
export class Swaps {
  readonly #parts: FlightParts;
  readonly #order: FlightOrder;
  readonly #deck: Deck;
  #results = new Map<number, string>();

  constructor(parts: FlightParts, order: FlightOrder, deck: Deck) {
    this.#parts = parts;
    this.#order = order;
    this.#deck = deck;
  }

  /** Puts the real image in the placeholder's stead; done before is done. */
  async swap(step: PlannedStep): Promise<void> {
    const name = containerName(step.n);
    const pod = this.#deck.pod();
    const image = pod.metadata?.annotations?.[`${ANNOTATION.imagePrefix}${step.n}`];
    if (!image || pod.spec?.containers.find((one) => one.name === name)?.image === image) return;
    const placeholder = pod.status?.containerStatuses?.find((one) => one.name === name)?.containerID;
    const annotations = {
      ...this.#take(),
      ...(placeholder ? { [`${ANNOTATION.placeholderPrefix}${step.n}`]: placeholder } : {}),
    };
    await this.#patch({ metadata: { annotations }, spec: { containers: [{ name, image }] } }, step);
  }

  /** Lets the gates know how a swapped step ended. */
  publish(n: number, result: Result): void {
    this.#results.set(n, `${result.decision} ${result.code} ${result.startMs} ${result.endMs}`);
    // The next swapped step, whose turn may have come by this very result, takes it along in its own PATCH.
    this.#parts.clock.after(0, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    if (this.#results.size === 0) return;
    const gatesWait = this.#order.plan.steps.some(
      (step) => step.engine === 'gate' && !isFinal(this.#deck.state(), step.n),
    );
    if (gatesWait && !this.#deck.concluded()) await this.#patch({ metadata: { annotations: this.#take() } });
  }

  #take(): Record<string, string> {
    const annotations = Object.fromEntries(
      [...this.#results].map(([n, line]) => [`${ANNOTATION.resultPrefix}${n}`, line]),
    );
    this.#results = new Map();
    return annotations;
  }

  async #patch(patch: Record<string, unknown>, step?: PlannedStep): Promise<void> {
    const { namespace = 'default', name = '' } = this.#order.pod.metadata ?? {};
    while (!this.#deck.halt.aborted && !this.#deck.concluded()) {
      try {
        await this.#parts.cluster.patch(
          { resource: RESOURCE.pods, namespace, name },
          patch,
          'strategic',
          this.#deck.halt,
        );
        return;
      } catch (error) {
        if (this.#deck.halt.aborted || isKubernetesError(error, 404)) return;
        if (isKubernetesError(error) && !error.transient) return this.#refused(error.message, step);
        await this.#parts.clock.sleep(PAUSE_MS, this.#deck.halt);
      }
    }
  }

  #refused(message: string, step: PlannedStep | undefined): void {
    const text = step
      ? `image of step ${step.name} could not be put in place: ${message}`
      : `a result could not be written: ${message}`;
    this.#deck.broken({
      code: 'container-refused',
      blame: 'cluster',
      text,
      ...(step ? { step: step.n } : {}),
    });
  }
}
