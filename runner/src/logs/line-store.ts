import type { LogLine } from '../pipeline/drone.ts';
import { CHUNK_BYTES, LineChunk, type Removed } from './line-chunk.ts';
import type { LogMemory } from './log-memory.ts';

/**
 * Lines in order, kept as bytes, which need little more memory than their text, whatever their number. Removing from the front takes
 * constant time. A line has its newline at its end or none at all.
 */
export class LineStore {
  readonly #memory: LogMemory;
  /** Whether full chunks may be moved to the disk when memory is short: true if the lines are read only once more, as a whole. */
  readonly #movesOut: boolean;
  #chunks: LineChunk[] = [];
  #removedChunks = 0;
  #lines = 0;
  #bytes = 0;

  constructor(memory: LogMemory, how: { readonly movesOut: boolean }) {
    this.#memory = memory;
    this.#movesOut = how.movesOut;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Bytes of text, UTF-8. */
  get bytes(): number {
    return this.#bytes;
  }

  push(line: LogLine): void {
    const bytes = Buffer.byteLength(line.out);
    this.#chunkFor(bytes).push(line, bytes);
    this.#lines++;
    this.#bytes += bytes;
  }

  /** Removes the first line, or the whole first chunk if it is on the disk. */
  shift(): Removed | undefined {
    const chunk = this.#chunks[this.#removedChunks];
    if (!chunk) return undefined;
    const removed = chunk.shift();
    this.#lines -= removed.lines;
    this.#bytes -= removed.bytes;
    if (chunk.lines === 0) this.#forget(chunk);
    return removed;
  }

  /** The first lines within the given number and size, but at least one. They must be in memory. */
  first(most: { readonly lines: number; readonly bytes: number }): LogLine[] {
    const first: LogLine[] = [];
    let bytes = 0;
    for (const chunk of this.#chunks.slice(this.#removedChunks))
      for (const line of chunk.linesInMemory(most.lines - first.length)) {
        bytes += Buffer.byteLength(line.out);
        if (first.length >= most.lines || (first.length > 0 && bytes > most.bytes)) return first;
        first.push(line);
      }
    return first;
  }

  /** All lines, chunk by chunk. */
  async *read(): AsyncGenerator<readonly LogLine[]> {
    for (const chunk of this.#chunks.slice(this.#removedChunks)) {
      await this.#memory.turn(CHUNK_BYTES);
      yield await chunk.read();
    }
  }

  /** Frees memory and disk. */
  free(): void {
    for (const chunk of this.#chunks.slice(this.#removedChunks)) chunk.free();
    this.#chunks = [];
    this.#removedChunks = 0;
  }

  #chunkFor(bytes: number): LineChunk {
    const last = this.#chunks.at(-1);
    if (last?.takes(bytes) && this.#chunks.length > this.#removedChunks) return last;
    last?.seal();
    if (last && this.#movesOut && this.#memory.isShort) void last.moveOut();
    const chunk = new LineChunk(this.#memory);
    this.#chunks.push(chunk);
    return chunk;
  }

  #forget(chunk: LineChunk): void {
    chunk.free();
    this.#removedChunks++;
    if (this.#removedChunks < this.#chunks.length && this.#removedChunks < 64) return;
    this.#chunks = this.#chunks.slice(this.#removedChunks);
    this.#removedChunks = 0;
  }
}
