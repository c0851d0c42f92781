import { parseArgs } from 'node:util';
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
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const [problem = 'unreadable command line'] = (
      error instanceof Error ? error.message : String(error)
    ).split('\n');
    throw new UsageError(problem);
  }
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
 * One of a few words from an option.
 *
 * @throws {UsageError} that lists the words
 */
export function readWord<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} takes ${words.join(' or ')}, not "${text}"`);
}
