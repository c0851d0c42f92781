import type { Clock } from '@hangar/shared/clock';

/** Prints one line about progress. */
export type Say = (line: string) => void;

/** The longest time without a progress line. */
const EVERY_MS = 15_000;

/** Reports the progress of long work: at its start, and with the time that it has taken every 15 seconds until it ends. */
export class BuildProgress {
  readonly #clock: Clock;
  readonly #say: Say;

  constructor(clock: Clock, say: Say) {
    this.#clock = clock;
    this.#say = say;
  }

  /** The outcome of `work`, which is reported as `what`. */
  async during<T>(what: string, work: () => Promise<T>): Promise<T> {
    const beganMs = this.#clock.monotonicMs();
    this.#say(`${what} ...`);
    const ended = new AbortController();
    const telling = this.#tell(what, beganMs, ended.signal);
    try {
      return await work();
    } finally {
      ended.abort();
      await telling;
    }
  }

  async #tell(what: string, beganMs: number, ended: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(EVERY_MS, ended);
      if (ended.aborted) return;
      this.#say(`${what}, ${Math.round((this.#clock.monotonicMs() - beganMs) / 1000)} s`);
    }
  }
}
