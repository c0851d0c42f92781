import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Overflow, SpilledBytes } from '../ports/overflow.ts';

const BLOCK_BYTES = 64 * 1024;

/**
 * A temporary file for logs that do not fit into memory. It has no name (it is unlinked at once), so it is deleted when the process ends
 * in any way. Free blocks are reused, and the file is closed when all blocks are free.
 */
export class SpillFile implements Overflow {
  readonly #folder: string;
  #file: Promise<FileHandle> | undefined;
  #free: number[] = [];
  #blocks = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Size of the file on the disk in bytes. */
  get bytes(): number {
    return this.#blocks * BLOCK_BYTES;
  }

  async write(bytes: Uint8Array): Promise<SpilledBytes> {
    const blocks = Array.from({ length: Math.ceil(bytes.length / BLOCK_BYTES) }, () => this.#take());
    const place = { blocks, bytes: bytes.length };
    try {
      const file = await (this.#file ??= nameless(this.#folder));
      for (const [index, block] of blocks.entries()) await writeBlock(file, block, partOf(bytes, index));
      return place;
    } catch (error) {
      this.free(place);
      throw error;
    }
  }

  async read({ blocks, bytes }: SpilledBytes): Promise<Uint8Array> {
    const file = await this.#file;
    if (!file) throw new Error('nothing was written');
    const all = new Uint8Array(bytes);
    for (const [index, block] of blocks.entries()) await readBlock(file, block, partOf(all, index));
    return all;
  }

  free({ blocks }: SpilledBytes): void {
    this.#free.push(...blocks);
    if (this.#free.length < this.#blocks) return;
    void this.#file?.then((file) => file.close()).catch(() => undefined);
    this.#file = undefined;
    this.#free = [];
    this.#blocks = 0;
  }

  #take(): number {
    return this.#free.pop() ?? this.#blocks++;
  }
}

const partOf = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);

async function nameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `hangar-logs-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

async function writeBlock(file: FileHandle, block: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = block * BLOCK_BYTES + done;
    done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
  }
}

async function readBlock(file: FileHandle, block: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, block * BLOCK_BYTES + done);
    if (bytesRead === 0) throw new Error('the file is shorter than what was written to it');
    done += bytesRead;
  }
}
