import { type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import { goQuote } from './go-quote.ts';
import { stripPattern } from './strip-pattern.ts';
import { byteSubstring, changeCase, replaceText } from './substitute-operations.ts';

/** Maximum nesting of `${a:-${b:-...}}`; limits the recursion far below the stack size. */
const MAX_DEPTH = 100;
/** Maximum size of all results together, in characters: above the largest file that is read by default. */
const MAX_RESULT_CHARS = 4 * 1024 * 1024;
/** Maximum number of characters of values that all expressions together may process, however short their results are. */
const MAX_READ_CHARS = 16 * 1024 * 1024;
/** Maximum of pattern characters times value characters, over the whole text: far above the need of a large pipeline. */
const MAX_PATTERN_WORK = 5_000_000;
/** Maximum number of characters of values and patterns that all replacements together may compare: each may be a part of its own. */
const MAX_REPLACED_CHARS = 4 * 1024 * 1024;
/** In the place of `${`, so that the rest of the file can be checked. */
const NEUTRAL = 'xx';
/** The cost of splitting a value into characters, in pattern characters. */
const PATTERN_OVERHEAD = 8;

const NAME = /[\p{L}\p{Nd}_]+/uy;

const fail = (message: string): PipelineError => new PipelineError('substitution', message);
const badSubstitution = (): PipelineError => fail('bad substitution');
const tooLong = (): PipelineError => fail('bad substitution: patterns and values are too long');
const noArgument = (): PipelineError => fail('unable to parse substitution within function');

/** A part of the result, and where it begins in the file. */
interface Piece {
  readonly text: string;
  readonly from: number;
  /** Copied character by character; else the value of an expression. */
  readonly isCopy: boolean;
}

const joined = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

/** Line and column of a character. */
function placeAt(text: string, offset: number): ErrorPlace {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

class Substitution {
  private readonly text: string;
  private readonly variables: Readonly<Record<string, string>>;
  private readonly pieces: Piece[] = [];
  private at = 0;
  private resultChars = 0;
  private readChars = 0;
  /** Values in their YAML form, computed once. */
  private readonly quoted = new Map<string, string>();
  private patternWork = 0;
  private replacedChars = 0;

  constructor(text: string, variables: Readonly<Record<string, string>>) {
    this.text = text;
    this.variables = variables;
  }

  /** @param onError gets the error of an expression, which is then left as it is; without, the error is thrown */
  run(onError?: (error: PipelineError) => void): readonly Piece[] {
    while (this.at < this.text.length) {
      this.plainText();
      if (this.at < this.text.length) this.placed(onError);
    }
    return this.pieces;
  }

  /** One whole expression; its errors get the place of its first character. */
  private placed(onError: ((error: PipelineError) => void) | undefined): void {
    const from = this.at;
    try {
      this.pieces.push({ text: this.expression(0), from, isCopy: false });
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      const { code, message, blame } = error;
      const placed = PipelineError.of({ code, message, blame, place: placeAt(this.text, from) });
      if (onError === undefined) throw placed;
      onError(placed);
      this.at = from + 2;
      this.pieces.push({ text: NEUTRAL, from, isCopy: true });
    }
  }

  private copy(from: number, to: number): void {
    this.pieces.push({ text: this.text.slice(from, to), from, isCopy: true });
  }

  /** The text up to the next `${`; `$$` becomes `$` and opens no expression. Backslashes stay unchanged. */
  private plainText(): void {
    let from = this.at;
    for (;;) {
      const dollar = this.text.indexOf('$', from);
      if (dollar < 0 || this.text[dollar + 1] === '{') {
        this.at = dollar < 0 ? this.text.length : dollar;
        this.copy(from, this.at);
        return;
      }
      this.copy(from, dollar + 1);
      from = dollar + (this.text[dollar + 1] === '$' ? 2 : 1);
    }
  }

  private expression(depth: number): string {
    if (depth > MAX_DEPTH) throw fail(`bad substitution: nested more than ${MAX_DEPTH} deep`);
    this.at += 2;
    const result = this.take('#') ? this.length() : this.operation(this.name(), depth);
    this.spend(result);
    return result;
  }

  private spend(result: string): void {
    this.resultChars += result.length;
    if (this.resultChars <= MAX_RESULT_CHARS) return;
    throw fail(`substitution makes the pipeline file larger than ${MAX_RESULT_CHARS / 1024 / 1024} MiB`);
  }

  private length(): string {
    const name = this.nameOrNothing();
    if (name === '' || !this.take('}')) throw badSubstitution();
    return String(Buffer.byteLength(this.value(name), 'utf8'));
  }

  private operation(name: string, depth: number): string {
    const value = this.value(name);
    switch (this.text[this.at]) {
      case '}':
        this.at += 1;
        return value;
      case ',':
      case '^':
        return this.caseOperation(value);
      case '#':
      case '%':
        return this.strip(value, depth);
      case '/':
        return this.replace(value, depth);
      case '=':
        this.at += 1;
        return this.fallback(value, depth);
      case ':':
        return this.colon(value, depth);
      default:
        throw fail('missing closing brace');
    }
  }

  private caseOperation(value: string): string {
    const operator = /[,^]{1,2}/y;
    operator.lastIndex = this.at;
    const [found = ''] = operator.exec(this.text) ?? [];
    this.at += found.length;
    this.close();
    return changeCase(value, found);
  }

  private strip(value: string, depth: number): string {
    const sign = this.text.charAt(this.at);
    this.at += 1;
    const longest = this.take(sign);
    const pattern = this.argument(depth, '}', 'raw');
    this.close();
    this.patternWork += value.length * (pattern.length + PATTERN_OVERHEAD);
    if (this.patternWork > MAX_PATTERN_WORK) throw tooLong();
    return stripPattern(value, pattern, sign === '#' ? 'prefix' : 'suffix', longest);
  }

  private replace(value: string, depth: number): string {
    this.at += 1;
    const next = this.text.charAt(this.at);
    const operator = next !== '' && '/#%'.includes(next) ? `/${next}` : '/';
    this.at += operator.length - 1;
    const old = this.argument(depth, '/', 'escaped');
    if (!this.take('/')) throw badSubstitution();
    // The old library drops further slashes here: a replacement that starts with one is written `\/`.
    while (this.take('/'));
    if (this.take('}')) return this.replaced(value, operator, old, '');
    const replacement = this.argument(depth, '}', 'escaped');
    this.close();
    return this.replaced(value, operator, old, replacement);
  }

  /** Checks the work before doing it, and the result's size, since one replacement can multiply a value. */
  private replaced(value: string, operator: string, old: string, replacement: string): string {
    const times = operator === '//' ? value.length / Math.max(1, old.length) + 1 : 1;
    this.replacedChars += value.length + old.length;
    if (times * replacement.length > MAX_RESULT_CHARS || this.replacedChars > MAX_REPLACED_CHARS)
      throw tooLong();
    return replaceText(value, operator, old, replacement);
  }

  private colon(value: string, depth: number): string {
    this.at += 1;
    const next = this.text[this.at];
    if (next === undefined) throw badSubstitution();
    if (!'=-?+'.includes(next)) return this.substring(value, depth);
    this.at += 1;
    return this.fallback(value, depth);
  }

  private substring(value: string, depth: number): string {
    const position = this.argument(depth, ':}', 'raw');
    const length = this.take(':') ? this.argument(depth, '}', 'raw') : undefined;
    this.close();
    return byteSubstring(value, position, length);
  }

  /** The rest up to `}`, text and expressions mixed; used if the value is empty, parsed in any case. */
  private fallback(value: string, depth: number): string {
    const parts: string[] = [];
    for (;;) {
      const found = this.nextOf(/\$\{|\}/g);
      if (found === undefined) throw noArgument();
      parts.push(this.text.slice(this.at, found));
      this.at = found;
      if (this.take('}')) return value === '' ? parts.join('') : value;
      parts.push(this.expression(depth + 1));
    }
  }

  /** One argument: an expression or a text, never both. Ends before any of the characters `stops`. */
  private argument(depth: number, stops: string, style: 'raw' | 'escaped'): string {
    if (this.text.startsWith('${', this.at)) return this.expression(depth + 1);
    const from = this.at;
    this.at = this.endOfText(stops, style);
    if (this.at === from) throw noArgument();
    const text = this.text.slice(from, this.at);
    return style === 'raw'
      ? text
      : text.replace(/\\([\\/])|\$\$/g, (pair, escaped?: string) => escaped ?? pair.charAt(0));
  }

  private endOfText(stops: string, style: 'raw' | 'escaped'): number {
    const skip = style === 'escaped' ? '\\\\[\\\\/]|\\$\\$|' : '';
    const token = new RegExp(`${skip}\\$\\{|[${stops}]`, 'g');
    token.lastIndex = this.at;
    for (;;) {
      const found = token.exec(this.text);
      if (found === null) return this.text.length;
      if (found[0] === '${' || stops.includes(found[0])) return found.index;
    }
  }

  private nextOf(token: RegExp): number | undefined {
    token.lastIndex = this.at;
    return token.exec(this.text)?.index;
  }

  private name(): string {
    const name = this.nameOrNothing();
    if (name === '') throw fail('unable to parse variable name');
    return name;
  }

  private nameOrNothing(): string {
    NAME.lastIndex = this.at;
    const [name = ''] = NAME.exec(this.text) ?? [];
    this.at += name.length;
    return name;
  }

  private value(name: string): string {
    const known = this.quoted.get(name);
    const own = known ?? (Object.hasOwn(this.variables, name) ? (this.variables[name] ?? '') : '');
    const value = known === undefined && own.includes('\n') ? goQuote(own) : own;
    this.quoted.set(name, value);
    this.readChars += value.length;
    if (this.readChars > MAX_READ_CHARS) throw tooLong();
    return value;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private close(): void {
    if (!this.take('}')) throw badSubstitution();
  }
}

/**
 * Replaces the `${...}` expressions of a whole pipeline file, comments included, before it is parsed (previous-runner §3.2).
 * Unknown variables are empty; a value with a newline is quoted so that the YAML stays valid.
 * Outside expressions only `$$` changes (to `$`): backslashes stay, unlike in the old library, which turned `\\` to `\` and `\/` to `/`.
 *
 * @throws {PipelineError} `substitution`, with the old runner's message, also for texts that would exhaust time or memory
 */
export function substitute(text: string, variables: Readonly<Record<string, string>>): string {
  return joined(new Substitution(text, variables).run());
}

/** A file after substitution, for reports. */
export interface Substituted {
  readonly text: string;
  /** The expressions that are wrong; they stay as they are, but for their two first characters, which would open a map in YAML. */
  readonly errors: readonly PipelineError[];
  /** Where a place of the text is in the file. */
  readonly originOf: (place: ErrorPlace) => ErrorPlace;
}

/** As `substitute`, but goes on after an error, and knows where its result comes from. */
export function substituteAll(source: string, variables: Readonly<Record<string, string>>): Substituted {
  const errors: PipelineError[] = [];
  const pieces = new Substitution(source, variables).run((error) => errors.push(error));
  const text = joined(pieces);
  return { text, errors, originOf: originFinder(source, text, pieces) };
}

function originFinder(source: string, text: string, pieces: readonly Piece[]): Substituted['originOf'] {
  if (source === text) return (place) => place;
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return ({ line, column }) => {
    let offset = (lineStarts[line - 1] ?? text.length) + column - 1;
    for (const piece of pieces) {
      if (offset < piece.text.length) return placeAt(source, piece.from + (piece.isCopy ? offset : 0));
      offset -= piece.text.length;
    }
    return placeAt(source, source.length);
  };
}
