import { parseJson } from '@hangar/shared/json';
import type { Masks } from './mask.ts';
import type { Piece } from './piece.ts';

/** A card that a step printed: what the server is sent (drone-rpc §2.9). `data` is any JSON value. */
export interface Card {
  readonly schema: string;
  readonly data: unknown;
}

const START = '\u001b]1338;';
const END = '\u001b]0m';
/** What can't stand between the marks. */
const NO_PAYLOAD = /[^A-Za-z0-9+/=_\s-]/;
/** A card is a few KiB; what is longer is given back to the log. */
export const LONGEST_CARD = 1024 * 1024;

/**
 * Takes cards (`ESC ]1338;` base64 `ESC ]0m`) out of a log, anywhere in a line and across lines. Held text that turns out to be
 * no card (other characters, over 1 MiB, or no end mark when the log ends) is given back as the lines it was, so an
 * unterminated mark swallows nothing. What is between marks but can't be read is left out silently, as it always was.
 */
export class CardFinder {
  /** Text that may begin a start mark, at the end of an unfinished piece. */
  #edge = '';
  /** What came since the start mark; undefined outside a card. */
  #inCard: Held | undefined;
  /** Payloads that were no card by themselves: chunks of one, perhaps. */
  #unread = '';
  #card: Card | undefined;
  /** The present line has had text outside of cards; or a card, after which an empty rest is no line. */
  #line: { text: boolean; card: boolean } = { text: false, card: false };

  push(piece: Piece): Piece[] {
    const out: Piece[] = [];
    this.#feed({ ...piece, text: this.#edge + piece.text }, out);
    return out;
  }

  /** What is still held, at the log's end. */
  flush(): Piece[] {
    const held = this.#inCard?.pieces ?? [];
    this.#inCard = undefined;
    const edge = this.#edge === '' ? [] : [{ text: this.#edge, ends: false, stampNs: undefined }];
    this.#edge = '';
    return [...held, ...edge];
  }

  /** The last card that could be read, with secrets masked in its strings and numbers. */
  card(masks: Masks): Card | undefined {
    return this.#card && { schema: masks.text(this.#card.schema), data: masked(this.#card.data, masks) };
  }

  #feed(piece: Piece, out: Piece[]): void {
    this.#edge = '';
    let rest: Piece | undefined = piece;
    while (rest) rest = this.#inCard ? this.#inside(this.#inCard, rest, out) : this.#outside(rest, out);
  }

  #outside(piece: Piece, out: Piece[]): Piece | undefined {
    const at = piece.text.indexOf(START);
    if (at < 0) return this.#plain(piece, out);
    if (at > 0) this.#emit({ ...piece, text: piece.text.slice(0, at), ends: false }, out);
    this.#line.card = true;
    this.#inCard = { pieces: [{ ...piece, text: START, ends: false }], payload: [], length: 0, torn: '' };
    return { ...piece, text: piece.text.slice(at + START.length) };
  }

  #plain(piece: Piece, out: Piece[]): undefined {
    const edge = piece.ends ? 0 : edgeLength(piece.text, START);
    this.#edge = piece.text.slice(piece.text.length - edge);
    this.#emit({ ...piece, text: piece.text.slice(0, piece.text.length - edge) }, out);
  }

  #emit(piece: Piece, out: Piece[]): void {
    const bare = piece.text === '' && !this.#line.text;
    const leftOut = bare && (this.#line.card || !piece.ends);
    if (!leftOut) out.push(piece);
    this.#line = piece.ends
      ? { text: false, card: false }
      : { text: this.#line.text || piece.text !== '', card: this.#line.card };
  }

  #inside(held: Held, piece: Piece, out: Piece[]): Piece | undefined {
    const text = held.torn + piece.text;
    const end = text.indexOf(END);
    const torn = end < 0 && !piece.ends ? edgeLength(text, END) : 0;
    const payload = text.slice(0, end < 0 ? text.length - torn : end);
    if (NO_PAYLOAD.test(payload) || held.length + text.length > LONGEST_CARD)
      return this.#noCard(held, piece, out);
    held.payload.push(payload);
    held.length += payload.length + 1;
    held.torn = text.slice(text.length - torn);
    held.pieces.push(piece);
    if (end < 0) return undefined;
    this.#inCard = undefined;
    this.#read(held.payload.join('').replace(/\s/g, ''));
    return { ...piece, text: text.slice(end + END.length) };
  }

  #noCard(held: Held, piece: Piece, out: Piece[]): Piece {
    this.#inCard = undefined;
    this.#line.card = false;
    for (const one of held.pieces) this.#emit(one, out);
    return piece;
  }

  #read(payload: string): void {
    const card = parseCard(payload) ?? parseCard(this.#unread + payload);
    this.#unread = card ? '' : (this.#unread + payload).slice(0, LONGEST_CARD);
    this.#card = card ?? this.#card;
  }
}

/** Pieces to give back if this is no card, the first one being the start mark; and the payload so far. */
interface Held {
  readonly pieces: Piece[];
  readonly payload: string[];
  length: number;
  /** The beginning of an end mark that a cut has torn. */
  torn: string;
}

/** How many of the last characters of `text` begin `mark`. */
function edgeLength(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}

function parseCard(base64: string): Card | undefined {
  const value = parseJson(Buffer.from(base64, 'base64').toString());
  return isCard(value) && depthWithin(value.data, DEEPEST) ? value : undefined;
}

/** Deeper JSON would only be there to break its readers. */
const DEEPEST = 100;

function isCard(value: unknown): value is Card {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schema' in value &&
    typeof value.schema === 'string' &&
    'data' in value
  );
}

function depthWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => depthWithin(inner, depth - 1));
}

function masked(value: unknown, masks: Masks): unknown {
  if (typeof value === 'string') return masks.text(value);
  if (typeof value === 'number')
    return masks.text(String(value)) === String(value) ? value : masks.text(String(value));
  if (Array.isArray(value)) return value.map((one) => masked(one, masks));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [masks.text(key), masked(one, masks)]));
}
