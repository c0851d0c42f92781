import type { Clock } from '@hangar/shared/clock';

/**
 * Waits for one thing at a time, with a limit that may change while waiting: {@link wake} makes it look again. It leaves nothing
 * behind on long-lived promises, as racing against one for each chunk of a long log would.
 */
export class DeadlineWait {
  readonly #clock: Clock;
  #look: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something changed: limits are looked at again, and a pause ends. */
  wake(): void {
    this.#look?.();
  }

  /** The promise's own end, or `too-late` as soon as `leftMs()` is 0 or less; a late end is then ignored. */
  settled<T>(promise: Promise<T>, leftMs: () => number): Promise<T | 'too-late'> {
    return new Promise((resolve, reject) => {
      let callOff = (): void => undefined;
      const look = (): void => {
        callOff();
        const ms = leftMs();
        if (ms > 0) callOff = this.#clock.after(ms, look);
        else done(() => resolve('too-late'));
      };
      const done = (act: () => void): void => {
        callOff();
        if (this.#look === look) this.#look = undefined;
        act();
      };
      this.#look = look;
      look();
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
        callOff();
        this.#look = undefined;
        resolve();
      };
      const callOff = this.#clock.after(ms, end);
      this.#look = end;
    });
  }
}
