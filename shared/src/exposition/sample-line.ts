import type { Exemplar, ExpositionFormat, Sample } from './exposition.ts';

/** Why a line is not a valid sample, and the remedy. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem';
  readonly cure: string;

  constructor(problem: string, cure: string) {
    super(problem);
    this.cure = cure;
  }
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const BLANKS = /[ \t\r]*/y;
const WORD = /[^ \t\r]+/y;
const PLAIN = /[^"\\]*/y;
const SHOWN_CHARS = 40;

/** The start of a text, short enough for a message. */
export const excerpt = (text: string): string =>
  JSON.stringify(text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text);

/**
 * Parses a number as Prometheus writes it: decimal, with exponent, `NaN`, `+Inf`, `-Inf` in any case.
 *
 * @returns undefined if it is not a number (hexadecimal, spaces and underscores are refused)
 */
export function parseNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const [, sign] = INFINITE.exec(text) ?? [];
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity;
  return /^[+-]?nan$/i.test(text) ? Number.NaN : undefined;
}

/** A cursor that only moves forward and reads each character once. */
class Cursor {
  readonly text: string;
  #at = 0;

  constructor(text: string) {
    this.text = text;
  }

  take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.text) ?? [];
    this.#at += found.length;
    return found;
  }

  takeIf(character: string): boolean {
    const found = this.text[this.#at] === character;
    if (found) this.#at += 1;
    return found;
  }

  skipBlanks(): void {
    this.take(BLANKS);
  }

  get peek(): string | undefined {
    return this.text[this.#at];
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  get rest(): string {
    return this.text.slice(this.#at);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', '"': '"' };

/** A quoted text; an unknown escape stays unchanged, as in Prometheus. */
function takeQuoted(cursor: Cursor): string {
  const parts: string[] = [];
  for (;;) {
    parts.push(cursor.take(PLAIN));
    if (cursor.takeIf('"')) return parts.join('');
    if (!cursor.takeIf('\\') || cursor.atEnd) {
      throw new LineProblem(
        'a quoted text does not end',
        'close it with ", and write line ends inside as \\n',
      );
    }
    const letter = cursor.take(/[^]/y);
    parts.push(ESCAPES[letter] ?? `\\${letter}`);
  }
}

function takeLabel(cursor: Cursor, labels: Map<string, string>): string | undefined {
  const quoted = cursor.takeIf('"');
  const name = quoted ? takeQuoted(cursor) : cursor.take(LABEL_NAME);
  cursor.skipBlanks();
  if (quoted && cursor.peek !== '=') return name;
  if (name === '' || !cursor.takeIf('=')) {
    throw new LineProblem(`no label at ${excerpt(cursor.rest)}`, 'write labels as name="value"');
  }
  cursor.skipBlanks();
  if (!cursor.takeIf('"'))
    throw new LineProblem(`label ${excerpt(name)} has no quoted value`, 'quote it: name="value"');
  const value = takeQuoted(cursor);
  if (labels.has(name)) throw new LineProblem(`label ${excerpt(name)} appears twice`, 'name each label once');
  labels.set(name, value);
  return undefined;
}

interface Braces {
  readonly labels: ReadonlyMap<string, string>;
  /** A quoted metric name as the first entry, as Prometheus 3 writes names with other characters. */
  readonly quotedName?: string;
}

function takeBraces(cursor: Cursor): Braces {
  const labels = new Map<string, string>();
  let quotedName: string | undefined;
  for (;;) {
    cursor.skipBlanks();
    if (cursor.takeIf('}')) return quotedName === undefined ? { labels } : { labels, quotedName };
    const name = takeLabel(cursor, labels);
    if (name !== undefined && (quotedName !== undefined || labels.size > 0)) {
      throw new LineProblem(`label ${excerpt(name)} has no value`, 'write labels as name="value"');
    }
    quotedName = name ?? quotedName;
    cursor.skipBlanks();
    if (!cursor.takeIf(',') && cursor.peek !== '}') {
      throw new LineProblem(
        `unexpected text after the labels: ${excerpt(cursor.rest)}`,
        'part labels by commas and close them with }',
      );
    }
  }
}

function takeNumber(cursor: Cursor, what: string): number {
  const word = cursor.take(WORD);
  const value = parseNumber(word);
  if (value === undefined)
    throw new LineProblem(
      `${what} ${excerpt(word)} is not a number`,
      'write it as 1.5, 1e3, NaN, +Inf or -Inf',
    );
  cursor.skipBlanks();
  return value;
}

/** OpenMetrics timestamps are seconds with decimals, those of the text format are milliseconds. */
function takeTimestamp(cursor: Cursor, format: ExpositionFormat): number | undefined {
  if (cursor.atEnd || cursor.peek === '#') return undefined;
  const written = takeNumber(cursor, 'time stamp');
  if (!Number.isFinite(written))
    throw new LineProblem('the time stamp is not finite', 'leave it out, or write a time');
  return format === 'openmetrics' ? written * 1000 : written;
}

function takeExemplar(cursor: Cursor): Exemplar | undefined {
  if (!cursor.takeIf('#')) return undefined;
  cursor.skipBlanks();
  if (!cursor.takeIf('{')) throw new LineProblem('an exemplar has no labels', 'write # {trace_id="…"} value');
  const { labels } = takeBraces(cursor);
  cursor.skipBlanks();
  const value = takeNumber(cursor, 'exemplar');
  const timestampMs = takeTimestamp(cursor, 'openmetrics');
  return timestampMs === undefined ? { labels, value } : { labels, value, timestampMs };
}

function takeName(cursor: Cursor): Braces & { readonly name: string } {
  const plain = cursor.take(METRIC_NAME);
  cursor.skipBlanks();
  const braces: Braces = cursor.takeIf('{') ? takeBraces(cursor) : { labels: new Map() };
  const name = plain === '' ? braces.quotedName : plain;
  if (name === undefined || name === '' || (plain !== '' && braces.quotedName !== undefined)) {
    throw new LineProblem(
      `no metric name at ${excerpt(cursor.text)}`,
      'start the line with name or name{label="value"}',
    );
  }
  return { ...braces, name };
}

/**
 * Parses one sample line.
 *
 * @param line without its line end
 * @throws {LineProblem} with the error and the remedy if the line is not a valid sample
 */
export function parseSampleLine(line: string, format: ExpositionFormat): Sample {
  const cursor = new Cursor(line);
  cursor.skipBlanks();
  const { name, labels } = takeName(cursor);
  cursor.skipBlanks();
  const value = takeNumber(cursor, 'value');
  const timestampMs = takeTimestamp(cursor, format);
  const exemplar = takeExemplar(cursor);
  if (!cursor.atEnd)
    throw new LineProblem(`more follows: ${excerpt(cursor.rest)}`, 'end the line after value and time stamp');
  return {
    name,
    labels,
    value,
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(exemplar === undefined ? {} : { exemplar }),
  };
}
