import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const MOST_LINES = 500;
/** Longer than either program takes to hand over. */
const STOP_WITHIN_MS = 10_000;

/** One of our programs as a process, as in a Pod of its own. */
export interface ProgramProcess {
  /** Of its HTTP side. */
  readonly address: string;
  /** What it wrote to standard error, its first lines. */
  readonly said: readonly string[];
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** `SIGTERM`: as the kubelet stops it, with `SIGKILL` when that takes too long. Resolves when it has ended. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** What is started, where, and with which variables besides PATH. */
export interface ProgramSpec {
  readonly program: 'runner' | 'autoscaler';
  readonly command: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a program and waits until its HTTP side is up; rejects with what it said when it ends before. */
export async function startProgram({ program, command, folder, env }: ProgramSpec): Promise<ProgramProcess> {
  const main = new URL(`../../../${program}/src/main.ts`, import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=source', main, command], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const ended = once(child, 'exit');
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    void ended.then(() => reject(new Error(`the ${program} ended:\n${said.join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < MOST_LINES) said.push(line);
      const [, found] = /"address":"(http:[^"]+)"/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    said,
    signal: (signal) => void child.kill(signal),
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const hard = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(hard);
    },
  };
}
