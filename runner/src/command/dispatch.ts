import { type Command, EXIT, type Surroundings } from './command.ts';

const DEFAULT = 'daemon';
const FLAGS = ['--help', '-h'];
const HELP = [...FLAGS, 'help'];
const VERSION = ['--version', '-V', 'version'];

/** Runs the command that the words name; no words at all mean `daemon`. */
export async function dispatch(
  words: readonly string[],
  commands: readonly Command[],
  surroundings: Surroundings,
): Promise<number> {
  const { print, complain, host } = surroundings;
  const [first = DEFAULT, ...rest] = words;
  if (VERSION.includes(first)) {
    print(`hangar-runner ${host.version}`);
    return EXIT.ok;
  }
  const asksHelp = HELP.includes(first);
  const name = asksHelp ? rest[0] : first;
  const command = commands.find((one) => one.name === name);
  if (!command && name !== undefined) {
    complain(unknown(name, commands));
    return EXIT.usage;
  }
  if (!command || asksHelp || rest.some((word) => FLAGS.includes(word))) {
    print(command ? helpOf(command) : overview(commands));
    return EXIT.ok;
  }
  return command.run(rest, surroundings);
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((one) => one.usage.length));
  const lines = commands.map((one) => `  ${one.usage.padEnd(width)}  ${one.summary}`);
  return `hangar-runner runs the pipelines of a Drone server in Pods of a Kubernetes cluster.

Usage: hangar-runner [command]

${lines.join('\n')}

  --help      this; "hangar-runner <command> --help" tells more
  --version   the version

Settings are environment variables: docs/configuration.md lists them all.`;
}

function helpOf(command: Command): string {
  return `Usage: hangar-runner ${command.usage}

${command.summary}

${command.help}`;
}

function unknown(word: string, commands: readonly Command[]): string {
  const names = commands.map((one) => one.name).join(', ');
  return `hangar-runner: there is no command ${JSON.stringify(word)}. There are: ${names}. "hangar-runner --help" says what they do; an environment file is given as "hangar-runner daemon FILE".`;
}
