import { systemClock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import type { Terminal } from './display.ts';
import { HELP, readArguments } from './options.ts';

const INTERRUPTED = 130;
/** Should ending itself hang: the embedded cluster's janitor cleans up behind us. */
const LONGEST_ENDING_MS = 15_000;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // A second one is meant.
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error('interrupted'));
    setTimeout(() => process.exit(INTERRUPTED), LONGEST_ENDING_MS).unref();
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
    case 'run': {
      // Help need not wait for all that a run loads.
      const { runDemo } = await import('./demo.ts');
      return runDemo({ clock: systemClock(), terminal, stop: stop.signal }, asked.options);
    }
  }
}

async function exitCode(): Promise<number> {
  try {
    return await main();
  } catch (error) {
    if (stop.signal.aborted) return INTERRUPTED;
    process.stderr.write(`demo: ${errorText(error)}\n`);
    return 1;
  }
}

// All is ended by now but what an interrupted journey of the runner may still be retrying.
process.exit(await exitCode());
