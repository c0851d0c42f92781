import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { orLate } from '@hangar/shared/deadline';
import { Child } from '@hangar/shared/testing/child-process';
import type { Block, BlockMark } from './blocks.ts';

type Run = Extract<BlockMark, { kind: 'run' }>;

/** A block of commands. */
export type Commands = Pick<Block, 'text' | 'line'> & { readonly mark: Run };

const SOURCE = '.reader-environment';
/** Time limit for stopping a terminal. */
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

  /** Runs a block to its end, or until it prints the awaited text. @returns its output. Rejects with it, when it fails */
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
  readonly #child: Child;

  constructor(script: string, folder: string) {
    // A process group of its own: Ctrl-C reaches everything in it.
    this.#child = new Child('bash', ['-c', script], { folder, env: environment(), group: true });
  }

  /** Resolves with all its output, when that text was printed or (undefined) when it succeeded. */
  async waitFor(text: string | undefined, patienceMs: number, who: string): Promise<string> {
    const child = this.#child;
    const ended = child.exit.then(({ code }) => code ?? 137);
    const heard = new Promise<'heard'>((resolve) => {
      child.listen(() => {
        if (text !== undefined && child.said.includes(text)) resolve('heard');
      });
    });
    const outcome = await orLate(systemClock(), patienceMs, Promise.race([ended, heard]));
    if (outcome === 'heard' || (outcome === 0 && text === undefined)) return child.said;
    const how = outcome === 'late' ? `was not done after ${patienceMs / 1000} s` : `ended with ${outcome}`;
    throw new Error(`${who} ${how}:\n${child.said}`);
  }

  async end(): Promise<void> {
    await this.#child.end('SIGINT', END_MS).catch(() => undefined);
  }
}
