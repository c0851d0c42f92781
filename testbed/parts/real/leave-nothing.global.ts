import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const PROGRAM = join(import.meta.dirname, 'leave-nothing-main.ts');

/**
 * Before the first test file; the function that it returns runs after the last, and fails the level if anything is left in the cluster. The work
 * is that of a process of its own: Vitest does not find the sources of our packages for the modules of this file.
 */
export async function setup(): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const complaint = text(child.stderr);
  const [first] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer | number | null];
  if (!(first instanceof Buffer)) throw new Error(`the cluster could not be looked at: ${await complaint}`);
  return async () => {
    child.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(await complaint);
  };
}
