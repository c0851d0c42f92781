import { parseArgs } from 'node:util';
import { errorText } from '../error-text.ts';
import { UsageError } from './command-error.ts';
import { maybeMeant } from './nearest.ts';

/** One option of a command. `T`: the type of its parsed value. */
export interface Option<T> {
  /** Placeholder of its value in the help, such as `FILE`; empty: it has no value, and `--no-NAME` negates it. */
  readonly value: string;
  readonly help: string;
  /** Values that shells complete; empty: they complete the names of files, if it has a value. */
  readonly words: readonly string[];
  /** The group in the help that contains it. */
  readonly group: string;
  /** The value if the option is not given. */
  readonly fallback: T;
  /** Computes the value from all given values, at least one, in their order. Throws a {@link UsageError}. */
  readonly read: (given: readonly string[], name: string) => T;
}

/** The options of a command, by name without dashes. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The parsed values of a command's options. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never;
};

/** A parsed command line. */
export interface Given<O extends Options> {
  readonly options: Values<O>;
  /** The arguments that are not options, in order. */
  readonly words: readonly string[];
}

const GROUP = 'Options';

/** Parses the text of one value. Throws a {@link UsageError}. */
export interface ReadOption<T> {
  (text: string, name: string): T;
  /** Values that shells complete. */
  readonly words?: readonly string[];
}

/** A flag: true, or false with the prefix `--no-`; undefined if neither is given. */
export function flag(help: string): Option<boolean | undefined> {
  return {
    ...{ value: '', help, words: [], group: GROUP },
    fallback: undefined,
    read: (given) => given.at(-1) === 'true',
  };
}

/** A value parsed by `read`; the last one given wins. A default that is a text or a number is shown in the help. */
export function option<T>(value: string, help: string, read: ReadOption<T>): Option<T | undefined>;
export function option<T>(value: string, help: string, read: ReadOption<T>, fallback: T): Option<T>;
export function option<T>(value: string, help: string, read: ReadOption<T>, fallback?: T): Option<unknown> {
  const isShown = typeof fallback === 'number' || (typeof fallback === 'string' && fallback !== '');
  return {
    value,
    help: isShown ? `${help} (${fallback})` : help,
    words: read.words ?? [],
    group: GROUP,
    fallback,
    read: (given, name) => read(given.at(-1) ?? '', name),
  };
}

/** May be repeated; all values are kept, in their order. */
export function repeated<T>(value: string, help: string, read: ReadOption<T>): Option<readonly T[]> {
  return {
    ...{ value, help, words: read.words ?? [], group: GROUP },
    fallback: [],
    read: (given, name) => given.map((text) => read(text, name)),
  };
}

/** Any text, unchanged. */
export const asText: ReadOption<string> = (text) => text;

/** Any text; `fallback` if it is not given. */
export const textOr = (fallback: string, value: string, help: string): Option<string> =>
  option(value, help, asText, fallback);

/** Minimum and maximum of a number, both included. */
export type Bounds = readonly [least: number, most: number];

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A decimal number, or NaN: `Number` alone reads `0x10` as 16, and nothing as 0. */
export const decimalOf = (text: string): number => (DECIMAL.test(text.trim()) ? Number(text) : Number.NaN);

/** A number within bounds. */
export const asNumber =
  ([least, most]: Bounds): ReadOption<number> =>
  (text, name) => {
    const value = decimalOf(text);
    if (value >= least && value <= most) return value;
    throw new UsageError(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
  };

/** A whole number within bounds; default: 0 or more. */
export const asWhole =
  ([least, most]: Bounds = [0, Number.MAX_SAFE_INTEGER]): ReadOption<number> =>
  (text, name) => {
    const value = decimalOf(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
    throw new UsageError(`--${name} takes a whole number${range}, not "${text}"`);
  };

/** The same parser, with values that shells complete. */
export const completed = <T>(words: readonly string[], read: ReadOption<T>): ReadOption<T> =>
  Object.assign((text: string, name: string) => read(text, name), { words });

/** One of a fixed list of values. */
export const asWord = <Word extends string>(words: readonly Word[]): ReadOption<Word> =>
  completed(words, (text, name) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new UsageError(`--${name} takes ${words.join(' or ')}, not "${text}"`);
  });

/** `KEY=VALUE` or `KEY:VALUE`, split at the first separator; may be repeated. Errors don't repeat the value: it may be a secret. */
export function pairs(help: string): Option<Readonly<Record<string, string>>> {
  const asPair: ReadOption<readonly [string, string]> = (text, name) => {
    const at = text.search(/[=:]/);
    if (at < 1) throw new UsageError(`--${name} takes KEY=VALUE: one was given without a key or without =`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
  const { read, ...about } = repeated('KEY=VALUE', help, asPair);
  return { ...about, fallback: {}, read: (given, name) => Object.fromEntries(read(given, name)) };
}

/** The same options in another group. */
export function grouped<O extends Options>(group: string, options: O): O {
  const entries = Object.entries(options).map(([name, one]) => [name, { ...one, group }]);
  return Object.fromEntries(entries) as O;
}

/**
 * Parses a command line.
 *
 * @throws {UsageError} for unknown options, with a suggestion, and for missing or invalid values
 */
export function readOptions<O extends Options>(options: O, args: readonly string[]): Given<O> {
  const { values, positionals } = parse(options, args);
  const read = Object.entries(options).map(([name, one]) => {
    const given = [values[name] ?? []].flat().map(String);
    return [name, given.length === 0 ? one.fallback : one.read(given, name)];
  });
  return { options: Object.fromEntries(read) as Values<O>, words: positionals };
}

function parse(options: Options, args: readonly string[]) {
  const kinds = Object.entries(options).map(([name, { value }]) => {
    const type = value === '' ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: true }] as const;
  });
  try {
    return parseArgs({
      args: joined(options, args),
      options: Object.fromEntries(kinds),
      allowPositionals: true,
      allowNegative: true,
    });
  } catch (error) {
    throw new UsageError(problemOf(options, errorText(error)));
  }
}

/**
 * Rewrites `--seed -1` to `--seed=-1`: a negative number is a value, and its own parser has a better message than the parser of options.
 */
function joined(options: Options, args: readonly string[]): string[] {
  const isNumber = (word = ''): boolean => /^-\d/.test(word);
  const takesValue = (word = ''): boolean =>
    word.startsWith('--') && (options[word.slice('--'.length)]?.value ?? '') !== '';
  return args.flatMap((word, nth) => {
    if (isNumber(word) && takesValue(args[nth - 1])) return [];
    return takesValue(word) && isNumber(args[nth + 1]) ? [`${word}=${args[nth + 1]}`] : [word];
  });
}

/** The first sentence of the parser's message; the rest is advice on unknown options that does not apply here. */
function problemOf(options: Options, message: string): string {
  const [, unknown] = /^Unknown option '([^']*)'/.exec(message) ?? [];
  if (unknown !== undefined) {
    const names = Object.entries(options).flatMap(([name, { value }]) =>
      value === '' ? [`--${name}`, `--no-${name}`] : [`--${name}`],
    );
    const meant = maybeMeant(unknown, names);
    return `unknown option '${unknown}'${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const [first = ''] = message.split(/\.\s|\n/);
  return first.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}
