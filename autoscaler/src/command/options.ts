import { parseArgs } from 'node:util';
import { errorText } from '@hangar/shared/error-text';
import { UsageError } from './terminal.ts';

/** The options that a command knows, as `node:util` describes them. */
export type OptionKinds = Readonly<
  Record<
    string,
    { readonly type: 'string' | 'boolean'; readonly multiple?: boolean; readonly short?: string }
  >
>;

/** What was written on the command line: the last of single options, all of repeated ones, and the words without a dash. */
export interface Written {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
  readonly words: readonly string[];
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} for an unknown option or a missing value
 */
export function readOptions(args: readonly string[], options: OptionKinds): Written {
  const { values, positionals } = parse(args, options);
  const texts = (name: string): readonly string[] =>
    [values[name] ?? []].flat().filter((value): value is string => typeof value === 'string');
  return {
    texts,
    text: (name) => texts(name).at(-1),
    flag: (name) => values[name] === true,
    words: positionals,
  };
}

function parse(args: readonly string[], options: OptionKinds) {
  try {
    return parseArgs({ args: joined(args, options), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(problemOf(error));
  }
}

/** `--seed -1` as `--seed=-1`: a number below zero is a value, about which its reader has better words than the parser of options. */
function joined(args: readonly string[], options: OptionKinds): string[] {
  const takesValue = (word = ''): boolean =>
    word.startsWith('--') && options[word.slice('--'.length)]?.type === 'string';
  return args.flatMap((word, nth) => {
    const next = args[nth + 1];
    if (/^-\d/.test(word) && takesValue(args[nth - 1])) return [];
    return next !== undefined && /^-\d/.test(next) && takesValue(word) ? [`${word}=${next}`] : [word];
  });
}

/** The parser's own advice on unknown options is for other programs. */
function problemOf(error: unknown): string {
  const [problem = ''] = errorText(error).split('\n');
  return /^Unknown option '[^']*'/.exec(problem)?.[0] ?? problem;
}

/**
 * A number from an option.
 *
 * @throws {UsageError} when the text is no number within the bounds (both included)
 */
export function readNumber(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
}

/**
 * A number from an option that may be left out.
 *
 * @throws {UsageError} as {@link readNumber}
 */
export function numberOf(
  written: Written,
  name: string,
  fallback: number,
  bounds: readonly [number, number],
): number {
  const text = written.text(name);
  return text === undefined ? fallback : readNumber(name, text, bounds);
}

/**
 * A whole number from an option.
 *
 * @throws {UsageError} when the text is none within the bounds (both included)
 */
export function readWhole(name: string, text: string, bounds: readonly [number, number]): number {
  const value = readNumber(name, text, bounds);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`--${name} takes a whole number, not "${text}"`);
}

/**
 * One of a few words from an option.
 *
 * @throws {UsageError} that lists the words
 */
export function readWord<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} takes ${words.join(' or ')}, not "${text}"`);
}
