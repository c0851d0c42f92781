import { spawn } from 'node:child_process';

/** A program as a process of its own. */
export interface CommandProcess {
  /** What it has said so far, on both outputs. */
  readonly said: string;
  /** Resolves when it has said something that fits. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the program that is in this file with these words, in this environment alone. */
export function startCommandProcess(
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): CommandProcess {
  const child = spawn(process.execPath, [file, ...words], {
    env: { PATH: '/usr/bin:/bin', ...env },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listeners = new Set<() => void>();
  const hear = (data: Buffer): void => {
    said += data.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  return {
    get said() {
      return said;
    },
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(said);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void exit.then(() => reject(new Error(`it ended without saying ${pattern.source}:\n${said}`)));
      }),
    exit,
    kill: (signal) => void child.kill(signal),
  };
}
