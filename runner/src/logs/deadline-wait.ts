import type { Clock } from '@hangar/shared/clock';

/**
 * Waits for one promise at a time, with a limit that may change while waiting: {@link wake} makes it evaluate the limit again. Unlike
 * `Promise.race` for each chunk of a long log, it leaves no handlers on long-lived promises.
 */
export class DeadlineWait {
  readonly #clock: Clock;
  #check: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a wait evaluate its limit again, and ends a pause. */
  wake(): void {
    this.#check?.();
  }

  /** The result of the promise, or `too-late` as soon as `leftMs()` is 0 or less; a later result is ignored. */
  settled<T>(promise: Promise<T>, leftMs: () => number): Promise<T | 'too-late'> {
    return new Promise((resolve, reject) => {
      let cancelTimer = (): void => undefined;
      const check = (): void => {
        cancelTimer();
        const ms = leftMs();
        if (ms > 0) cancelTimer = this.#clock.after(ms, check);
        else done(() => resolve('too-late'));
      };
      const done = (act: () => void): void => {
        cancelTimer();
        if (this.#check === check) this.#check = undefined;
        act();
      };
      this.#check = check;
      check();
      promise.then(
        (value) => done(() => resolve(value)),
        (error: unknown) => done(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
    });
  }

  /** A pause that {@link wake} ends early. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancelTimer();
        this.#check = undefined;
        resolve();
      };
      const cancelTimer = this.#clock.after(ms, end);
      this.#check = end;
    });
  }
}
