import { Automaton } from './automaton.ts';
import { formsOf } from './mask-forms.ts';
import type { Piece } from './piece.ts';

/** Replaces a secret, as in Drone. */
const STARS = '******';

/** Half-open range of a text that a secret covers. */
interface Span {
  from: number;
  to: number;
}

/**
 * Secrets to mask in logs, built once for a set of values and shared by its steps. Each value is split at newlines and trimmed; parts
 * under 2 bytes are ignored (previous-runner §6.8); base64, URL and JSON forms are masked too. Everything that any secret covers is
 * masked: of two that overlap nothing stays. Time is linear in the text, whatever the secrets.
 */
export class Masks {
  readonly automaton: Automaton;

  constructor(values: readonly string[]) {
    this.automaton = new Automaton(formsOf(values));
  }

  /** A text with all its secrets replaced. */
  text(text: string): string {
    if (this.automaton.empty) return text;
    return this.stream()
      .push({ text, ends: true, stampNs: undefined })
      .map((piece) => piece.text)
      .join('');
  }

  /** A mask for one log, which finds secrets across the pieces of a long line. */
  stream(): MaskStream {
    return new MaskStream(this.automaton);
  }
}

/**
 * Masks one log piece by piece. It holds back only text that may be the beginning of a secret, and text after it while that is shorter,
 * so that nothing is read more than a few times, even with long secrets and short pieces.
 */
export class MaskStream {
  readonly #automaton: Automaton;
  #state = 0;
  #held = '';
  #pending = '';
  /** Number of characters read so far, with repetitions. */
  touched = 0;
  #spans: Span[] = [];
  /** Whether the stars for the first span were passed on already, so that its rest is dropped. */
  #starred = false;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  push(piece: Piece): Piece[] {
    if (this.#automaton.empty) return [piece];
    this.#pending += piece.text;
    if (!piece.ends && this.#pending.length < this.#held.length) return [];
    const text = this.#held + this.#pending;
    this.#pending = '';
    this.touched += text.length;
    this.#scan(text, this.#held.length);
    const safe = piece.ends ? text.length : text.length - this.#automaton.depth(this.#state);
    const out = this.#render(text, safe);
    this.#keep(text, safe);
    if (piece.ends) this.#state = 0;
    return out === '' && !piece.ends ? [] : [{ ...piece, text: out }];
  }

  #scan(text: string, from: number): void {
    this.#state = this.#automaton.scan(text, from, this.#state, (end, length) =>
      this.#cover(end - length, end),
    );
  }

  #cover(from: number, to: number): void {
    const span = { from, to };
    for (let last = this.#spans.at(-1); last && last.to > span.from; last = this.#spans.at(-1)) {
      span.from = Math.min(span.from, last.from);
      this.#spans.pop();
    }
    this.#spans.push(span);
  }

  #render(text: string, safe: number): string {
    let out = '';
    let done = 0;
    for (const [index, span] of this.#spans.entries()) {
      if (span.from >= safe) break;
      out += text.slice(done, span.from) + (index === 0 && this.#starred ? '' : STARS);
      done = Math.min(span.to, safe);
    }
    return out + text.slice(done, safe);
  }

  #keep(text: string, safe: number): void {
    const open = this.#spans.find((span) => span.from < safe && span.to > safe);
    this.#starred = open !== undefined || (safe === 0 && this.#starred);
    this.#held = text.slice(safe);
    this.#spans = this.#spans
      .filter((span) => span.to > safe)
      .map((span) => ({ from: Math.max(0, span.from - safe), to: span.to - safe }));
  }
}
