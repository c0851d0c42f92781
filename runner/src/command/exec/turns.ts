import type { RunPlan } from '../../pipeline/run-plan.ts';

/** More held lines than this are shown out of turn: memory is bounded. */
const HELD_LINES = 20_000;

interface Held {
  readonly before: readonly number[];
  finished: boolean;
  /** Shown to its end, as all before it. */
  done: boolean;
  shows: (() => void)[];
}

/**
 * Keeps the order of steps on the screen: logs come over separate streams, and the one of a later step may be opened faster. What a
 * step says is held until the ordinary steps that it waited for have been shown to their end.
 */
export class Turns {
  readonly #plan: RunPlan;
  readonly #steps = new Map<number, Held>();
  #held = 0;

  constructor(plan: RunPlan) {
    this.#plan = plan;
  }

  /** The step's log is open. A step before it that never opened one holds nobody up. */
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

  /** Calls `act` when the step's turn has come: now, if it has. */
  show(n: number, act: () => void): void {
    const step = this.#steps.get(n);
    if (!step || this.#hasTurn(step)) return act();
    step.shows.push(act);
    this.#held += 1;
    if (this.#held > HELD_LINES) this.finishAll();
  }

  /** The step has said all. */
  finish(n: number): void {
    const step = this.#steps.get(n);
    if (step) step.finished = true;
    this.#flush();
  }

  /** Nothing is to be waited for any more. */
  finishAll(): void {
    for (const step of this.#steps.values()) step.finished = true;
    this.#flush();
  }

  #hasTurn({ before }: Held): boolean {
    return before.every((n) => this.#steps.get(n)?.done ?? true);
  }

  /** What a step waits for has a smaller number, so one way through is enough. */
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
