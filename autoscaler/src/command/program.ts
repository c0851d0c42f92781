import { recommendCommand } from './recommend.ts';
import { replayCommand } from './replay.ts';
import { serveCommand } from './serve.ts';
import type { Command, ExitCode, Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

const PROGRAM = 'hangar-autoscaler';

/** All commands, in the order of the help page; whoever adds one adds it here. */
export const COMMANDS: readonly Command[] = [serveCommand, recommendCommand, replayCommand];

function helpPage(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `${PROGRAM}: how many nodes do your builds need, now and next?

${commands.map(({ name, summary }) => `  ${PROGRAM} ${name.padEnd(width)}   ${summary}`).join('\n')}

  ${PROGRAM} COMMAND --help   what a command takes, with examples
  ${PROGRAM} --version        which version this is

A first answer, without a cluster:  ${PROGRAM} recommend --prs-per-day 500
`;
}

function usageProblem(terminal: Terminal, problem: string, command?: Command): ExitCode {
  const page = command === undefined ? '--help' : `${command.name} --help`;
  terminal.err(`${PROGRAM}: ${problem}\nSee: ${PROGRAM} ${page}\n`);
  return 2;
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(command.help);
    return 0;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) return usageProblem(terminal, error.message, command);
    throw error;
  }
}

/**
 * The program behind `hangar-autoscaler`: picks the command and runs it.
 *
 * @param args the words after the program's name
 * @returns 0 done, 1 the work failed, 2 called wrongly (the problem and the cure are on `err`)
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  commands: readonly Command[] = COMMANDS,
): Promise<ExitCode> {
  const [word, ...rest] = args;
  if (word === undefined)
    return usageProblem(terminal, `say what to do: ${commands.map(({ name }) => name).join(', ')}`);
  if (word === '--version' || word === '-v' || word === 'version') {
    terminal.out(`${PROGRAM} ${terminal.version}\n`);
    return 0;
  }
  if (word === '--help' || word === '-h' || word === 'help') return help(rest, terminal, commands);
  const command = commands.find(({ name }) => name === word);
  if (command === undefined) return usageProblem(terminal, `"${word}" is no command`);
  return runCommand(command, rest, terminal);
}

function help([topic]: readonly string[], terminal: Terminal, commands: readonly Command[]): ExitCode {
  const command = commands.find(({ name }) => name === topic);
  if (topic !== undefined && command === undefined) return usageProblem(terminal, `"${topic}" is no command`);
  terminal.out(command?.help ?? helpPage(commands));
  return 0;
}
