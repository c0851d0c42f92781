import type { LogLine } from '../pipeline/drone.ts';
import type { Removed } from './line-chunk.ts';
import { LineStore } from './line-store.ts';
import type { LogMemory } from './log-memory.ts';

/** Maximum bytes of text of a step's stored log (drone-rpc §5.4). */
export const LIMIT_BYTES = 5 * 1024 * 1024;
/** Size of the JSON around a line, which is more than a short line itself. */
const BYTES_AROUND_A_LINE = 40;
/** A quarter for the beginning (what ran, with which versions), the rest for the end, where failures are. */
const HEAD_SHARE = 1 / 4;
const MOVES_OUT = { movesOut: true } as const;

/**
 * The lines of a log that will be stored: all of them up to the limit, above it the first quarter and the newest rest, with one line
 * between that notes what was left out. Memory is bounded.
 */
export class LogWindow {
  readonly #limitBytes: number;
  readonly #head: LineStore;
  readonly #tail: LineStore;
  #headFull = false;
  #isShortened = false;
  #left: Removed | undefined;

  /** @param limitBytes bytes of text, UTF-8; > 0 */
  constructor(memory: LogMemory, limitBytes: number = LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
    this.#head = new LineStore(memory, MOVES_OUT);
    this.#tail = new LineStore(memory, MOVES_OUT);
  }

  /** Takes the next line; positions increase. */
  push(line: LogLine): void {
    if (this.#intoHead(line)) return;
    this.#tail.push(line);
    while (this.#head.bytes + this.#tail.bytes > this.#limitBytes) this.#leftOut(this.#tail.shift());
  }

  /** The lines to upload, chunk by chunk: positions increase, and the marker has that of the first line it replaces. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly LogLine[]> {
    if (this.#isShortened) yield this.#marker();
    yield* this.#head.read();
    if (!this.#isShortened) yield this.#marker();
    yield* this.#tail.read();
  }

  /**
   * Leaves out more, after a server or a proxy refused the log as too large: only the end is kept, a quarter of the present upload.
   * False: there is nothing to leave out.
   */
  shorten(): boolean {
    const most = this.#uploadBytes / 4;
    const isGapBehindHead = this.#left !== undefined && !this.#isShortened;
    this.#isShortened = true;
    while (this.#head.lines > 0 && (isGapBehindHead || this.#uploadBytes > most))
      this.#leftOut(this.#head.shift());
    while (this.#tail.lines > 0 && this.#uploadBytes > most) this.#leftOut(this.#tail.shift());
    return this.#head.lines + this.#tail.lines > 0;
  }

  get #uploadBytes(): number {
    const lines = this.#head.lines + this.#tail.lines;
    return this.#head.bytes + this.#tail.bytes + lines * BYTES_AROUND_A_LINE;
  }

  /** Frees memory and disk. */
  free(): void {
    this.#head.free();
    this.#tail.free();
  }

  #marker(): readonly LogLine[] {
    return this.#left ? [{ pos: this.#left.pos, time: this.#left.time, out: markerText(this.#left) }] : [];
  }

  #intoHead(line: LogLine): boolean {
    this.#headFull ||=
      this.#head.bytes + Buffer.byteLength(line.out) > Math.floor(this.#limitBytes * HEAD_SHARE);
    if (this.#headFull) return false;
    this.#head.push(line);
    return true;
  }

  #leftOut(removed: Removed | undefined): void {
    if (!removed) return;
    const { lines = 0, bytes = 0 } = this.#left ?? {};
    const { pos, time } = this.#left && this.#left.pos < removed.pos ? this.#left : removed;
    this.#left = { pos, time, lines: lines + removed.lines, bytes: bytes + removed.bytes };
  }
}

function markerText({ lines, bytes }: Removed): string {
  return `... ${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} bytes) omitted here: the log exceeds its size limit ...\n`;
}
