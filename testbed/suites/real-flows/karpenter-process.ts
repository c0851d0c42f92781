import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A Go program that panics writes some fifteen lines after the one that says why. */
const LAST_LINES = 20;
/** Longer than Karpenter takes to let go of its controllers. */
const STOP_WITHIN_MS = 10_000;

/** What is started. */
export interface KarpenterProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole of what it sees. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its output goes, a file of its own. */
  readonly log: string;
}

/** Karpenter as a child process, missed as soon as it ends: nobody waits for what a dead one would have done. */
export class KarpenterProcess {
  readonly #child: ChildProcess;
  readonly #gone = new AbortController();
  readonly #ended: Promise<void>;

  constructor({ program, args, env, log }: KarpenterProgram) {
    const output = openSync(log, 'w');
    this.#child = spawn(program, args, { env, stdio: ['ignore', output, output] });
    closeSync(output);
    const killHard = (): void => void this.#child.kill('SIGKILL');
    // Whoever leaves in a hurry leaves no Karpenter behind: it serves every NodePool there is.
    process.once('exit', killHard);
    this.#ended = endOf(this.#child).then(async (how) => {
      process.off('exit', killHard);
      const text = await readFile(log, 'utf8').catch(String);
      const last = text.trim().split('\n').slice(-LAST_LINES).join('\n');
      this.#gone.abort(new Error(`${program} ${how}; the end of its log:\n${last}`));
    });
  }

  /** Aborted when it has ended, whoever ended it; the reason says how, with the last lines of its log. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The answer of work that needs it alive; rejects with the reason of {@link gone} when it ends before. */
  needs<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(this.gone, work);
  }

  /** Ends it, and resolves when it has ended. */
  async end(): Promise<void> {
    this.#child.kill();
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.#ended;
    clearTimeout(hard);
  }
}

/** The answer of work that cannot be called off; rejects with the signal's reason as soon as nobody waits for it any more. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return Promise.race([aborted, work]).finally(() => signal.removeEventListener('abort', abort));
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
    child.once('error', ({ message }) => resolve(`did not start: ${message}`));
  });
