import type { NodeLogPiece } from './piece.ts';
import { parseStamp } from './stamp.ts';

const NEWLINE = 10;
const SPACE = 32;
/** A longer line is passed on in pieces of this size, which limits the memory per line; the stamp counts for the first. */
export const PIECE_BYTES = 48 * 1024;
/** `2026-01-14T10:00:00.123456789+02:00` has 35. */
const LONGEST_STAMP = 40;
const TORN_STAMP = /^\d{1,4}(-[\dT:.+Z-]*)?$/;

/**
 * Reads the stream of the log endpoint with `timestamps=true`: `<RFC 3339 stamp> <text>\n` per line, in chunks cut anywhere. Pieces of a
 * line are cut at the same bytes for any chunks, which makes resuming exact. Invalid UTF-8 becomes U+FFFD. A line without a stamp (a
 * message of the kubelet, or the rest of a line that began before `sinceTime`) has `stampNs: undefined`. One parser per stream.
 */
export class TimestampedParser {
  /** Grows with the longest line that came in several chunks, up to a piece: most logs need little. */
  #held: Buffer = Buffer.alloc(0);
  #filled = 0;
  #part = 0;
  #stampNs: bigint | undefined;

  push(chunk: Uint8Array): NodeLogPiece[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const records: NodeLogPiece[] = [];
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      records.push(...this.#line(bytes.subarray(at, end)));
      at = end + 1;
    }
    records.push(...this.#keep(bytes.subarray(at)));
    return records;
  }

  /** The unfinished line at the end of a stream, as if its newline had arrived; it stays in the parser. */
  tail(): NodeLogPiece | undefined {
    if (this.#filled === 0 && this.#part === 0) return undefined;
    if (
      this.#part === 0 &&
      TORN_STAMP.test(this.#held.toString('latin1', 0, Math.min(this.#filled, LONGEST_STAMP)))
    ) {
      return undefined;
    }
    return this.#peek(this.#held.subarray(0, this.#filled), true);
  }

  #line(rest: Buffer): NodeLogPiece[] {
    if (this.#filled === 0 && rest.length <= PIECE_BYTES) return [this.#record(rest, true)];
    const records = this.#keep(rest);
    records.push(this.#record(this.#held.subarray(0, this.#filled), true));
    this.#filled = 0;
    return records;
  }

  #keep(bytes: Buffer): NodeLogPiece[] {
    const records: NodeLogPiece[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#filled === PIECE_BYTES) records.push(this.#cut());
      this.#reserve(this.#filled + rest.length);
      const taken = rest.copy(this.#held, this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
    }
    return records;
  }

  #reserve(bytes: number): void {
    const wanted = Math.min(bytes, PIECE_BYTES);
    if (this.#held.length >= wanted) return;
    const larger = Buffer.alloc(Math.min(Math.max(wanted, 2 * this.#held.length), PIECE_BYTES));
    this.#held.copy(larger, 0, 0, this.#filled);
    this.#held = larger;
  }

  #cut(): NodeLogPiece {
    const whole = wholeCharacters(this.#held);
    const record = this.#record(this.#held.subarray(0, whole), false);
    this.#held.copyWithin(0, whole);
    this.#filled = PIECE_BYTES - whole;
    return record;
  }

  #record(bytes: Buffer, ends: boolean): NodeLogPiece {
    const record = this.#peek(bytes, ends);
    this.#stampNs = record.stampNs;
    this.#part = ends ? 0 : record.part + 1;
    return record;
  }

  #peek(bytes: Buffer, ends: boolean): NodeLogPiece {
    if (this.#part > 0) return { text: bytes.toString(), ends, stampNs: this.#stampNs, part: this.#part };
    const { stampNs, from } = stampOf(bytes);
    return { text: bytes.toString('utf8', from), ends, stampNs, part: 0 };
  }
}

function stampOf(bytes: Buffer): { stampNs: bigint | undefined; from: number } {
  const space = bytes.subarray(0, LONGEST_STAMP).indexOf(SPACE);
  const end = space < 0 ? Math.min(bytes.length, LONGEST_STAMP) : space;
  const stampNs = parseStamp(bytes.toString('latin1', 0, end));
  return { stampNs, from: stampNs === undefined ? 0 : Math.min(end + 1, bytes.length) };
}

/** Where to cut so that no character of several bytes is split: at most three bytes before the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
