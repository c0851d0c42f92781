import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@hangar/shared/clock';
import { EXIT, type Surroundings } from './command/command.ts';
import { COMMANDS } from './command/commands.ts';
import { dispatch } from './command/dispatch.ts';
import { parseDotenv, withDotenv } from './config/dotenv.ts';

/** The process: what it is given, what ends it. The only file that exits. */

/** The same signal often comes twice, from the terminal and from a parent (npm): that is one. */
const SAME_SIGNAL_MS = 500;
const SIGNALLED = 130;
const OWN_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

const clock = systemClock();
const stop = new AbortController();
const complain = (text: string): void => void process.stderr.write(`${text}\n`);
const readFile = (path: string): string => readFileSync(path, 'utf8');

function optional(path: string): string {
  try {
    return readFile(path);
  } catch {
    return '';
  }
}

function localVariables(): Readonly<Record<string, string>> {
  try {
    return parseDotenv(optional('.env'));
  } catch (error) {
    complain(`hangar-runner: .env in the working directory is left out: ${String(error)}`);
    return {};
  }
}

function version(): string {
  const manifest = JSON.parse(readFile(fileURLToPath(new URL('../package.json', import.meta.url)))) as {
    version: string;
  };
  return manifest.version;
}

function log(level: string, error: unknown, msg: string): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  complain(
    JSON.stringify({
      level,
      time: new Date(clock.now()).toISOString(),
      err: { type: name, message, stack },
      msg,
    }),
  );
}

let firstSignalMs: number | undefined;
function onSignal(): void {
  const nowMs = clock.monotonicMs();
  firstSignalMs ??= nowMs;
  if (stop.signal.aborted && nowMs - firstSignalMs > SAME_SIGNAL_MS) process.exit(SIGNALLED);
  stop.abort(new Error('told to stop by a signal'));
}
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// Nobody waited for this promise, so nobody's state hangs on it: the pipelines go on.
process.on('unhandledRejection', (error) =>
  log('error', error, 'a bug: a failure that nobody handled; the process goes on, please report this'),
);
// Here something was left half done in the middle of a function. The Pods know everything: the next process adopts them.
process.on('uncaughtException', (error) => {
  log(
    'error',
    error,
    'a bug: an exception that nobody caught; the process ends to be started anew, please report this',
  );
  process.exit(EXIT.bug);
});
// A reader of our output that has gone is no reason to end.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const env = withDotenv(process.env, localVariables());
const surroundings: Surroundings = {
  env,
  host: {
    hostname: env['POD_NAME'] || hostname(),
    podUid: env['POD_UID'] ?? '',
    version: version(),
    namespace: optional(OWN_NAMESPACE).trim(),
  },
  clock,
  random: Math.random,
  print: (text) => void process.stdout.write(`${text}\n`),
  complain,
  readFile,
  stop: stop.signal,
};

process.exit(await dispatch(process.argv.slice(2), COMMANDS, surroundings));
