import type { LogLine } from '../pipeline/drone.ts';
import type { Place } from '../ports/overflow.ts';
import type { LogMemory } from './log-memory.ts';

/** Lines are kept in blocks of this size; a longer line has one of its own. */
export const CHUNK_BYTES = 64 * 1024;
/** And of no more lines, which are objects while they are sent. */
export const CHUNK_LINES = 8 * 1024;
const FIRST_BYTES = 1024;
const NEWLINE = 10;
/** Index of the first line, its position and its time: lines that follow on from it need no numbers of their own. */
const NUMBERS_A_RUN = 3;
const BYTES_A_NUMBER = 8;

/** Lines that were taken away from the front: the first one's place, and how much they were. */
export interface Removed {
  readonly pos: number;
  readonly time: number;
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Some lines as the bytes of their text, one after another: each ends at its newline, and only the last may have none. It stands in
 * memory or, once it is full, on the disk.
 */
export class LineChunk {
  readonly #memory: LogMemory;
  /** Index, position and time of each line that does not follow on from the one before it. */
  readonly #runs: number[] = [];
  #text: Buffer | undefined = Buffer.alloc(0);
  #place: Place | undefined;
  /** Bytes of the text that stand before what is on the disk. */
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

  /** Is there room for a line of so many bytes? */
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

  /** No line will come any more: room that is left over is given back. */
  seal(): void {
    if (!this.#text || this.#to === this.#text.length) return;
    const text = Buffer.allocUnsafeSlow(this.#to);
    this.#text.copy(text, 0, 0, this.#to);
    this.#memory.count(text.length - this.#text.length);
    this.#text = text;
  }

  /** Takes the first line away; all of them, where they are on the disk. */
  shift(): Removed {
    const { pos, time } = this.#first();
    const lines = this.#text ? 1 : this.lines;
    const bytes = this.#text ? endOfLine(this.#view(this.#from), 0) : this.bytes;
    this.#from += bytes;
    this.#firstLine += lines;
    return { pos, time, lines, bytes };
  }

  /** Moves the text to the disk; it stays where it is if that fails. */
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

  /** The lines, the newest state of them. */
  async read(): Promise<readonly LogLine[]> {
    if (!this.#place) return this.linesAtHand();
    const text = await this.#memory.read(this.#place);
    return text ? this.#linesOf(Buffer.from(text).subarray(this.#from - this.#base), Infinity) : this.#lost();
  }

  /** The first lines, where they are in memory. */
  linesAtHand(most = Infinity): LogLine[] {
    return this.#linesOf(this.#view(this.#from), most);
  }

  /** Nothing of it is needed any more. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#memory.count(-(this.#text?.length ?? 0) - this.#runs.length * BYTES_A_NUMBER);
    if (this.#place) this.#memory.free(this.#place);
  }

  /** A whole log is refused for nothing that one part of it suffered. */
  #lost(): readonly LogLine[] {
    const out = `... ${this.lines} lines (${this.bytes} bytes) could not be read back from the temporary folder ...\n`;
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
    const followsOn = index !== undefined && pos - (firstPos ?? 0) === this.#nextLine - index;
    if (followsOn && time === lastTime) return;
    this.#runs.push(this.#nextLine, pos, time);
    this.#memory.count(NUMBERS_A_RUN * BYTES_A_NUMBER);
  }

  #first(): { pos: number; time: number } {
    while (this.#indexOf(this.#run + NUMBERS_A_RUN) <= this.#firstLine) this.#run += NUMBERS_A_RUN;
    return this.#numbersAt(this.#firstLine, this.#run);
  }

  #indexOf(run: number): number {
    return this.#runs[run] ?? Infinity;
  }

  #numbersAt(line: number, run: number): { pos: number; time: number } {
    const [index = 0, pos = 0, time = 0] = this.#runs.slice(run, run + NUMBERS_A_RUN);
    return { pos: pos + line - index, time };
  }

  #linesOf(text: Buffer, most: number): LogLine[] {
    const lines: LogLine[] = [];
    let at = 0;
    let run = this.#run;
    for (let line = this.#firstLine; line < this.#nextLine && lines.length < most; line++) {
      while (this.#indexOf(run + NUMBERS_A_RUN) <= line) run += NUMBERS_A_RUN;
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
