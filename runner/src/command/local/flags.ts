import { parseArgs } from 'node:util';
import { errorText } from '@hangar/shared/error-text';

/** How a flag's value is read. `flag`: yes or, as `--no-…`, no; `list` and `map` may be repeated. */
export type FlagKind = 'flag' | 'text' | 'number' | 'list' | 'map';

/** One flag of a command. */
export interface FlagSpec {
  readonly name: string;
  readonly kind: FlagKind;
  /** What stands for its value in the help, such as `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** Heading of the help under which it stands. */
  readonly group: string;
}

/** What a command is called with, and what its help says. */
export interface CommandSpec {
  readonly name: string;
  /** Without the program: `lint FILE...`. */
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly flags: readonly FlagSpec[];
  /** Said at the end of the help. */
  readonly exits: string;
}

/** The command was called in a way that can't be meant; told on standard error, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Given = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** The flags that were given, by name and kind. Asking for one that the command has not is an error of the program. */
export class Flags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #given: Given;
  /** What is no flag. */
  readonly files: readonly string[];

  constructor(specs: readonly FlagSpec[], given: Given, files: readonly string[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#given = given;
    this.files = files;
  }

  text(name: string): string | undefined {
    const value = this.#value(name, 'text');
    return typeof value === 'string' ? value : undefined;
  }

  /** @throws {UsageError} for anything but a whole number of 0 or more */
  number(name: string): number | undefined {
    const value = this.#value(name, 'number');
    if (typeof value !== 'string') return undefined;
    if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
    throw new UsageError(`--${name} takes a whole number, not ${JSON.stringify(value)}`);
  }

  yes(name: string): boolean | undefined {
    const value = this.#value(name, 'flag');
    return typeof value === 'boolean' ? value : undefined;
  }

  list(name: string): readonly string[] {
    return this.#texts(name, 'list');
  }

  /** `KEY=VALUE` or `KEY:VALUE`, split at the first of either (previous-runner §2). @throws {UsageError} without telling the value */
  map(name: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#texts(name, 'map').map((pair) => {
        const at = pair.search(/[=:]/);
        if (at < 1)
          throw new UsageError(`--${name} takes KEY=VALUE: one was given without a key or without =`);
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
  }

  #texts(name: string, kind: FlagKind): readonly string[] {
    const value = this.#value(name, kind);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  }

  #value(name: string, kind: FlagKind): Given[string] {
    if (this.#specs.get(name)?.kind !== kind) throw new Error(`--${name} is no flag of kind ${kind}`);
    return this.#given[name];
  }
}

/**
 * Reads the arguments of a command.
 *
 * @throws {UsageError} for unknown flags and missing values, with the place where the known ones are told
 */
export function readFlags(command: CommandSpec, args: readonly string[]): Flags {
  const specs = command.flags;
  const options = Object.fromEntries(
    specs.map(({ name, kind }) => [
      name,
      {
        type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
        multiple: kind === 'list' || kind === 'map',
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      allowNegative: true,
    });
    return new Flags(specs, values, positionals);
  } catch (error) {
    throw new UsageError(`${firstWords(error)}; "hangar-runner ${command.name} --help" tells all flags`);
  }
}

function firstWords(error: unknown): string {
  const [words = ''] = errorText(error).split(/\.\s|\n/);
  return words.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}

/** What the help of a command says below usage and summary: examples, flags by groups, exit codes. */
export function teaching(command: CommandSpec): string {
  const { examples, exits } = command;
  const specs = command.flags;
  const groups = [...new Set(specs.map(({ group }) => group))];
  const width = Math.max(...specs.map((spec) => titleOf(spec).length)) + 2;
  const lines = groups.flatMap((group) => [
    '',
    `${group}:`,
    ...specs
      .filter((spec) => spec.group === group)
      .map((spec) => `  ${titleOf(spec).padEnd(width)}${spec.help}`),
  ]);
  return ['Examples:', ...examples.map((example) => `  ${example}`), ...lines, '', exits].join('\n');
}

const titleOf = ({ name, value, kind }: FlagSpec): string =>
  `--${name}${value ? ` ${value}` : kind === 'map' ? ' KEY=VALUE' : ''}`;
