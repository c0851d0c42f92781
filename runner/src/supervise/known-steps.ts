import type { PlannedStep } from '../pipeline/run-plan.ts';
import { failedSteps, type StepResult, type StepResults } from '../pipeline/step-decision.ts';
import type { StepEnd } from './step-end.ts';

/** What is known of the steps of one stage: their starts, which services are ready, and their ends. */
export class KnownSteps {
  readonly #steps: readonly PlannedStep[];
  readonly #ends = new Map<number, StepEnd>();
  readonly #startedMs = new Map<number, number>();
  readonly #ready = new Set<number>();
  /** Cached, because every waiting step reads it at every change. */
  #results: StepResults | undefined;

  constructor(steps: readonly PlannedStep[]) {
    this.#steps = steps;
  }

  /** The results so far, by which steps are decided. */
  get results(): StepResults {
    this.#results ??= new Map<number, StepResult>([
      ...this.#running().map((n) => [n, { phase: 'running' }] as const),
      ...[...this.#ends].map(([n, { decision, code }]) => [n, { phase: 'ended', decision, code }] as const),
    ]);
    return this.#results;
  }

  /** How the step ended; undefined: not known yet. */
  endOf(n: number): StepEnd | undefined {
    return this.#ends.get(n);
  }

  /** When its program was started, milliseconds since 1970; undefined: not known. */
  startOf(n: number): number | undefined {
    return this.#startedMs.get(n);
  }

  started(n: number, atMs: number): void {
    this.#startedMs.set(n, atMs);
    this.#results = undefined;
  }

  /** A service that is waited for until then is ready. */
  ready(n: number): void {
    this.#ready.add(n);
    this.#results = undefined;
  }

  ended(n: number, end: StepEnd): void {
    this.#ends.set(n, end);
    this.#results = undefined;
  }

  /** Whether a step whose failure counts has failed so far. */
  get isFailing(): boolean {
    return failedSteps(this.results, this.#steps).length > 0;
  }

  /**
   * Whether it is known of each service that is waited for if it became ready. One whose container has not started has failed nothing, unless
   * a step was skipped for a failure that nobody has reported.
   */
  areServicesJudged(hasStarted: (n: number) => boolean): boolean {
    const open = this.#steps.filter(
      ({ n, readyMs }) => readyMs !== undefined && !this.#ready.has(n) && !this.#ends.has(n),
    );
    if (open.length === 0) return true;
    const isMissing = !this.isFailing && [...this.#ends.values()].some(isSkippedForFailure);
    return !isMissing && !open.some(({ n }) => hasStarted(n));
  }

  /** For the steps after it, a service that is waited for until it is ready does not run before that. */
  #running(): readonly number[] {
    const waited = this.#steps.filter(({ n, readyMs }) => readyMs !== undefined && !this.#ready.has(n));
    return [...this.#startedMs.keys()].filter((n) => waited.every((step) => step.n !== n));
  }
}

const isSkippedForFailure = ({ decision }: StepEnd): boolean => decision === 'failed-before';
