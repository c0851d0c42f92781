import { CommandError, UsageError } from './command-error.ts';
import type { CommandContext } from './context.ts';
import { EXIT, EXIT_MEANING, type Exit, type ExitCode } from './exit-codes.ts';
import { type Given, type Options, readOptions } from './options.ts';
import { tableLines } from './table.ts';

/** Declaration of a command, from which its command line is parsed and its help is written. */
export interface CommandSpec<O extends Options> {
  /** Its name on the command line: `hangar-runner lint`. */
  readonly name: string;
  /** Its arguments beside options: `FILE...` (one or more), `[FILE]`, `[FILE...]`; none when absent. */
  readonly words?: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Example command lines, some with an explanation after two or more spaces. */
  readonly examples: readonly string[];
  readonly options: O;
  /** Further notes: the last paragraphs of the help before the exit codes. */
  readonly notes?: string;
  /** Meaning of each exit code of this command; that of an invalid command line is always listed. */
  readonly exits: Partial<Readonly<Record<Exit, string>>>;
  /** Runs the command. A rejection is a bug, except for a {@link CommandError}. */
  run(given: Given<O>, context: CommandContext): Promise<ExitCode> | ExitCode;
}

/** A command that can be run. */
export interface Command extends Omit<CommandSpec<Options>, 'run'> {
  run(args: readonly string[], context: CommandContext): Promise<ExitCode>;
}

/** Declares a command. */
export function command<O extends Options>(spec: CommandSpec<O>): Command {
  return {
    ...spec,
    run: async (args, context) => {
      const given = readOptions(spec.options, args);
      checkWords(spec, given.words);
      return spec.run(given, context);
    },
  };
}

function checkWords(one: Pick<Command, 'name' | 'words' | 'options'>, given: readonly string[]): void {
  const { words = '' } = one;
  if (words === '') return checkNone(one, given);
  if (!words.startsWith('[') && given.length === 0)
    throw new UsageError(
      words.includes('...') ? `name at least one ${words.replace('...', '')}` : `${words} is missing`,
    );
  if (!words.includes('...') && given.length > 1)
    throw new UsageError(`one ${words.replace(/[[\]]/g, '')} at a time, not ${given.join(' ')}`);
}

function checkNone({ name, options }: Pick<Command, 'name' | 'options'>, given: readonly string[]): void {
  if (given.length === 0) return;
  const taken = Object.keys(options).length > 0 ? 'only options' : 'no arguments';
  throw new UsageError(`unexpected argument "${given.join(' ')}": ${name} takes ${taken}`);
}

const HELP = ['--help', '-h'];

/** Whether the arguments request help. */
export const requestsHelp = (args: readonly string[]): boolean => args.some((word) => HELP.includes(word));

/** Runs a command, or prints its help; a {@link CommandError} becomes a message on standard error and an exit code. */
export async function runCommand(
  one: Command,
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  if (requestsHelp(args)) {
    context.print(helpText(one));
    return EXIT.ok;
  }
  try {
    return await one.run(args, context);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const more = error instanceof UsageError ? `\nSee: ${one.name} --help` : '';
    context.complain(`${one.name}: ${error.message}${more}`);
    return error.exitCode;
  }
}

/** The text of `--help`. */
export function helpText({ name, words, summary, examples, options, notes, exits }: Command): string {
  const hasOptions = Object.keys(options).length > 0;
  const usage = [name, hasOptions ? '[options]' : '', words ?? ''].filter((part) => part !== '').join(' ');
  return [
    `Usage: ${usage}`,
    summary,
    section('Examples', examples),
    ...optionSections(options),
    ...(notes === undefined ? [] : [notes]),
    section('Exit codes', exitLines({ usage: EXIT_MEANING.usage, ...exits })),
  ].join('\n\n');
}

const section = (title: string, lines: readonly string[]): string =>
  [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');

/** One section per group; the continuation lines of a help text are indented. */
function optionSections(options: Options): readonly string[] {
  const named = Object.entries(options);
  const rows = named.flatMap(([name, { value, help }]) =>
    help.split('\n').map((line, nth) => [nth === 0 ? `--${name}${value && ` ${value}`}` : '', line]),
  );
  const groups = named.flatMap(([, { help, group }]) => help.split('\n').map(() => group));
  const lines = tableLines([], rows);
  return [...Map.groupBy(lines.keys(), (nth) => groups[nth] ?? '')].map(([group, those]) =>
    section(
      group,
      those.map((nth) => lines[nth] ?? ''),
    ),
  );
}

/** Exit codes with their meanings, in ascending order. */
export function exitLines(exits: Partial<Readonly<Record<Exit, string>>>): readonly string[] {
  const known = (Object.keys(EXIT) as Exit[]).flatMap((exit) => {
    const meaning = exits[exit];
    return meaning === undefined ? [] : [[String(EXIT[exit]), meaning]];
  });
  return tableLines([], known);
}
