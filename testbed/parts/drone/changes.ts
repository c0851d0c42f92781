import type { Timers } from './timers.ts';

/** Lets callers wait for a state of the server without polling: probes run when something has changed. */
export class Changes {
  readonly #timers: Timers;
  readonly #probes = new Set<() => void>();
  #scheduled = false;

  constructor(timers: Timers) {
    this.#timers = timers;
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
    return new Promise<T>((resolve, reject) => {
      const settle = (end: () => void) => {
        cancelTimer();
        this.#probes.delete(look);
        end();
      };
      const look = () => {
        try {
          const value = probe();
          if (value !== undefined && value !== false)
            settle(() => {
              resolve(value);
            });
        } catch (error) {
          settle(() => {
            reject(error instanceof Error ? error : new Error(String(error)));
          });
        }
      };
      const cancelTimer = this.#timers.after(timeoutMs, () => {
        settle(() => {
          reject(late());
        });
      });
      this.#probes.add(look);
      look();
    });
  }
}
