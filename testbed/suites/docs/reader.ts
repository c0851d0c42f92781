import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Block, Mark } from './blocks.ts';

type Run = Extract<Mark, { kind: 'run' }>;

/** A block of commands. */
export type Commands = Pick<Block, 'text' | 'line'> & { readonly mark: Run };

const SOURCE = '.reader-environment';
/** A terminal that was told to stop gets this long. */
const END_MS = 20_000;

/** What a person's shell has, and not what the test's runner adds. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_|npm_|HANGAR_LEVEL)/.test(name)),
  );

/** Types a page's commands into a shell, one block after another; variables that one exports are there for the next. */
export class Reader {
  readonly #folder: string;
  readonly #patienceMs: number;
  readonly #terminals: Terminal[] = [];

  constructor(folder: string, patienceMs: number) {
    this.#folder = folder;
    this.#patienceMs = patienceMs;
  }

  /** Runs a block to its end, or until it says what it is waited for. @returns what it said. Rejects with that, when it fails */
  async type({ text, line, mark }: Commands): Promise<string> {
    const state = join(this.#folder, SOURCE);
    const before = existsSync(state) && mark.until === undefined ? `. ${state}\n` : '';
    const after = mark.until === undefined ? `\nexport -p > ${state}\n` : '';
    const terminal = new Terminal(`set -e\n${before}${text}${after}`, this.#folder);
    this.#terminals.push(terminal);
    const said = await terminal.waitFor(mark.until, this.#patienceMs, `the block of line ${line}`);
    if (mark.says !== undefined && !said.includes(mark.says))
      throw new Error(`the block of line ${line} did not say "${mark.says}" but:\n${said}`);
    return said;
  }

  /** Ctrl-C in every terminal that is still open, last one first. */
  async leave(): Promise<void> {
    for (const terminal of this.#terminals.toReversed()) await terminal.end();
  }
}

class Terminal {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number>;
  #said = '';
  #heard: () => void = () => undefined;

  constructor(script: string, folder: string) {
    const child = spawn('bash', ['-c', script], {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C reaches everything in it.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString();
        this.#heard();
      });
    this.#exit = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 137));
    });
  }

  /** Resolves with all it said, when that text came or (undefined) when it ended well. */
  async waitFor(text: string | undefined, patienceMs: number, who: string): Promise<string> {
    const deadline = AbortSignal.timeout(patienceMs);
    const late = new Promise<'late'>((resolve) =>
      deadline.addEventListener('abort', () => resolve('late'), { once: true }),
    );
    const heard = new Promise<'heard'>((resolve) => {
      this.#heard = () => {
        if (text !== undefined && this.#said.includes(text)) resolve('heard');
      };
    });
    const outcome = await Promise.race([this.#exit, heard, late]);
    if (outcome === 'heard' || (outcome === 0 && text === undefined)) return this.#said;
    const how = outcome === 'late' ? `was not done after ${patienceMs / 1000} s` : `ended with ${outcome}`;
    throw new Error(`${who} ${how}:\n${this.#said}`);
  }

  async end(): Promise<void> {
    this.#signal('SIGINT');
    const timer = setTimeout(() => this.#signal('SIGKILL'), END_MS);
    await this.#exit.catch(() => undefined);
    clearTimeout(timer);
  }

  #signal(signal: 'SIGINT' | 'SIGKILL'): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    process.kill(-pid, signal);
  }
}
