import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import type { Overflow, Place } from '../ports/overflow.ts';
import { ReadingTurns } from './reading-turns.ts';

/** Bytes that may be on their way to the disk before readers wait. */
const MOST_WRITING_BYTES = 4 * 1024 * 1024;

/** What the memory of logs needs from outside. */
export interface LogMemoryDeps {
  readonly overflow: Overflow;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * What the logs of all running steps hold in memory together, and whose turn it is among them. Beyond its limit, parts of stored logs go to the disk, and live views
 * keep little. Where nothing can be written, logs stay in memory: none is lost for it.
 */
export class LogMemory {
  readonly #limitBytes: number;
  readonly #deps: LogMemoryDeps;
  readonly #turns = new ReadingTurns();
  readonly #writes = new Set<Promise<unknown>>();
  #heldBytes = 0;
  #writingBytes = 0;
  #isBroken = false;

  constructor(limitBytes: number, deps: LogMemoryDeps) {
    this.#limitBytes = limitBytes;
    this.#deps = deps;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Is more held than the limit allows? */
  get isShort(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** So much more is held from now on; less, if negative. */
  count(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Writes to the disk what memory has no room for; undefined: it stays in memory. */
  async moveOut(bytes: Uint8Array): Promise<Place | undefined> {
    if (this.#isBroken) return undefined;
    this.#writingBytes += bytes.length;
    const write = this.#deps.overflow.write(bytes).catch((error: unknown) => this.#broken(error));
    this.#writes.add(write);
    try {
      return await write;
    } finally {
      this.#writingBytes -= bytes.length;
      this.#writes.delete(write);
    }
  }

  /** What was written there; undefined: it can't be read, which our own log says. */
  async read(place: Place): Promise<Uint8Array | undefined> {
    try {
      return await this.#deps.overflow.read(place);
    } catch (error) {
      this.#deps.log.warn(
        { error: errorText(error) },
        'a part of a log can’t be read from the temporary folder',
      );
      return undefined;
    }
  }

  free(place: Place): void {
    this.#deps.overflow.free(place);
  }

  /** Resolves when so many bytes of a log may be worked on: other work has its turn, too. */
  turn(bytes: number): Promise<void> | undefined {
    return this.#turns.take(bytes);
  }

  /** Resolves when so many bytes may be taken in. */
  async room(bytes: number): Promise<void> {
    await this.turn(bytes);
    while (this.#writingBytes > MOST_WRITING_BYTES) await Promise.race(this.#writes);
  }

  #broken(error: unknown): undefined {
    if (this.#isBroken) return undefined;
    this.#isBroken = true;
    this.#deps.log.warn(
      { error: errorText(error) },
      'logs of steps take more memory than they should, because nothing can be written to the temporary folder (TMPDIR)',
    );
    return undefined;
  }
}
