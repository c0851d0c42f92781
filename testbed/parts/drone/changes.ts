import type { Clock } from '@hangar/shared/clock';

/** Lets callers wait for a state of the server without polling: probes run when something has changed. */
export class Changes {
  readonly #clock: Clock;
  readonly #probes = new Set<() => void>();
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a change; the probes run once the operation that made it is through. */
  readonly changed = (): void => {
    if (this.#scheduled || this.#probes.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const probe of [...this.#probes]) probe();
    });
  };

  /** Resolves with the first value that is neither undefined nor false; `late` makes the error of the time-out. */
  until<T>(probe: () => T | undefined | false, timeoutMs: number, late: () => Error): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      try {
        const value = probe();
        if (value === undefined || value === false) return;
        resolve(value);
      } catch (error) {
        reject(error);
      }
      end();
    };
    const cancelTimer = this.#clock.after(timeoutMs, () => {
      reject(late());
      end();
    });
    const end = (): void => {
      cancelTimer();
      this.#probes.delete(look);
    };
    this.#probes.add(look);
    look();
    return promise;
  }
}
