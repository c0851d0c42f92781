import { setImmediate } from 'node:timers/promises';

/** Bytes of logs, of all steps together, that are processed in one turn of the event loop. */
export const TURN_BYTES = 64 * 1024;

/** Shares the event loop between all logs and other work: {@link TURN_BYTES} per turn of the loop, first come, first served. */
export class ReadingTurns {
  #leftBytes = TURN_BYTES;
  #isNewTurnScheduled = false;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** Resolves when that many bytes, {@link TURN_BYTES} at most, may be processed; undefined: at once. */
  take(bytes: number): Promise<void> | undefined {
    if (this.#waiting > 0 || this.#leftBytes < bytes) return this.#wait(bytes);
    this.#use(bytes);
    return undefined;
  }

  #wait(bytes: number): Promise<void> {
    this.#waiting++;
    this.#last = this.#last.then(() => this.#untilThereIsRoom(bytes));
    return this.#last;
  }

  async #untilThereIsRoom(bytes: number): Promise<void> {
    while (this.#leftBytes < bytes) await setImmediate();
    this.#waiting--;
    this.#use(bytes);
  }

  #use(bytes: number): void {
    this.#leftBytes -= bytes;
    if (this.#isNewTurnScheduled) return;
    this.#isNewTurnScheduled = true;
    void setImmediate().then(() => {
      this.#isNewTurnScheduled = false;
      this.#leftBytes = TURN_BYTES;
    });
  }
}
