import { capacityCommand } from './capacity/capacity.ts';
import type { BenchCommand, Terminal } from './command.ts';
import { karpenterCommand } from './karpenter/karpenter.ts';
import { stepsCommand } from './steps/steps.ts';

/** All benches; each has a folder of its own. */
const COMMANDS: readonly BenchCommand[] = [stepsCommand, karpenterCommand, capacityCommand];

const USAGE = 2;
const INTERRUPTED = 130;
/** Tidying a real cluster takes some seconds; a second signal ends it at once. */
const LONGEST_TIDYING_MS = 60_000;

const HELP = `npm run bench -- COMMAND [--help]

${COMMANDS.map(({ name, what }) => `  ${name.padEnd(10)}${what}`).join('\n')}
`;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error('interrupted'));
    setTimeout(() => process.exit(INTERRUPTED), LONGEST_TIDYING_MS).unref();
  });

const terminal: Terminal = {
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  stop: stop.signal,
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  const command = COMMANDS.find((one) => one.name === name);
  const asksHelp = [name, ...args].some((word) => word === '--help' || word === '-h');
  if (asksHelp) {
    terminal.print(command?.help ?? HELP);
    return 0;
  }
  if (command) return command.run(args, terminal);
  terminal.complain(name === undefined ? HELP : `bench: there is no ${name}\n\n${HELP}`);
  return USAGE;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  terminal.complain(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (stop.signal.aborted) process.exit(INTERRUPTED);
