import type { ErrorPlace } from '../pipeline/pipeline-error.ts';
import type { SourceDocument } from './documents.ts';
import type { YamlMap, YamlNode, YamlScalar, YamlSeq } from './yaml-node.ts';

/** Thrown within this file only: the document has something that the library has to judge. */
class NotPlain extends Error {}

const decline = (): never => {
  throw DECLINED;
};
/** One for all: a stack trace for each would cost more than the reading. */
const DECLINED = new NotPlain();

/** Deeper nesting, and more lines, are left to the library and its limits. */
const MAX_DEPTH = 40;
const MAX_LINES = 150_000;

/** The column where no line begins: there is none left. */
const NOTHING = -1;

/** Printable ASCII, line feeds, and all other characters that no rule of YAML mentions. */
const ORDINARY = /^[\n\x20-\x7e\u00a1-\u2027\u202a-\ufefe\uff00-\uffff]*$/;
/** A key that is no indicator, and the colon behind it. */
const KEY = /[A-Za-z0-9_][A-Za-z0-9_./-]*:(?= |$)/y;
/** How a plain scalar may begin: not with an indicator. */
const PLAIN_START = /^[A-Za-z0-9_./$(\\+~;=^<]/;
/** A colon that would make it a key. */
const NESTED = /:(?: |$)/;
/** A key and a plain value, without any sign that might mean something else, to the end of the line. Most lines are so. */
const SIMPLE = /([A-Za-z0-9_][A-Za-z0-9_./-]*): ([A-Za-z0-9_./$(\\+~;=^<](?:[^:#]*[^:# ])?)$/y;
const LITERAL = /^\|[-+]?$/;
/** Within brackets: text without anything that could separate or nest. */
const FLOW_TEXT = /[A-Za-z0-9_./$+][A-Za-z0-9_./$+*@=-]*(?: [A-Za-z0-9_./$+*@=-]+)*/y;

const scalar = (text: string, plain: boolean, place: ErrorPlace): YamlScalar => {
  const { line, column } = place;
  return { kind: 'scalar', text, plain, tag: '', line, column, weight: 1 + text.length, depth: 0 };
};

/** The key at that column; undefined if there is none. */
function keyAt(text: string, column: number): string | undefined {
  KEY.lastIndex = column;
  return KEY.test(text) ? text.slice(column, KEY.lastIndex - 1) : undefined;
}

/** Reads block collections, and scalars and flow collections that end on their line. */
class PlainReader {
  readonly #lines: readonly string[];
  readonly #firstLine: number;
  /** The next line to look at. */
  #next = 0;
  /** The line that was looked at last, and where it begins. */
  #seen = -1;
  #indent = NOTHING;
  #depth = 0;

  constructor({ text, firstLine }: SourceDocument) {
    this.#lines = text.split('\n');
    this.#firstLine = firstLine;
  }

  /** The whole document. */
  document(): YamlNode {
    if (this.#lines.length > MAX_LINES) decline();
    const indent = this.#peek();
    if (indent === NOTHING) return decline();
    const node = this.#block(indent);
    if (this.#peek() !== NOTHING) decline();
    return node;
  }

  #place(index: number, column: number): ErrorPlace {
    return { line: this.#firstLine + index, column: column + 1 };
  }

  #text(index: number): string {
    return this.#lines[index] ?? '';
  }

  /** Skips blank lines and comments. @returns the column where the next line begins */
  #peek(): number {
    if (this.#seen === this.#next) return this.#indent;
    this.#indent = NOTHING;
    for (; this.#next < this.#lines.length; this.#next += 1) {
      const text = this.#text(this.#next);
      const indent = indentOf(text);
      if (indent === text.length || text[indent] === '#') continue;
      this.#indent = indent;
      break;
    }
    this.#seen = this.#next;
    return this.#indent;
  }

  /** The collection whose first line is the next one. */
  #block(indent: number): YamlNode {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) decline();
    const text = this.#text(this.#next);
    const node = isItem(text, indent) ? this.#seq(indent) : this.#map(indent, indent);
    this.#depth -= 1;
    return node;
  }

  #seq(indent: number): YamlSeq {
    const place = this.#place(this.#next, indent);
    const items: YamlNode[] = [];
    let weight = 1;
    let depth = 0;
    while (this.#peek() === indent && isItem(this.#text(this.#next), indent)) {
      const item = this.#item(indent);
      weight += item.weight;
      depth = Math.max(depth, item.depth + 1);
      items.push(item);
    }
    return { kind: 'seq', items, ...place, weight, depth };
  }

  #item(indent: number): YamlNode {
    const text = this.#text(this.#next);
    const column = indentOf(text, indent + 1);
    if (column >= text.length || text[column] === '#') return decline();
    if (keyAt(text, column) === undefined) return this.#value(indent, column);
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) decline();
    const map = this.#map(column, column);
    this.#depth -= 1;
    return map;
  }

  /** @param column of the first key, which may stand behind a dash */
  #map(indent: number, column: number): YamlMap {
    const place = this.#place(this.#next, column);
    const entries = new Map<string, readonly [YamlNode, YamlNode]>();
    let weight = 1;
    let depth = 0;
    do {
      const entry = this.#entry(indent);
      const [key, value] = entry;
      weight += key.weight + value.weight;
      depth = Math.max(depth, 1, value.depth + 1);
      entries.set(key.text, entry);
    } while (this.#peek() === indent && !isItem(this.#text(this.#next), indent));
    return { kind: 'map', entries: [...entries.values()], ...place, weight, depth };
  }

  #entry(indent: number): readonly [YamlScalar, YamlNode] {
    const index = this.#next;
    const text = this.#text(index);
    SIMPLE.lastIndex = indent;
    const [, simple, value] = SIMPLE.exec(text) ?? [];
    if (simple !== undefined && value !== undefined) return this.#simple(simple, value, indent);
    const name = keyAt(text, indent);
    if (name === undefined) return decline();
    const key = scalar(name, true, this.#place(index, indent));
    const column = indentOf(text, indent + name.length + 1);
    const isEmpty = column >= text.length || text[column] === '#';
    return [key, isEmpty ? this.#below(indent, key) : this.#value(indent, column)];
  }

  #simple(name: string, value: string, indent: number): readonly [YamlScalar, YamlNode] {
    const key = scalar(name, true, this.#place(this.#next, indent));
    const { line, column } = key;
    this.#endOfValue(indent);
    return [key, scalar(value, true, { line, column: column + name.length + 2 })];
  }

  /** Behind the line of a value whose key or dash is in that column. */
  #endOfValue(indent: number): void {
    this.#next += 1;
    // A deeper line would continue a plain scalar, or is an error.
    if (this.#peek() > indent) decline();
  }

  /** The value of a key that has none on its own line. */
  #below(indent: number, key: YamlScalar): YamlNode {
    const isBare = isBehind(key, this.#text(this.#next));
    this.#next += 1;
    const below = this.#peek();
    if (below === NOTHING) return decline();
    const isSeqBeside = below === indent && isItem(this.#text(this.#next), indent);
    return below > indent || isSeqBeside ? this.#block(below) : isBare ? emptyBehind(key) : decline();
  }

  /** A value that begins on the line of its key or dash, whose column is `indent`. */
  #value(indent: number, column: number): YamlNode {
    const index = this.#next;
    const text = this.#text(index);
    if (text[column] === '|') return this.#literal(indent, column);
    const [node, end] = inlineValue(text, column, this.#place(index, column));
    if (!isEndOfLine(text, end)) decline();
    this.#endOfValue(indent);
    return node;
  }

  #literal(indent: number, column: number): YamlScalar {
    const place = this.#place(this.#next, column);
    const header = this.#text(this.#next).slice(column);
    if (!LITERAL.test(header)) decline();
    this.#next += 1;
    const own = this.#literalIndent(indent);
    const lines: string[] = [];
    for (; this.#next < this.#lines.length; this.#next += 1) {
      const text = this.#text(this.#next);
      const at = indentOf(text);
      if (at < own && at < text.length) break;
      lines.push(text.slice(own));
    }
    const below = this.#peek();
    // The last line must end, and nothing may stand between the two columns.
    if (below === NOTHING ? this.#lines.at(-1) !== '' : below > indent) decline();
    return scalar(chomped(lines, header), false, place);
  }

  /** The column of the first line that has text. */
  #literalIndent(indent: number): number {
    for (let index = this.#next; index < this.#lines.length; index += 1) {
      const text = this.#text(index);
      const at = indentOf(text);
      if (at < text.length) return at > indent ? at : decline();
      if (text.length > 0) decline();
    }
    return decline();
  }
}

function indentOf(text: string, from = 0): number {
  let at = from;
  while (text.charCodeAt(at) === 0x20) at += 1;
  return at;
}

/** Whether a dash and a space, or the end of the line, are at that column. */
const isItem = (text: string, column: number): boolean =>
  text[column] === '-' && (text.length === column + 1 || text[column + 1] === ' ');

const isEndOfLine = (text: string, from: number): boolean => {
  const at = indentOf(text, from);
  return at >= text.length || (text[at] === '#' && at > from);
};

/** Whether the line ends with the colon of the key. */
const isBehind = ({ column, text }: YamlScalar, line: string): boolean =>
  line.length === column + text.length;

/** Where the library sees an empty value: behind the colon. */
const emptyBehind = ({ line, column, text }: YamlScalar): YamlScalar =>
  scalar('', true, { line, column: column + text.length + 1 });

function chomped(lines: readonly string[], header: string): string {
  let end = lines.length;
  while (end > 0 && lines[end - 1] === '') end -= 1;
  const text = lines.slice(0, end).join('\n');
  if (header === '|-') return text;
  return header === '|' ? `${text}\n` : decline();
}

/** A scalar or a flow collection, and the column behind it. */
function inlineValue(text: string, column: number, place: ErrorPlace): readonly [YamlNode, number] {
  const first = text[column] ?? '';
  if (first === '"' || first === "'") return quoted(text, column, place);
  if (first === '[' || first === '{') return flow(text, column, place);
  return plainText(text, column, place);
}

function quoted(text: string, column: number, place: ErrorPlace): readonly [YamlScalar, number] {
  const quote = text[column] ?? '';
  const end = text.indexOf(quote, column + 1);
  const inner = text.slice(column + 1, end);
  // A doubled quote, an escape, or an end on another line.
  if (end < 0 || text[end + 1] === quote || (quote === '"' && inner.includes('\\'))) decline();
  return [scalar(inner, false, place), end + 1];
}

function plainText(text: string, column: number, place: ErrorPlace): readonly [YamlScalar, number] {
  const comment = text.indexOf(' #', column);
  const value = text.slice(column, endOfText(text, comment < 0 ? text.length : comment));
  if (!PLAIN_START.test(value) || NESTED.test(value)) decline();
  return [scalar(value, true, place), column + value.length];
}

/** Without the spaces before the column. */
function endOfText(text: string, column: number): number {
  let end = column;
  while (text.charCodeAt(end - 1) === 0x20) end -= 1;
  return end;
}

/** A flow collection that ends on its line and has no other one within. */
function flow(text: string, column: number, place: ErrorPlace): readonly [YamlNode, number] {
  return text[column] === '[' ? flowSeq(text, column, place) : flowMap(text, column, place);
}

function flowSeq(text: string, column: number, place: ErrorPlace): readonly [YamlSeq, number] {
  const items: YamlScalar[] = [];
  let at = indentOf(text, column + 1);
  while (text[at] !== ']') {
    const [item, end] = flowScalar(text, at, place.line);
    items.push(item);
    at = behindComma(text, end, ']');
  }
  const weight = items.reduce((sum, item) => sum + item.weight, 1);
  return [{ kind: 'seq', items, ...place, weight, depth: items.length > 0 ? 1 : 0 }, at + 1];
}

function flowMap(text: string, column: number, place: ErrorPlace): readonly [YamlMap, number] {
  const entries = new Map<string, readonly [YamlScalar, YamlScalar]>();
  let weight = 1;
  let at = indentOf(text, column + 1);
  while (text[at] !== '}') {
    const name = keyAt(text, at);
    if (name === undefined) return decline();
    const key = scalar(name, true, { line: place.line, column: at + 1 });
    const [value, end] = flowScalar(text, indentOf(text, at + name.length + 1), place.line);
    weight += key.weight + value.weight;
    entries.set(name, [key, value]);
    at = behindComma(text, end, '}');
  }
  return [
    { kind: 'map', entries: [...entries.values()], ...place, weight, depth: weight > 1 ? 1 : 0 },
    at + 1,
  ];
}

function flowScalar(text: string, column: number, line: number): readonly [YamlScalar, number] {
  const place = { line, column: column + 1 };
  if (text[column] === '"' || text[column] === "'") return quoted(text, column, place);
  FLOW_TEXT.lastIndex = column;
  const [found] = FLOW_TEXT.exec(text) ?? [];
  return found === undefined ? decline() : [scalar(found, true, place), column + found.length];
}

/** Where the next entry begins, or the collection ends. */
function behindComma(text: string, column: number, close: ']' | '}'): number {
  const at = indentOf(text, column);
  if (text[at] === ',') return indentOf(text, at + 1);
  return text[at] === close ? at : decline();
}

/**
 * Reads a document that has only what most pipelines have: block collections, literals, and scalars and simple lists on one line. The library
 * needs ten times as long for it, mostly for what is not there. Pure.
 *
 * @returns the tree that the library would give, or undefined if the document has anything else, errors included
 */
export function readPlainYaml(document: SourceDocument): YamlNode | undefined {
  if (!ORDINARY.test(document.text)) return undefined;
  try {
    return new PlainReader(document).document();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}
