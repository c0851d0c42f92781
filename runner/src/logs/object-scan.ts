/** `open`: the object has not ended; `whole`: it has ended, with only white space after it; `none`: it can't become one. */
export type ObjectState = 'open' | 'whole' | 'none';

/** Maximum depth: deeper JSON would only be an attack on its readers. */
const DEEPEST = 100;
/** Maximum number of values, for the same reason. */
const MOST_VALUES = 50_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * Finds the end of a JSON object in one pass over bytes that may come in parts. It checks brackets, strings, depth and size, and leaves
 * the rest to the parser.
 */
export class ObjectScan {
  #depth = 0;
  #values = 0;
  #inString = false;
  #escaped = false;
  #state: ObjectState = 'open';

  get state(): ObjectState {
    return this.#state;
  }

  copy(): ObjectScan {
    const copy = new ObjectScan();
    copy.#depth = this.#depth;
    copy.#values = this.#values;
    copy.#inString = this.#inString;
    copy.#escaped = this.#escaped;
    copy.#state = this.#state;
    return copy;
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#state === 'none') return;
      if (this.#inString) this.#text(byte);
      else if (!isSpace(byte)) this.#sign(byte);
    }
  }

  #text(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #sign(byte: number): void {
    const isOutside = this.#depth === 0;
    if (isOutside && (this.#state === 'whole' || byte !== 0x7b)) this.#state = 'none';
    else if (byte === QUOTE) this.#inString = true;
    else if (isOpening(byte)) this.#count(1);
    else if (isClosing(byte)) this.#count(-1);
    else if (byte === COMMA) this.#count(0);
  }

  #count(levels: number): void {
    this.#depth += levels;
    if (levels >= 0) this.#values++;
    if (this.#depth === 0) this.#state = 'whole';
    if (this.#depth > DEEPEST || this.#values > MOST_VALUES) this.#state = 'none';
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b;
}

function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d;
}
