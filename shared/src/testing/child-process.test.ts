import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Child, type ChildOptions } from './child-process.ts';

const shell = (script: string, options?: ChildOptions): Child =>
  new Child('/bin/sh', ['-c', script], options);

describe('Child', () => {
  it('tells what it said, by output and in all, and its code', async () => {
    const child = shell('echo one; echo two >&2; exit 3');
    expect(await child.exit).toEqual({ code: 3, signal: null });
    expect([child.out, child.errors, child.said.length]).toEqual(['one\n', 'two\n', 8]);
    expect(child.isRunning).toBe(false);
  });

  it('does not break characters that come in two pieces', async () => {
    const child = shell(String.raw`printf '\303'; read x; printf '\244\n'`, { input: 'open' });
    child.input?.end('on\n');
    await child.exit;
    expect(child.out).toBe('ä\n');
  });

  it('sees the environment that it is given and nothing else, in its folder', async () => {
    const child = shell('echo $ONE $HOME; pwd', { env: { ONE: '1' }, folder: '/' });
    await child.exit;
    expect(child.out).toBe('1\n/\n');
  });

  it('resolves when it says what it is waited for, said before or not', async () => {
    const child = shell('echo port 80; read x', { input: 'open' });
    const [, port] = await child.says(/port (\d+)/);
    expect(port).toBe('80');
    await child.says(/port/);
    child.input?.end();
    await child.exit;
    await child.says(/port/);
  });

  it('says how it ended to those who wait for more', async () => {
    await expect(shell('echo no; exit 2').says(/yes/)).rejects.toThrow(
      'it ended with 2 without saying yes:\nno\n',
    );
  });

  it('rejects where there is no such program, and harms nobody who does not ask', async () => {
    const missing = new Child('/no/such/program', []);
    missing.kill('SIGTERM');
    await expect(missing.exit).rejects.toThrow('ENOENT');
    await expect(missing.says(/x/)).rejects.toThrow('ENOENT');
    await expect(missing.end()).rejects.toThrow('ENOENT');
  });

  it('ends when told, and by force when it is deaf', async () => {
    const polite = shell('trap "exit 5" TERM; echo up; while :; do read -t 1 x; done');
    await polite.says(/up/);
    expect(await polite.end()).toEqual({ code: 5, signal: null });
    expect(await polite.end()).toEqual({ code: 5, signal: null });
    const deaf = shell('trap "" TERM; echo up; exec sleep 600');
    await deaf.says(/up/);
    expect(await deaf.end('SIGTERM', 1)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('as a group, is reached with all that it has started: else what is left would hold its output open', async () => {
    const child = shell('echo up; sleep 600; true', { group: true });
    await child.says(/up/);
    expect(await child.end()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('writes to a file where it is given one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hangar-child-'));
    const output = openSync(join(folder, 'log'), 'w');
    const child = shell('echo one; echo two >&2', { output });
    closeSync(output);
    await child.exit;
    expect([readFileSync(join(folder, 'log'), 'utf8'), child.said]).toEqual(['one\ntwo\n', '']);
    rmSync(folder, { recursive: true });
  });
});
