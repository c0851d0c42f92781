/** Time as the practice server sees it, so that tests can step its minute. */
export interface Timers {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Runs once after the delay; the answer calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** Beyond this Node would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const realTimers: Timers = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_DELAY_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A clock that stands still until it is moved. */
export class ManualTimers implements Timers {
  #nowMs: number;
  #next = 0;
  readonly #waiting = new Map<number, { readonly atMs: number; readonly run: () => void }>();

  constructor(startMs = 1_768_383_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const id = this.#next++;
    this.#waiting.set(id, { atMs: this.#nowMs + delayMs, run });
    return () => {
      this.#waiting.delete(id);
    };
  }

  /** Moves time on and runs what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let due = this.#earliest(untilMs); due !== undefined; due = this.#earliest(untilMs)) {
      const [id, timer] = due;
      this.#waiting.delete(id);
      this.#nowMs = timer.atMs;
      timer.run();
    }
    this.#nowMs = untilMs;
  }

  #earliest(untilMs: number) {
    return [...this.#waiting]
      .filter(([, timer]) => timer.atMs <= untilMs)
      .sort(([, a], [, b]) => a.atMs - b.atMs)[0];
  }
}
