import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** How a process ended: by its exit code, or by a signal. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Options for starting a process. */
export interface ChildOptions {
  /** Its complete environment; default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly folder?: string | undefined;
  /** Aborting it ends the process. */
  readonly signal?: AbortSignal | undefined;
  /** `open`: its standard input is {@link Child.input}; default: none. */
  readonly input?: 'open';
  /** Descriptor of an open file that receives both outputs, which are then not captured. */
  readonly output?: number;
  /** Starts a new process group: signals reach all its children, and Ctrl-C here does not. */
  readonly group?: boolean;
}

/** A child process: its output so far, and how it ends. */
export class Child {
  /** Its standard output so far. */
  out = '';
  /** Its standard error so far. */
  errors = '';
  /** Both outputs, in order of arrival. */
  said = '';
  /** Resolves when it has ended and all output was read; rejects if it can't be started. */
  readonly exit: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #inGroup: boolean;
  readonly #listeners = new Set<() => void>();

  constructor(program: string, args: readonly string[], options: ChildOptions = {}) {
    const { env = process.env, folder, signal, input, output = 'pipe', group = false } = options;
    this.#inGroup = group;
    this.#process = spawn(program, [...args], {
      env,
      cwd: folder,
      ...(signal ? { signal } : {}),
      detached: group,
      stdio: [input ? 'pipe' : 'ignore', output, output],
    });
    this.#hear('out', this.#process.stdout);
    this.#hear('errors', this.#process.stderr);
    this.exit = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, by) => resolve({ code, signal: by }));
    });
    // Avoids an unhandled rejection if no caller uses the promise.
    this.exit.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  get input(): Writable | null {
    return this.#process.stdin;
  }

  /** Calls the listener after each output. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when its combined output so far matches. @throws with the output if it ends before, or can't be started */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.said);
        if (!found) return;
        this.#listeners.delete(look);
        resolve(found);
      };
      this.listen(look);
      look();
      const over = ({ code, signal }: ChildExit): void =>
        reject(new Error(`it ended with ${signal ?? code} without saying ${pattern.source}:\n${this.said}`));
      this.exit.then(over, reject);
    });
  }

  /** Sends a signal; no effect if it has ended. */
  kill(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (this.#inGroup) process.kill(-this.pid, signal);
    else this.#process.kill(signal);
  }

  /**
   * Ends it with a signal, and with SIGKILL if that takes too long.
   *
   * @param patienceMs in milliseconds
   * @returns how it ended, also if it had ended before. Rejects if it could not be started
   */
  async end(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 10_000): Promise<ChildExit> {
    this.kill(signal);
    const hard = setTimeout(() => this.kill('SIGKILL'), patienceMs);
    return this.exit.finally(() => clearTimeout(hard));
  }

  #hear(as: 'out' | 'errors', stream: ChildProcess['stdout']): void {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this[as] += text;
      this.said += text;
      for (const listener of this.#listeners) listener();
    });
  }
}
