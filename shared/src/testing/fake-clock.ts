import { type Clock, sleepOn } from '../clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** A clock that only advances when a test steps it. */
export class FakeClock implements Clock {
  #nowMs: number;
  #startMs: number;
  #skewMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startMs initial wall clock, in milliseconds since 1970 */
  constructor(startMs = 1_768_383_000_000) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#skewMs;
  }

  /** Shifts the wall clock; durations and timers are not affected. */
  jump(ms: number): void {
    this.#skewMs += ms;
  }

  /** Time passes while the process is stopped: no timer fires, all that are due fire at the next step. */
  sleepThrough(ms: number): void {
    this.#nowMs += ms;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, act };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn((span, act) => this.after(span, act), ms, signal);
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Advances time by `ms`, firing due timers in order and letting promises run in between. */
  async step(ms: number): Promise<void> {
    await settle();
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.act();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.dueMs <= endMs && (!first || isEarlier(timer, first))) first = timer;
    return first;
  }
}

const isEarlier = (a: Timer, b: Timer): boolean => (a.dueMs - b.dueMs || a.order - b.order) < 0;

/** Lets all pending promises run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
