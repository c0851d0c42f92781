import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Child } from '@hangar/shared/testing/child-process';

/**
 * Runs work while holding an exclusive lock over all processes of this machine. The kernel holds it for flock(1) as
 * long as its input stays open: when we die in whatever way, it's free. `waiting` is called once if another has it.
 */
export async function withLock<T>(path: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const script = 'echo held; exec cat >/dev/null';
  const holder = new Child('flock', ['--exclusive', path, 'sh', '-c', script], { input: 'open' });
  const notice = setTimeout(waiting, 500);
  try {
    await holder.says(/held/);
  } catch (cause) {
    throw new Error(`can't lock ${path}`, { cause });
  } finally {
    clearTimeout(notice);
  }
  try {
    return await work();
  } finally {
    holder.input?.end();
    await holder.exit;
  }
}
