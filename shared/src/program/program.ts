import { type Command, exitLines, requestsHelp, runCommand } from './command.ts';
import { completionScript, SHELLS } from './completion.ts';
import type { CommandContext } from './context.ts';
import { EXIT, EXIT_MEANING, type ExitCode } from './exit-codes.ts';
import { maybeMeant } from './nearest.ts';
import { tableLines } from './table.ts';

/** A program with several commands. */
export interface Program {
  /** Its name on the command line. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** In the order of the help. Their names start with the program's. */
  readonly commands: readonly Command[];
  /** The command that runs if none is named. */
  readonly standard?: string | undefined;
  /** The end of the help, such as where to start. */
  readonly notes: string;
}

const VERSION = ['--version', '-v', '-V', 'version'];

/**
 * Runs the command named on the command line, or prints a help text or the version.
 *
 * @param args the arguments after the program's name
 * @returns the exit code; a rejection is a bug
 */
export async function runProgram(
  program: Program,
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { name, commands, standard } = program;
  const [first = standard ?? '', ...rest] = args;
  if (VERSION.includes(first)) {
    context.print(`${name} ${context.version}`);
    return EXIT.ok;
  }
  if (first === 'completion') return complete(program, rest, context);
  const isHelp = first === 'help' || requestsHelp([first]);
  const word = isHelp ? rest[0] : first;
  if (word === undefined) {
    context.print(overviewText(program));
    return EXIT.ok;
  }
  const found = commands.find((one) => one.name === `${name} ${word}`);
  if (found === undefined) return unknown(program, word, context);
  return runCommand(found, isHelp ? ['--help'] : rest, context);
}

/** Prints the completion script for the shell that is named. */
function complete(program: Program, args: readonly string[], { print, complain }: CommandContext): ExitCode {
  const usage = `${program.name} completion ${SHELLS.join('|')}`;
  if (requestsHelp(args)) {
    print(
      `Usage: ${usage}\n\nprints a completion script. To load it in bash: source <(${program.name} completion bash)`,
    );
    return EXIT.ok;
  }
  const shell = SHELLS.find((one) => one === args[0]);
  if (shell === undefined || args.length > 1) {
    complain(`${program.name}: name one shell: ${usage}`);
    return EXIT.usage;
  }
  print(completionScript(program, shell));
  return EXIT.ok;
}

const wordsOf = ({ name, commands }: Program): readonly string[] =>
  commands.map((one) => one.name.slice(name.length + 1));

/** `word`: empty if there is none. */
function unknown(program: Program, word: string, { complain }: CommandContext): ExitCode {
  const words = wordsOf(program);
  const all = words.join(', ');
  const meant = maybeMeant(word, words);
  const advice = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const problem =
    word === '' ? `name a command: ${all}` : `there is no command "${word}". There are: ${all}.${advice}`;
  complain(`${program.name}: ${problem}\nSee: ${program.name} --help`);
  return EXIT.usage;
}

function overviewText(program: Program): string {
  const { name, summary, commands, standard, notes } = program;
  const rows = commands.map((one) => [
    [one.name.slice(name.length + 1), one.words ?? ''].join(' ').trim(),
    one.summary,
  ]);
  const [open, close] = standard === undefined ? ['', ''] : ['[', ']'];
  const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n');
  return [
    summary,
    `Usage: ${name} ${open}COMMAND${close}`,
    indented(tableLines([], rows)),
    indented(
      tableLines(
        [],
        [
          [`${name} COMMAND --help`, 'show the options of a command, with examples'],
          [`${name} completion SHELL`, `print a completion script for ${SHELLS.join(', ')}`],
          [`${name} --version`, 'print the version'],
        ],
      ),
    ),
    `Exit codes:\n${indented(exitLines(EXIT_MEANING))}`,
    notes,
  ].join('\n\n');
}
