import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import type { Overflow, SpilledBytes } from '../ports/overflow.ts';
import { ReadingTurns } from './reading-turns.ts';

/** Maximum bytes that are being written to the disk before readers wait. */
const MOST_WRITING_BYTES = 4 * 1024 * 1024;

/** The dependencies of the logs' memory. */
export interface LogMemoryDeps {
  readonly overflow: Overflow;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Counts the memory of all running steps' logs and shares the event loop between them. Above its limit, parts of stored logs are moved
 * to the disk, and live views keep little. If nothing can be written, logs stay in memory, so that none is lost.
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

  /** Whether more memory is used than the limit allows. */
  get isShort(): boolean {
    return this.#heldBytes > this.#limitBytes;
  }

  /** Adds to the memory in use; a negative number releases. */
  count(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Writes bytes to the disk; undefined: they stay in memory. */
  async moveOut(bytes: Uint8Array): Promise<SpilledBytes | undefined> {
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

  /** Reads what was written; undefined: it can't be read, which is logged. */
  async read(place: SpilledBytes): Promise<Uint8Array | undefined> {
    try {
      return await this.#deps.overflow.read(place);
    } catch (error) {
      this.#deps.log.warn(
        { error: errorText(error) },
        'a part of a log cannot be read from the temporary directory',
      );
      return undefined;
    }
  }

  free(place: SpilledBytes): void {
    this.#deps.overflow.free(place);
  }

  /** Resolves when that many bytes of a log may be processed, so that other work is not delayed. */
  turn(bytes: number): Promise<void> | undefined {
    return this.#turns.take(bytes);
  }

  /** Resolves when that many bytes may be taken. */
  async room(bytes: number): Promise<void> {
    await this.turn(bytes);
    while (this.#writingBytes > MOST_WRITING_BYTES) await Promise.race(this.#writes);
  }

  #broken(error: unknown): undefined {
    if (this.#isBroken) return undefined;
    this.#isBroken = true;
    this.#deps.log.warn(
      { error: errorText(error) },
      'logs of steps exceed their memory limit, because the temporary directory (TMPDIR) is not writable',
    );
    return undefined;
  }
}
