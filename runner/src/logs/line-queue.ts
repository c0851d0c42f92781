import type { LogLine } from '../pipeline/drone.ts';

/** Lines in order, taken from the front in constant time, with the bytes of their text counted. */
export class LineQueue {
  #lines: LogLine[] = [];
  #from = 0;
  #bytes = 0;

  get length(): number {
    return this.#lines.length - this.#from;
  }

  /** Bytes of text, UTF-8. */
  get bytes(): number {
    return this.#bytes;
  }

  push(line: LogLine): void {
    this.#lines.push(line);
    this.#bytes += Buffer.byteLength(line.out);
  }

  first(): LogLine | undefined {
    return this.#lines[this.#from];
  }

  shift(): LogLine | undefined {
    const line = this.first();
    if (!line) return undefined;
    this.#from++;
    this.#bytes -= Buffer.byteLength(line.out);
    if (this.#from > 1024 && this.#from * 2 > this.#lines.length) this.#compact();
    return line;
  }

  /** Puts lines back in front of all others. */
  putBack(lines: readonly LogLine[]): void {
    const rest = this.toArray();
    this.#lines = [];
    this.#from = 0;
    this.#bytes = 0;
    for (const line of [...lines, ...rest]) this.push(line);
  }

  toArray(): LogLine[] {
    return this.#lines.slice(this.#from);
  }

  #compact(): void {
    this.#lines = this.toArray();
    this.#from = 0;
  }
}
