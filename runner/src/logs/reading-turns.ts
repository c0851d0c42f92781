import { setImmediate } from 'node:timers/promises';

/** Bytes of logs, of all steps together, that are worked on before other work of this process has its turn. */
export const TURN_BYTES = 64 * 1024;

/** Shares the event loop between all logs and everything else: so many bytes a turn of the loop, first come, first served. */
export class ReadingTurns {
  #leftBytes = TURN_BYTES;
  #isNewTurnComing = false;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** Resolves when so many bytes, {@link TURN_BYTES} at most, may be worked on; undefined: at once. */
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
    if (this.#isNewTurnComing) return;
    this.#isNewTurnComing = true;
    void setImmediate().then(() => {
      this.#isNewTurnComing = false;
      this.#leftBytes = TURN_BYTES;
    });
  }
}
