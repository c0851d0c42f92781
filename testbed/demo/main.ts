import { systemClock } from '@hangar/shared/clock';
import { runDemo } from './demo.ts';
import type { Terminal } from './display.ts';
import { HELP, readArguments } from './options.ts';

const INTERRUPTED = 130;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // A second one is meant: the embedded cluster's janitor cleans up behind us.
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error('interrupted'));
  });
// The reader has gone (as `| head` does): nobody is left to show anything to.
process.stdout.on('error', () => stop.abort(new Error('nobody reads')));

const { env, stdout } = process;
const isLive = stdout.isTTY && env['CI'] === undefined && env['TERM'] !== 'dumb';
const terminal: Terminal = {
  write: (text) => void stdout.write(text),
  live: isLive,
  colored: isLive && (env['NO_COLOR'] ?? '') === '',
  size: () => ({ columns: stdout.columns || 100, rows: stdout.rows || 24 }),
};

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  switch (asked.kind) {
    case 'help':
      stdout.write(HELP);
      return 0;
    case 'wrong':
      process.stderr.write(`demo: ${asked.text}\n\n${HELP}`);
      return 2;
    case 'run':
      return runDemo({ clock: systemClock(), terminal, stop: stop.signal }, asked.options);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (stop.signal.aborted) process.exitCode = INTERRUPTED;
  else {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
