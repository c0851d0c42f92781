import { errorText } from '@hangar/shared/error-text';
import { command, runCommand } from '@hangar/shared/program/command';
import { CommandError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { runProcess } from '@hangar/shared/program/process';
import type { ProgressTerminal } from './display.ts';
import { DEMO_OPTIONS, type DemoOptions } from './options.ts';

/** Should ending itself hang: the embedded cluster's janitor cleans up behind us. */
const LONGEST_ENDING_MS = 15_000;

const DEMO = command({
  name: 'npm run demo --',
  summary:
    'runs pipelines on an embedded Kubernetes, with a Drone server, the runner and the autoscaler, in one process',
  examples: ['npm run demo', 'npm run demo -- --slow', 'npm run demo -- --keep', 'npm run demo -- --real'],
  options: DEMO_OPTIONS,
  notes: `The embedded cluster runs containers as processes of this machine: no Docker, no root, no network.
The pipelines are in testbed/demo/pipelines; they are short, and each shows one thing.`,
  exits: {
    ok: 'everything happened as expected',
    failed: 'something did not happen as expected',
    interrupted: 'interrupted',
  },
  run: ({ options }, context) => demo(options, context),
});

async function demo(options: DemoOptions, context: CommandContext): Promise<ExitCode> {
  const { clock } = context;
  const stop = context.stopSignal();
  stop.addEventListener('abort', () => clock.after(LONGEST_ENDING_MS, () => process.exit(EXIT.interrupted)));
  // Help need not wait for all that a run loads.
  const { runDemo } = await import('./demo.ts');
  try {
    return await runDemo({ clock, stop, terminal: terminalOf(context) }, options);
  } catch (error) {
    if (stop.aborted) return EXIT.interrupted;
    throw new CommandError(EXIT.failed, errorText(error));
  }
}

function terminalOf({ env, isTerminal, isColoured }: CommandContext): ProgressTerminal {
  const { stdout } = process;
  return {
    write: (text) => void stdout.write(text),
    live: isTerminal && env['CI'] === undefined && env['TERM'] !== 'dumb',
    isColoured,
    size: () => ({ columns: stdout.columns || 100, rows: stdout.rows || 24 }),
  };
}

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runCommand(DEMO, args, context),
);
