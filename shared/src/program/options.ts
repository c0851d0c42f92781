import { parseArgs } from 'node:util';
import { errorText } from '../error-text.ts';
import { UsageError } from './command-error.ts';
import { maybeMeant } from './nearest.ts';

/** One option of a command. `T`: what the command gets. */
export interface Option<T> {
  /** What stands for its value in the help, such as `FILE`; empty: it takes none, and `--no-NAME` is its opposite. */
  readonly value: string;
  readonly help: string;
  /** The heading of the help under which it stands. */
  readonly group: string;
  /** What the command gets when it is not given. */
  readonly fallback: T;
  /** From all values that were given, at least one, in their order. Throws a {@link UsageError}. */
  readonly read: (given: readonly string[], name: string) => T;
}

/** The options of a command, by their names without dashes. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a command gets of its options. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never;
};

/** What was given on a command line. */
export interface Given<O extends Options> {
  readonly options: Values<O>;
  /** What is no option, in order. */
  readonly words: readonly string[];
}

const GROUP = 'Options';

/** Reads the text of one value. Throws a {@link UsageError}. */
export type ReadOption<T> = (text: string, name: string) => T;

/** Yes, or with `--no-` before its name no; undefined when neither is said. */
export function flag(help: string): Option<boolean | undefined> {
  return { value: '', help, group: GROUP, fallback: undefined, read: (given) => given.at(-1) === 'true' };
}

/** A value that is read by `read`; the last one counts. A fallback that is a text or a number is shown in the help. */
export function option<T>(value: string, help: string, read: ReadOption<T>): Option<T | undefined>;
export function option<T>(value: string, help: string, read: ReadOption<T>, fallback: T): Option<T>;
export function option<T>(value: string, help: string, read: ReadOption<T>, fallback?: T): Option<unknown> {
  const isShown = typeof fallback === 'number' || (typeof fallback === 'string' && fallback !== '');
  return {
    value,
    help: isShown ? `${help} (${fallback})` : help,
    group: GROUP,
    fallback,
    read: (given, name) => read(given.at(-1) ?? '', name),
  };
}

/** May be given more than once; all values count, in their order. */
export function repeated<T>(value: string, help: string, read: ReadOption<T>): Option<readonly T[]> {
  return {
    value,
    help,
    group: GROUP,
    fallback: [],
    read: (given, name) => given.map((text) => read(text, name)),
  };
}

/** Any text, as it is written. */
export const asText: ReadOption<string> = (text) => text;

/** Any text; `fallback` when it is not given. */
export const textOr = (fallback: string, value: string, help: string): Option<string> =>
  option(value, help, asText, fallback);

/** Least and most that a number may be, both included. */
export type Bounds = readonly [least: number, most: number];

/** A number within bounds. */
export const asNumber =
  ([least, most]: Bounds): ReadOption<number> =>
  (text, name) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new UsageError(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
  };

/** A whole number within bounds: 0 or more unless told. */
export const asWhole =
  ([least, most]: Bounds = [0, Number.MAX_SAFE_INTEGER]): ReadOption<number> =>
  (text, name) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
    throw new UsageError(`--${name} takes a whole number${range}, not "${text}"`);
  };

/** One of a few words. */
export const asWord =
  <Word extends string>(words: readonly Word[]): ReadOption<Word> =>
  (text, name) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new UsageError(`--${name} takes ${words.join(' or ')}, not "${text}"`);
  };

/** `KEY=VALUE` or `KEY:VALUE`, split at the first of either; may be repeated. What is wrong is not repeated: it may be a secret. */
export function pairs(help: string): Option<Readonly<Record<string, string>>> {
  const asPair: ReadOption<readonly [string, string]> = (text, name) => {
    const at = text.search(/[=:]/);
    if (at < 1) throw new UsageError(`--${name} takes KEY=VALUE: one was given without a key or without =`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
  const { read, ...about } = repeated('KEY=VALUE', help, asPair);
  return { ...about, fallback: {}, read: (given, name) => Object.fromEntries(read(given, name)) };
}

/** The same options under a heading of their own. */
export function grouped<O extends Options>(group: string, options: O): O {
  const entries = Object.entries(options).map(([name, one]) => [name, { ...one, group }]);
  return Object.fromEntries(entries) as O;
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} for unknown options, with the one that may be meant, and for missing or wrong values
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

/** `--seed -1` as `--seed=-1`: a number below zero is a value, about which its reader has better words than the parser of options. */
function joined(options: Options, args: readonly string[]): string[] {
  const isNumber = (word = ''): boolean => /^-\d/.test(word);
  const takesValue = (word = ''): boolean =>
    word.startsWith('--') && (options[word.slice('--'.length)]?.value ?? '') !== '';
  return args.flatMap((word, nth) => {
    if (isNumber(word) && takesValue(args[nth - 1])) return [];
    return takesValue(word) && isNumber(args[nth + 1]) ? [`${word}=${args[nth + 1]}`] : [word];
  });
}

/** The first sentence of what the parser says; its advice on unknown options is for other programs. */
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
