import type { Overflow, SpilledBytes } from '../../ports/overflow.ts';
import { LogMemory } from '../log-memory.ts';

/** A disk in memory, which a test can inspect and fill. */
export class FakeOverflow implements Overflow {
  isFull = false;
  isBroken = false;
  readonly #texts = new Map<number, Uint8Array>();
  #next = 0;

  /** Bytes that are stored now. */
  get bytes(): number {
    return [...this.#texts.values()].reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): Promise<SpilledBytes> {
    if (this.isFull) return Promise.reject(new Error('ENOSPC: no space left on device'));
    const block = this.#next++;
    this.#texts.set(block, Uint8Array.from(bytes));
    return Promise.resolve({ blocks: [block], bytes: bytes.length });
  }

  read({ blocks }: SpilledBytes): Promise<Uint8Array> {
    const text = this.#texts.get(blocks[0] ?? -1);
    return text && !this.isBroken ? Promise.resolve(text) : Promise.reject(new Error('no such block'));
  }

  free({ blocks }: SpilledBytes): void {
    for (const block of blocks) if (!this.#texts.delete(block)) throw new Error('the block was free already');
  }
}

/** Memory for the logs of a test, with room for all of them by default. */
export const aLogMemory = (
  limitBytes = 64 * 1024 * 1024,
  overflow: Overflow = new FakeOverflow(),
): LogMemory => new LogMemory(limitBytes, { overflow, log: { warn: () => undefined } });
