import { type Command, command, exitLines, requestsHelp, runCommand } from './command.ts';
import { UsageError } from './command-error.ts';
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
  const { name, standard } = program;
  const [first = standard ?? '', ...rest] = args;
  if (VERSION.includes(first)) {
    context.print(`${name} ${context.version}`);
    return EXIT.ok;
  }
  const isHelp = first === 'help' || requestsHelp([first]);
  return isHelp
    ? showHelp(program, rest[0] ?? 'help', context)
    : runNamed(program, [first, ...rest], context);
}

async function showHelp(program: Program, word: string, context: CommandContext): Promise<ExitCode> {
  if (word !== 'help') return runNamed(program, [word, '--help'], context);
  context.print(overviewText(program));
  return EXIT.ok;
}

async function runNamed(
  program: Program,
  [word = '', ...rest]: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const all = [...program.commands, ...(isCompleted(program) ? [completionOf(program)] : [])];
  const found = all.find((one) => one.name === `${program.name} ${word}`);
  return found === undefined ? unknown(program, word, context) : runCommand(found, rest, context);
}

/** Shells complete commands in PATH, and no scripts of npm. */
const isCompleted = ({ name }: Program): boolean => !name.includes(' ');

/** The command that prints a completion script. */
function completionOf(program: Program): Command {
  const call = `${program.name} completion`;
  return command({
    name: call,
    words: 'SHELL',
    summary: `prints a completion script; SHELL is ${SHELLS.join(', ')}`,
    examples: [
      `source <(${call} bash)        in bash: now, or in ~/.bashrc`,
      `source <(${call} zsh)         in zsh: after compinit, in ~/.zshrc`,
      `${call} fish | source          in fish: in ~/.config/fish/config.fish`,
    ],
    options: {},
    exits: { ok: 'printed' },
    run: ({ words: [word = ''] }, { print }) => {
      const shell = SHELLS.find((one) => one === word);
      if (shell === undefined) throw new UsageError(`SHELL is ${SHELLS.join(', ')}, not "${word}"`);
      print(completionScript(program, shell));
      return EXIT.ok;
    },
  });
}

const wordsOf = ({ name, commands }: Program): readonly string[] =>
  commands.map((one) => one.name.slice(name.length + 1));

/** `word`: empty if there is none. */
function unknown(program: Program, word: string, { complain }: CommandContext): ExitCode {
  complain(`${program.name}: ${problemOf(program, word)}\nSee: ${program.name} --help`);
  return EXIT.usage;
}

function problemOf(program: Program, word: string): string {
  const words = wordsOf(program);
  const all = words.join(', ');
  if (word === '') return `name a command: ${all}`;
  if (word.startsWith('-')) {
    const meant = maybeMeant(word, ['--help', '--version']);
    return `unknown option '${word}'${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const meant = maybeMeant(word, words) ?? words.find((one) => one.startsWith(word));
  return `there is no command "${word}". There are: ${all}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
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
          [`${name} COMMAND -h, --help`, 'show the options of a command, with examples'],
          ...(isCompleted(program)
            ? [[`${name} completion SHELL`, `print a completion script for ${SHELLS.join(', ')}`]]
            : []),
          [`${name} -v, --version`, 'print the version'],
        ],
      ),
    ),
    `Exit codes:\n${indented(exitLines(EXIT_MEANING))}`,
    notes,
  ].join('\n\n');
}
