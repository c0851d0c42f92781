import type { LogLine } from '../pipeline/drone.ts';
import { LineQueue } from './line-queue.ts';

/** Bytes of text that a step's stored log may have (drone-rpc §5.4); databases of some servers end at 16 MiB of JSON. */
export const LIMIT_BYTES = 5 * 1024 * 1024;
/** JSON around each line costs some 40 bytes: without this, 5 MiB of empty lines would make an upload of 200 MB. */
export const LIMIT_LINES = 200_000;
/** A quarter for the beginning (what ran, with which versions), the rest for the end, where failures are. */
const HEAD_SHARE = 1 / 4;

/**
 * The lines of a log that will be stored: all of them up to the limit, beyond it the first quarter and the newest rest, with
 * one line between that tells what was left out. Memory is bounded, whatever is written.
 */
export class LogWindow {
  readonly #limitBytes: number;
  readonly #head: LogLine[] = [];
  readonly #tail = new LineQueue();
  #headBytes = 0;
  #headFull = false;
  #left: { lines: number; bytes: number; first: LogLine } | undefined;

  /** @param limitBytes bytes of text, UTF-8; > 0 */
  constructor(limitBytes: number = LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** Takes the next line; positions rise. */
  push(line: LogLine): void {
    if (this.#intoHead(line)) return;
    this.#tail.push(line);
    while (this.#tooMuch()) this.#leaveOut();
  }

  /** What to upload: positions rise, the marker has that of the first line it stands for. */
  lines(): LogLine[] {
    const marker = this.#left
      ? [{ pos: this.#left.first.pos, time: this.#left.first.time, out: markerText(this.#left) }]
      : [];
    return [...this.#head, ...marker, ...this.#tail.toArray()];
  }

  #intoHead(line: LogLine): boolean {
    const bytes = Buffer.byteLength(line.out);
    const fits =
      this.#headBytes + bytes <= this.#limitBytes * HEAD_SHARE &&
      this.#head.length < LIMIT_LINES * HEAD_SHARE;
    this.#headFull ||= !fits;
    if (this.#headFull) return false;
    this.#head.push(line);
    this.#headBytes += bytes;
    return true;
  }

  #tooMuch(): boolean {
    return (
      this.#headBytes + this.#tail.bytes > this.#limitBytes ||
      this.#head.length + this.#tail.length > LIMIT_LINES
    );
  }

  #leaveOut(): void {
    const line = this.#tail.shift();
    if (!line) return;
    this.#left ??= { lines: 0, bytes: 0, first: line };
    this.#left.lines++;
    this.#left.bytes += Buffer.byteLength(line.out);
  }
}

function markerText({ lines, bytes }: { lines: number; bytes: number }): string {
  return `... ${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} bytes) left out here: the log is over its size limit ...\n`;
}
