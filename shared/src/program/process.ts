import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../clock.ts';
import { createLogger } from '../logger.ts';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { takesColours } from './style.ts';
import { visibleText } from './visible.ts';

/** The same signal often arrives twice, from the terminal and from a parent (npm): these count as one. */
const SAME_SIGNAL_MS = 500;
const CLEAR_LINE = '\r\u001b[K';

/** The source of signals, such as `process`. */
interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
}

/**
 * Aborts `stop` at the first termination signal. For a second one, half a second later or more, `leave` is called.
 *
 * @param source emits the signals: the process
 */
export function stopOnSignal(
  source: SignalSource,
  clock: Clock,
  stop: AbortController,
  leave: () => void,
): void {
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - firstMs > SAME_SIGNAL_MS) leave();
    stop.abort(new Error('stopped by a signal'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, onSignal);
}

/**
 * Runs a program in this process: creates its context, and exits with its exit code. Nothing else reads the environment,
 * listens for signals or exits.
 *
 * @param manifest URL of the `package.json` with the version
 */
export async function runProcess(
  manifest: URL,
  main: (context: CommandContext, args: readonly string[]) => Promise<ExitCode>,
): Promise<never> {
  const clock = systemClock();
  const stop = new AbortController();
  const output = watchOutput(stop);
  reportBugs();
  let isListening = false;
  const stopSignal = (): AbortSignal => {
    if (!isListening) stopOnSignal(process, clock, stop, () => process.exit(EXIT.interrupted));
    isListening = true;
    return stop.signal;
  };
  const context = contextOf(process, { clock, stopSignal, version: versionIn(manifest) });
  const code = await main(context, process.argv.slice(2)).catch((error: unknown) => bug(error));
  // The callback of the last write runs after all earlier writes.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code === EXIT.ok && output.isLost ? EXIT.failed : code);
}

function contextOf(
  { env, stdout, stderr }: NodeJS.Process,
  own: Pick<CommandContext, 'clock' | 'stopSignal' | 'version'>,
): CommandContext {
  return {
    ...own,
    env,
    hostname: hostname(),
    random: Math.random,
    print: lineWriter(stdout),
    complain: lineWriter(stderr),
    showProgress: (text) => void (stderr.isTTY && stderr.write(`${CLEAR_LINE}${visibleText(text)}`)),
    readFile: (path) => readFileSync(path, 'utf8'),
    writeFile: replaceFile,
    isTerminal: stdout.isTTY,
    isColoured: takesColours(stdout),
  };
}

/** Writes lines: to a terminal with control characters shown, to a file or a pipe as they are. */
export function lineWriter(stream: {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}): (text: string) => void {
  return (text) => void stream.write(`${stream.isTTY === true ? visibleText(text) : text}\n`);
}

/**
 * Replaces the text of an existing file, which keeps its mode, and its place if it is a link. If the process is lost meanwhile, the old text is
 * still there.
 *
 * @throws the error of the file system; the old text is then still there
 */
export function replaceFile(path: string, text: string): void {
  const target = realpathSync(path);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    chmodSync(draft, statSync(target).mode);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function versionIn(manifest: URL): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}

/** A reader that closed its end (`| head`) is no failure, but the program should stop. A full disk is a failure. */
function watchOutput(stop: AbortController): { readonly isLost: boolean } {
  const output = { isLost: false };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    stop.abort(new Error('standard output was closed'));
    if (error.code === 'EPIPE') return;
    output.isLost = true;
    process.stderr.write(`the output could not be written: ${error.message}\n`);
  });
  process.stderr.on('error', () => undefined);
  return output;
}

function reportBugs(): void {
  // Nothing awaited this promise, so no state depends on it: the program continues.
  process.on('unhandledRejection', (error) =>
    createLogger('error').error(
      { err: error },
      'a bug: an unhandled promise rejection; the process continues, please report this',
    ),
  );
  // A function was interrupted halfway, so local state may be inconsistent. The state that matters is in the cluster: the next process
  // continues from there.
  process.on('uncaughtException', (error) => process.exit(bug(error)));
}

function bug(error: unknown): ExitCode {
  createLogger('error').error(
    { err: error },
    'a bug: an uncaught exception; the process exits and must be restarted, please report this',
  );
  return EXIT.bug;
}
