import { systemClock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { capacityBench } from './capacity/capacity.ts';
import { type BenchCommand, type BenchTerminal, runBench } from './command.ts';
import { karpenterBench } from './karpenter/karpenter.ts';
import { logsBench } from './logs/logs.ts';
import { stepsBench } from './steps/steps.ts';

/** All benches; each has a folder of its own. */
const BENCHES: readonly BenchCommand[] = [stepsBench, karpenterBench, capacityBench, logsBench];

const USAGE = 2;
const INTERRUPTED = 130;
/** Tidying a real cluster takes some seconds; a second signal ends it at once. */
const LONGEST_TIDYING_MS = 60_000;

const HELP = `npm run bench -- COMMAND [--help]

${BENCHES.map(({ name, what }) => `  ${name.padEnd(10)}${what}`).join('\n')}
`;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error('interrupted'));
    setTimeout(() => process.exit(INTERRUPTED), LONGEST_TIDYING_MS).unref();
  });

const terminal: BenchTerminal = {
  clock: systemClock(),
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  stop: stop.signal,
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  const bench = BENCHES.find((one) => one.name === name);
  const asksHelp = [name, ...args].some((word) => word === '--help' || word === '-h');
  if (asksHelp) {
    terminal.print(bench?.help ?? HELP);
    return 0;
  }
  if (bench) return runBench(bench, args, terminal);
  terminal.complain(name === undefined ? HELP : `bench: there is no ${name}\n\n${HELP}`);
  return USAGE;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  terminal.complain(`bench: ${errorText(error)}`);
  process.exitCode = 1;
}
if (stop.signal.aborted) process.exit(INTERRUPTED);
