import type { LogLine } from '../pipeline/drone.ts';
import type { Removed } from './line-chunk.ts';
import { LineStore } from './line-store.ts';
import type { LogMemory } from './log-memory.ts';

/** Bytes of text that a step's stored log may have (drone-rpc §5.4). */
export const LIMIT_BYTES = 5 * 1024 * 1024;
/** A quarter for the beginning (what ran, with which versions), the rest for the end, where failures are. */
const HEAD_SHARE = 1 / 4;
const MOVES_OUT = { movesOut: true } as const;

/**
 * The lines of a log that will be stored: all of them up to the limit, beyond it the first quarter and the newest rest, with
 * one line between that tells what was left out. Memory is bounded, whatever is written.
 */
export class LogWindow {
  readonly #limitBytes: number;
  readonly #head: LineStore;
  readonly #tail: LineStore;
  #headFull = false;
  #left: Removed | undefined;

  /** @param limitBytes bytes of text, UTF-8; > 0 */
  constructor(memory: LogMemory, limitBytes: number = LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
    this.#head = new LineStore(memory, MOVES_OUT);
    this.#tail = new LineStore(memory, MOVES_OUT);
  }

  /** Takes the next line; positions rise. */
  push(line: LogLine): void {
    if (this.#intoHead(line)) return;
    this.#tail.push(line);
    while (this.#head.bytes + this.#tail.bytes > this.#limitBytes) this.#leaveOut();
  }

  /** What to upload, part by part: positions rise, the marker has that of the first line it stands for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly LogLine[]> {
    yield* this.#head.read();
    if (this.#left) yield [{ pos: this.#left.pos, time: this.#left.time, out: markerText(this.#left) }];
    yield* this.#tail.read();
  }

  /** Nothing of it is needed any more. */
  free(): void {
    this.#head.free();
    this.#tail.free();
  }

  #intoHead(line: LogLine): boolean {
    this.#headFull ||=
      this.#head.bytes + Buffer.byteLength(line.out) > Math.floor(this.#limitBytes * HEAD_SHARE);
    if (this.#headFull) return false;
    this.#head.push(line);
    return true;
  }

  #leaveOut(): void {
    const removed = this.#tail.shift();
    if (!removed) return;
    const { lines = 0, bytes = 0 } = this.#left ?? {};
    const { pos, time } = this.#left ?? removed;
    this.#left = { pos, time, lines: lines + removed.lines, bytes: bytes + removed.bytes };
  }
}

function markerText({ lines, bytes }: Removed): string {
  return `... ${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} bytes) left out here: the log is over its size limit ...\n`;
}
