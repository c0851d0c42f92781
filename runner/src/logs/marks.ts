import { type MarkVerification, MarkVerifier } from './mark-verifier.ts';
import type { Piece } from './piece.ts';

/** A report of a gate in its container's log (runner/gate/PROTOCOL.md), which arrives milliseconds after the event. */
export type GateMark =
  | { readonly kind: 'start'; readonly atMs: number }
  | { readonly kind: 'skip'; readonly atMs: number; readonly why: string }
  | { readonly kind: 'ready'; readonly atMs: number }
  | { readonly kind: 'end'; readonly atMs: number; readonly code: number; readonly why?: string }
  | { readonly kind: 'close'; readonly atMs: number };

/** The result for a piece of text: the pieces that stay in the log, and the marks found. */
export interface Sifted {
  readonly pieces: readonly Piece[];
  readonly marks: readonly GateMark[];
}

const MARK_BYTE = '\u001e';
/** The longest mark has some 60 characters; longer text is no mark and isn't held back. */
const LONGEST_MARK = 200;
const BODY =
  /(?:(?<plain>start|ready|close)|skip why=(?<skip>[a-z-]{1,40})|end code=(?<code>\d{1,10})(?: why=(?<why>[a-z-]{1,40}))?) at=(?<at>\d{1,16}) (?:key=(?<key>[\w-]{43})|sig=(?<signature>[\w-]{86}))/y;

/**
 * Removes the gate's marks from a log, also after an unfinished line and across pieces of a long one. Text that only looks like a mark
 * (another nonce, unknown content, another signature) stays. An unfinished line before a mark becomes a line of its own; a line that
 * is only a mark is removed. A log whose first line is no mark has lost its beginning: marks can't be verified then, so they are
 * removed and ignored.
 */
export class MarkFinder {
  readonly #prefix: string;
  #held = '';
  /** Whether a part of the current line was passed on already. */
  #open = false;
  readonly #verifier = new MarkVerifier();
  /** Whether nothing was read yet. */
  #fresh = true;

  /** @param nonce random text of the Pod, so that no output is taken for a mark by accident */
  constructor(nonce: string) {
    this.#prefix = `${MARK_BYTE}hangar ${nonce} `;
  }

  push(piece: Piece): Sifted {
    if (this.#held === '' && !piece.text.includes(MARK_BYTE)) {
      this.#fresh = false;
      this.#open = !piece.ends && (this.#open || piece.text !== '');
      return { pieces: [piece], marks: [] };
    }
    const text = this.#held + piece.text;
    this.#held = '';
    return piece.ends ? this.#wholeLine(text, piece) : { pieces: this.#partOfLine(text, piece), marks: [] };
  }

  #partOfLine(text: string, piece: Piece): Piece[] {
    const from = this.#holdFrom(text);
    this.#held = text.slice(from);
    if (from === 0) return [];
    this.#open = true;
    this.#fresh = false;
    return [{ ...piece, text: text.slice(0, from) }];
  }

  /** The start of a possible mark that is not complete yet. */
  #holdFrom(text: string): number {
    for (
      let at = text.indexOf(MARK_BYTE, text.length - LONGEST_MARK);
      at >= 0;
      at = text.indexOf(MARK_BYTE, at + 1)
    ) {
      const rest = text.slice(at);
      if (rest.startsWith(this.#prefix) || this.#prefix.startsWith(rest)) return at;
    }
    return text.length;
  }

  #wholeLine(text: string, piece: Piece): Sifted {
    const { kept, marks } = this.#cutMarks(text);
    this.#fresh = false;
    const pieces = kept.map((part) => ({ ...piece, text: part }));
    if (kept.length === 1) {
      this.#open = false;
      return { pieces, marks };
    }
    const lines = pieces.filter((one, index) => one.text !== '' || (index === 0 && this.#open));
    this.#open = false;
    return { pieces: lines, marks };
  }

  /** The text between marks (always one part more than marks were removed), and the genuine marks. */
  #cutMarks(text: string): { kept: string[]; marks: GateMark[] } {
    const kept: string[] = [];
    const marks: GateMark[] = [];
    let done = 0;
    for (let at = text.indexOf(this.#prefix); at >= 0; at = text.indexOf(this.#prefix, at + 1)) {
      BODY.lastIndex = at + this.#prefix.length;
      const found = BODY.exec(text);
      const verdict = found ? this.#judge(found, this.#fresh && at === 0) : 'text';
      if (!found || verdict === 'text') continue;
      kept.push(text.slice(done, at));
      if (verdict === 'genuine') marks.push(toMark(found));
      done = BODY.lastIndex;
    }
    kept.push(text.slice(done));
    return { kept, marks };
  }

  #judge({ 0: whole, groups }: RegExpExecArray, isFirst: boolean): MarkVerification {
    const { key, signature = '' } = groups ?? {};
    return key ? this.#verifier.opening(whole, key, isFirst) : this.#verifier.later(whole, signature);
  }
}

function toMark({ groups }: RegExpExecArray): GateMark {
  const { plain, skip, code, why, at } = groups ?? {};
  const atMs = Number(at);
  if (skip) return { kind: 'skip', atMs, why: skip };
  if (code) return { kind: 'end', atMs, code: Number(code), ...(why ? { why } : {}) };
  return { kind: plain === 'start' || plain === 'ready' ? plain : 'close', atMs };
}
