import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KarpenterProcess } from '../../suites/real-flows/karpenter-process.ts';

describe('Karpenter as a process', () => {
  let folder: string;
  const started: KarpenterProcess[] = [];
  const start = (script: string, program = '/bin/sh'): KarpenterProcess => {
    const args = ['-c', script];
    const made = new KarpenterProcess({ program, args, env: {}, log: join(folder, 'karpenter.log') });
    started.push(made);
    return made;
  };
  const forEver = (): Promise<never> => new Promise(() => undefined);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hangar-process-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.end()));
    await rm(folder, { recursive: true });
  });

  it('that ends by itself is missed at once by who needs it, with the last lines of its log and no more', async () => {
    const karpenter = start(
      'n=1; while [ $n -le 20 ]; do echo line $n; n=$((n + 1)); done; echo no port >&2; exit 3',
    );

    const missed: unknown = await karpenter.needs(forEver()).catch((error: unknown) => error);
    expect(String(missed)).toMatch(
      /\/bin\/sh ended with 3; the end of its log:\nline 2\n(line \d+\n){18}no port$/,
    );
    expect(String(missed)).not.toContain('line 1\n');
    await expect(karpenter.needs(Promise.resolve('too late'))).rejects.toBe(missed);
    expect(karpenter.gone.reason).toBe(missed);
  });

  it.each([
    ['was killed by somebody', 'kill -9 $$', '/bin/sh', 'ended with SIGKILL'],
    ['is not there', '', '/nowhere/karpenter', 'did not start'],
  ])('that %s is missed too', async (_, script, program, words) => {
    await expect(start(script, program).needs(forEver())).rejects.toThrow(words);
  });

  it('that lives is nobody’s matter: work gives its own answer, or its own error', async () => {
    const karpenter = start('exec sleep 600');

    await expect(karpenter.needs(Promise.resolve('done'))).resolves.toBe('done');
    await expect(karpenter.needs(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(karpenter.gone.aborted).toBe(false);
  });

  it('is gone when it was ended, however often', async () => {
    const up = join(folder, 'up');
    const karpenter = start(`trap 'rm ${up}; exit 0' TERM; : > ${up}; while :; do read -t 1 x; done`);
    while (!existsSync(up)) await new Promise(setImmediate);
    await karpenter.end();
    await karpenter.end();

    expect(karpenter.gone.aborted).toBe(true);
    expect(existsSync(up)).toBe(false);
  });
});
