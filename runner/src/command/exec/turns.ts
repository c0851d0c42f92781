import type { RunPlan } from '../../pipeline/run-plan.ts';

/** Maximum number of held lines; more are printed out of order, so that memory is bounded. */
const HELD_LINES = 20_000;

interface Held {
  readonly before: readonly number[];
  finished: boolean;
  /** Printed completely, as are all steps before it. */
  done: boolean;
  shows: (() => void)[];
}

/**
 * Keeps the order of steps on the screen: logs arrive over separate streams, and that of a later step may be opened sooner. A step's
 * output is held until the ordinary steps that it waited for have been printed completely.
 */
export class Turns {
  readonly #plan: RunPlan;
  readonly #steps = new Map<number, Held>();
  #held = 0;

  constructor(plan: RunPlan) {
    this.#plan = plan;
  }

  /** The step's log is open. An earlier step that never opened one does not block. */
  open(n: number): void {
    const ordinary = new Set(this.#plan.steps.filter(({ role }) => role === 'step').map((step) => step.n));
    const after = this.#plan.steps.find((step) => step.n === n)?.after ?? [];
    this.#steps.set(n, {
      before: after.filter((one) => ordinary.has(one)),
      finished: false,
      done: false,
      shows: [],
    });
  }

  /** Calls `act` when the step may print: at once, if it already may. */
  show(n: number, act: () => void): void {
    const step = this.#steps.get(n);
    if (!step || this.#hasTurn(step)) return act();
    step.shows.push(act);
    this.#held += 1;
    if (this.#held > HELD_LINES) this.finishAll();
  }

  /** The step's output is complete. */
  finish(n: number): void {
    const step = this.#steps.get(n);
    if (step) step.finished = true;
    this.#flush();
  }

  /** Stops waiting for any step. */
  finishAll(): void {
    for (const step of this.#steps.values()) step.finished = true;
    this.#flush();
  }

  #hasTurn({ before }: Held): boolean {
    return before.every((n) => this.#steps.get(n)?.done ?? true);
  }

  /** A step's dependencies have smaller numbers, so one pass is enough. */
  #flush(): void {
    for (const [, step] of [...this.#steps].sort(([a], [b]) => a - b)) {
      if (step.done || !this.#hasTurn(step)) continue;
      const { shows } = step;
      step.shows = [];
      this.#held -= shows.length;
      for (const show of shows) show();
      step.done = step.finished;
    }
  }
}
