const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/**
 * Passes a JSON text on, byte by byte, without what its strings have beyond a length: it stays valid JSON, and needs no memory for the rest.
 *
 * @param most bytes of a string that are kept, as written; the last escape sequence may end later
 */
export async function* cutStrings(stream: AsyncIterable<unknown>, most: number): AsyncGenerator<Uint8Array> {
  const cut = new StringCut(most);
  for await (const chunk of stream) {
    if (chunk instanceof Uint8Array) yield cut.keptOf(chunk);
  }
}

/** Four more digits. */
const UNICODE_ESCAPE = 4;

class StringCut {
  readonly #most: number;
  #isInside = false;
  #length = 0;
  /** Whether the last byte began an escape sequence, and how many digits that still has. */
  #isEscape = false;
  #digits = 0;

  constructor(most: number) {
    this.#most = most;
  }

  keptOf(chunk: Uint8Array): Uint8Array {
    const kept = new Uint8Array(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      if (this.#keeps(byte)) kept[length++] = byte;
    }
    return kept.subarray(0, length);
  }

  #keeps(byte: number): boolean {
    if (!this.#isInside) {
      this.#isInside = byte === QUOTE;
      this.#length = 0;
      return true;
    }
    // A sequence is kept if its beginning was.
    if (this.#isEscape || this.#digits > 0) return this.#escaped(byte);
    if (byte === QUOTE) {
      this.#isInside = false;
      return true;
    }
    this.#isEscape = byte === BACKSLASH;
    this.#length += 1;
    return this.#length <= this.#most;
  }

  #escaped(byte: number): boolean {
    if (!this.#isEscape) this.#digits -= 1;
    else if (byte === LETTER_U) this.#digits = UNICODE_ESCAPE;
    this.#isEscape = false;
    return this.#length <= this.#most;
  }
}
