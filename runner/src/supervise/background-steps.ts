import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { KnownSteps } from './known-steps.ts';
import type { RunContext } from './run-context.ts';
import { hasRun } from './step-end.ts';

/** Only its log shows that a running service has started: after the last ordinary step, it is awaited for this long. */
const STARTS_MS = 10_000;

type Context = Pick<RunContext, 'changes' | 'halt' | 'state' | 'view' | 'concluded' | 'gone'>;

/** What is still to be learned of services and detached steps when the ordinary steps have ended. */
export class BackgroundSteps {
  readonly #clock: Clock;
  readonly #steps: readonly PlannedStep[];
  readonly #known: KnownSteps;
  readonly #context: Context;

  constructor(clock: Clock, steps: readonly PlannedStep[], known: KnownSteps, context: Context) {
    this.#clock = clock;
    this.#steps = steps.filter(({ role, engine }) => role === 'background' && engine === 'gate');
    this.#known = known;
    this.#context = context;
  }

  /** Whether the failure of a service that was not ready is known, if there is one: it may be reported after those of the steps. */
  get areJudged(): boolean {
    return this.#known.areServicesJudged((n) => this.#hasStarted(n));
  }

  /** Resolves when the failure of a service is known, if there is one, and whether each of them ran; for the latter it does not wait long. */
  async settled(): Promise<void> {
    const { changes, halt } = this.#context;
    await changes.until(() => this.#context.concluded() || this.areJudged, halt);
    const isKnown = (): boolean =>
      this.#context.concluded() || this.#context.gone() || !this.#steps.some((one) => this.#mayHaveRun(one));
    await withDeadline(this.#clock, { ms: STARTS_MS, signal: halt }, (signal) =>
      changes.until(isKnown, signal),
    );
  }

  /** Whether its container has started, but it is not known whether its program has. */
  #mayHaveRun({ n }: PlannedStep): boolean {
    const end = this.#known.endOf(n);
    if (this.#context.state().get(n)?.status !== 'pending' || (end && !hasRun(end.decision))) return false;
    return this.#hasStarted(n);
  }

  #hasStarted(n: number): boolean {
    return ['running', 'ended'].includes(this.#context.view().steps.get(n)?.kind ?? '');
  }
}
