import type { LogLine } from '../pipeline/drone.ts';
import type { SpilledBytes } from '../ports/overflow.ts';
import type { LogMemory } from './log-memory.ts';

/** Size of a chunk; a longer line has a chunk of its own. */
export const CHUNK_BYTES = 64 * 1024;
/** Maximum number of lines in a chunk, because lines are objects while they are sent. */
export const CHUNK_LINES = 8 * 1024;
const FIRST_BYTES = 1024;
const NEWLINE = 10;
/** Index, position and time of the first line of a run of consecutive lines. */
const NUMBERS_PER_RUN = 3;
const BYTES_PER_NUMBER = 8;

/** Lines that were removed from the front: position and time of the first one, and their number and size. */
export interface Removed {
  readonly pos: number;
  readonly time: number;
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Consecutive lines as the bytes of their text: each ends at its newline, and only the last may have none. They are in memory or, once
 * the chunk is full, on the disk.
 */
export class LineChunk {
  readonly #memory: LogMemory;
  /** Index, position and time of each line whose position or time does not follow from the line before it. */
  readonly #runs: number[] = [];
  #text: Buffer | undefined = Buffer.alloc(0);
  #place: SpilledBytes | undefined;
  /** Number of bytes of the text before the part that is on the disk. */
  #base = 0;
  #from = 0;
  #to = 0;
  #firstLine = 0;
  #nextLine = 0;
  #run = 0;
  #isTorn = false;
  #isFreed = false;

  constructor(memory: LogMemory) {
    this.#memory = memory;
  }

  get lines(): number {
    return this.#nextLine - this.#firstLine;
  }

  get bytes(): number {
    return this.#to - this.#from;
  }

  /** Whether there is room for a line of this many bytes. */
  takes(bytes: number): boolean {
    if (this.#isTorn || this.#nextLine === CHUNK_LINES) return false;
    return this.#to === 0 || this.#to + bytes <= CHUNK_BYTES;
  }

  /** @param bytes of the line's text, UTF-8 */
  push(line: LogLine, bytes: number): void {
    const text = this.#grown(this.#to + bytes);
    this.#number(line);
    text.write(line.out, this.#to);
    this.#isTorn = !line.out.endsWith('\n');
    this.#to += bytes;
    this.#nextLine++;
  }

  /** Frees unused memory; no line follows. */
  seal(): void {
    if (!this.#text || this.#to === this.#text.length) return;
    const text = Buffer.allocUnsafeSlow(this.#to);
    this.#text.copy(text, 0, 0, this.#to);
    this.#memory.count(text.length - this.#text.length);
    this.#text = text;
  }

  /** Removes the first line, or all lines if they are on the disk. */
  shift(): Removed {
    const { pos, time } = this.#first();
    const lines = this.#text ? 1 : this.lines;
    const bytes = this.#text ? endOfLine(this.#view(this.#from), 0) : this.bytes;
    this.#from += bytes;
    this.#firstLine += lines;
    return { pos, time, lines, bytes };
  }

  /** Moves the text to the disk; it stays in memory if that fails. */
  async moveOut(): Promise<void> {
    const base = this.#from;
    const place = await this.#memory.moveOut(this.#view(base));
    if (!place) return;
    if (this.#isFreed) return this.#memory.free(place);
    this.#memory.count(-(this.#text?.length ?? 0));
    this.#text = undefined;
    this.#place = place;
    this.#base = base;
  }

  /** The lines that were not removed. */
  async read(): Promise<readonly LogLine[]> {
    if (!this.#place) return this.linesInMemory();
    const text = await this.#memory.read(this.#place);
    return text ? this.#linesOf(Buffer.from(text).subarray(this.#from - this.#base), Infinity) : this.#lost();
  }

  /** The first lines, if they are in memory. */
  linesInMemory(most = Infinity): LogLine[] {
    return this.#linesOf(this.#view(this.#from), most);
  }

  /** Frees memory and disk. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#memory.count(-(this.#text?.length ?? 0) - this.#runs.length * BYTES_PER_NUMBER);
    if (this.#place) this.#memory.free(this.#place);
  }

  /** A line that notes the loss, so that the rest of the log can still be uploaded. */
  #lost(): readonly LogLine[] {
    const out = `... ${this.lines} lines (${this.bytes} bytes) could not be read back from the temporary directory ...\n`;
    return [{ ...this.#first(), out }];
  }

  #view(from: number): Buffer {
    return this.#text?.subarray(from, this.#to) ?? Buffer.alloc(0);
  }

  #grown(bytes: number): Buffer {
    const old = this.#text ?? Buffer.alloc(0);
    if (bytes <= old.length) return old;
    const size = Math.max(bytes, Math.min(CHUNK_BYTES, Math.max(FIRST_BYTES, old.length * 2)));
    const text = Buffer.allocUnsafeSlow(size);
    old.copy(text, 0, 0, this.#to);
    this.#memory.count(size - old.length);
    this.#text = text;
    return text;
  }

  #number({ pos, time }: LogLine): void {
    const [index, firstPos, lastTime] = [this.#runs.at(-3), this.#runs.at(-2), this.#runs.at(-1)];
    const isConsecutive = index !== undefined && pos - (firstPos ?? 0) === this.#nextLine - index;
    if (isConsecutive && time === lastTime) return;
    this.#runs.push(this.#nextLine, pos, time);
    this.#memory.count(NUMBERS_PER_RUN * BYTES_PER_NUMBER);
  }

  #first(): { pos: number; time: number } {
    while (this.#indexOf(this.#run + NUMBERS_PER_RUN) <= this.#firstLine) this.#run += NUMBERS_PER_RUN;
    return this.#numbersAt(this.#firstLine, this.#run);
  }

  #indexOf(run: number): number {
    return this.#runs[run] ?? Infinity;
  }

  #numbersAt(line: number, run: number): { pos: number; time: number } {
    const [index = 0, pos = 0, time = 0] = this.#runs.slice(run, run + NUMBERS_PER_RUN);
    return { pos: pos + line - index, time };
  }

  #linesOf(text: Buffer, most: number): LogLine[] {
    const lines: LogLine[] = [];
    let at = 0;
    let run = this.#run;
    for (let line = this.#firstLine; line < this.#nextLine && lines.length < most; line++) {
      while (this.#indexOf(run + NUMBERS_PER_RUN) <= line) run += NUMBERS_PER_RUN;
      const end = endOfLine(text, at);
      lines.push({ ...this.#numbersAt(line, run), out: text.toString('utf8', at, end) });
      at = end;
    }
    return lines;
  }
}

function endOfLine(text: Buffer, from: number): number {
  const newline = text.indexOf(NEWLINE, from);
  return newline < 0 ? text.length : newline + 1;
}
