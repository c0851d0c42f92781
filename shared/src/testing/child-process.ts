import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** How a process ended: by its code, or by a signal. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process is started. */
export interface ChildOptions {
  /** The whole of what it sees; unless told, what this process sees. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly folder?: string | undefined;
  /** Aborted: it is told to end. */
  readonly signal?: AbortSignal | undefined;
  /** `open`: its standard input is {@link Child.input}; unless told, it has none. */
  readonly input?: 'open';
  /** Descriptor of an open file that both its outputs go to, unheard here. */
  readonly output?: number;
  /** A process group of its own: signals reach all that it has started, and Ctrl-C here does not. */
  readonly group?: boolean;
}

/** A process that this one has started: what it has said so far, and how it ends. */
export class Child {
  /** Its standard output so far. */
  out = '';
  /** Its standard error so far. */
  errors = '';
  /** Both, as they came. */
  said = '';
  /** Resolves when it has ended and all it said was heard; rejects when it can't be started. */
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
    // Who does not ask need not hear.
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

  /** Calls the listener each time it has said something. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when what it has said so far, on both outputs, fits. @throws with what it said when it ends before, or can't be started */
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

  /** Sends a signal; one that has ended is left alone. */
  kill(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (this.#inGroup) process.kill(-this.pid, signal);
    else this.#process.kill(signal);
  }

  /**
   * Tells it to end, by SIGKILL when that takes too long.
   *
   * @param patienceMs in milliseconds
   * @returns how it ended, also when it had ended before. Rejects when it could not be started
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
