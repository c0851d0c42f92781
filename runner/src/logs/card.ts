import { type Card, CardReader, LONGEST_CARD } from './card-text.ts';
import type { Masks } from './mask.ts';
import type { Piece } from './piece.ts';

const START = '\u001b]1338;';
const END = '\u001b]0m';
/** Text that is allowed between the marks. */
const PAYLOAD = /[A-Za-z0-9+/=_\s-]*/y;
/** A line of a card counts with at least this length, so that the number of empty lines is bounded too. */
const SHORTEST_LINE = 64;
/** Maximum number of cards per step, readable or not; after that, card marks are ordinary text. */
export const MOST_CARDS = 1_000;
/** Maximum number of characters between marks per step; after that, card marks are ordinary text. */
export const MOST_CARD_CHARACTERS = 4 * 1024 * 1024;

/**
 * Removes cards (`ESC ]1338;` base64 `ESC ]0m`) from a log, anywhere in a line and across lines. Held text that turns out to be no card
 * (other characters, over 1 MiB, or no end mark when the log ends) is returned as the original lines, so an unterminated mark loses
 * no text. Unreadable text between marks is left out silently, as in the old runner. Time is linear in any text.
 */
export class CardFinder {
  /** Text that may begin a start mark, at the end of an unfinished piece. */
  #edge = '';
  /** The text since the start mark; undefined outside a card. */
  #inCard: Held | undefined;
  readonly #reader = new CardReader();
  #card: Card | undefined;
  #cards = 0;
  #characters = 0;
  #touched = 0;
  /** Whether the current line has text outside of cards, and whether it has a card, after which an empty rest is no line. */
  #line: { text: boolean; card: boolean } = { text: false, card: false };

  /** Number of characters read, with repetitions; tests check that it is proportional to the text. */
  get touched(): number {
    return this.#touched + this.#reader.touched;
  }

  push(piece: Piece): Piece[] {
    const out: Piece[] = [];
    this.#feed({ ...piece, text: this.#edge + piece.text }, out);
    return out;
  }

  /** Returns the text still held, at the log's end. */
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
    const isFull = this.#cards >= MOST_CARDS || this.#characters >= MOST_CARD_CHARACTERS;
    const at = isFull ? -1 : piece.text.indexOf(START);
    this.#touched += at < 0 ? piece.text.length : at + START.length;
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

  /** Joins parts of one line, because later stages of the log process each piece separately. */
  #emit(piece: Piece, out: Piece[]): void {
    const bare = piece.text === '' && !this.#line.text;
    const leftOut = bare && (this.#line.card || !piece.ends);
    if (!leftOut) addTo(out, piece);
    this.#line = piece.ends
      ? { text: false, card: false }
      : { text: this.#line.text || piece.text !== '', card: this.#line.card };
  }

  #inside(held: Held, piece: Piece, out: Piece[]): Piece | undefined {
    const text = held.torn + piece.text;
    PAYLOAD.lastIndex = 0;
    PAYLOAD.test(text);
    const end = PAYLOAD.lastIndex;
    this.#touched += end;
    const length = held.length + Math.max(end, SHORTEST_LINE);
    const isOver = text.startsWith(END, end);
    const isTorn = !piece.ends && text.length - end < END.length && END.startsWith(text.slice(end));
    const goesOn = isOver || isTorn || end === text.length;
    if (!goesOn || held.length + end > LONGEST_CARD) return this.#noCard(held, piece, out);
    held.payload.push(text.slice(0, end));
    held.length = piece.ends ? length : held.length + end;
    held.torn = text.slice(end);
    held.pieces.push(piece);
    if (!isOver) return undefined;
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
    this.#inCard = undefined;
    this.#cards++;
    this.#characters += payload.length;
    this.#touched += payload.length;
    this.#card = this.#reader.read(payload) ?? this.#card;
  }
}

/** Pieces to return if this is no card, the first one being the start mark, and the payload so far. */
interface Held {
  readonly pieces: Piece[];
  readonly payload: string[];
  length: number;
  /** The beginning of an end mark that was cut between two pieces. */
  torn: string;
}

function addTo(out: Piece[], piece: Piece): void {
  const last = out.at(-1);
  if (last && !last.ends) out[out.length - 1] = { ...piece, text: last.text + piece.text };
  else out.push(piece);
}

/** The length of the longest end of `text` that is a beginning of `mark`. */
function edgeLength(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}

function masked(value: unknown, masks: Masks): unknown {
  if (typeof value === 'string') return masks.text(value);
  if (typeof value === 'number') {
    const text = masks.text(String(value));
    return text === String(value) ? value : text;
  }
  if (Array.isArray(value)) return value.map((one) => masked(one, masks));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [masks.text(key), masked(one, masks)]));
}
