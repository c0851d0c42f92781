import type { LogLine } from '../pipeline/drone.ts';
import { CHUNK_BYTES, LineChunk, type Removed } from './line-chunk.ts';
import type { LogMemory } from './log-memory.ts';

/**
 * Lines in order, kept as bytes: they take what their text has, and little more, whatever their number. Taken from the front in
 * constant time. Text has its newline at its end or none at all.
 */
export class LineStore {
  readonly #memory: LogMemory;
  /** Full parts may go to the disk when memory is short: these lines are read as a whole, and only once more. */
  readonly #movesOut: boolean;
  #chunks: LineChunk[] = [];
  #gone = 0;
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

  /** Takes the first line away, or the first ones together where they are on the disk. */
  shift(): Removed | undefined {
    const chunk = this.#chunks[this.#gone];
    if (!chunk) return undefined;
    const removed = chunk.shift();
    this.#lines -= removed.lines;
    this.#bytes -= removed.bytes;
    if (chunk.lines === 0) this.#forget(chunk);
    return removed;
  }

  /** The first lines, at most so many of so many bytes, but one at least. They must be in memory. */
  first(most: { readonly lines: number; readonly bytes: number }): LogLine[] {
    const first: LogLine[] = [];
    let bytes = 0;
    for (const chunk of this.#chunks.slice(this.#gone))
      for (const line of chunk.linesAtHand(most.lines - first.length)) {
        bytes += Buffer.byteLength(line.out);
        if (first.length >= most.lines || (first.length > 0 && bytes > most.bytes)) return first;
        first.push(line);
      }
    return first;
  }

  /** All lines, part by part. */
  async *read(): AsyncGenerator<readonly LogLine[]> {
    for (const chunk of this.#chunks.slice(this.#gone)) {
      await this.#memory.turn(CHUNK_BYTES);
      yield await chunk.read();
    }
  }

  /** Nothing of it is needed any more. */
  free(): void {
    for (const chunk of this.#chunks.slice(this.#gone)) chunk.free();
    this.#chunks = [];
    this.#gone = 0;
  }

  #chunkFor(bytes: number): LineChunk {
    const last = this.#chunks.at(-1);
    if (last?.takes(bytes) && this.#chunks.length > this.#gone) return last;
    last?.seal();
    if (last && this.#movesOut && this.#memory.isShort) void last.moveOut();
    const chunk = new LineChunk(this.#memory);
    this.#chunks.push(chunk);
    return chunk;
  }

  #forget(chunk: LineChunk): void {
    chunk.free();
    this.#gone++;
    if (this.#gone < this.#chunks.length && this.#gone < 64) return;
    this.#chunks = this.#chunks.slice(this.#gone);
    this.#gone = 0;
  }
}
