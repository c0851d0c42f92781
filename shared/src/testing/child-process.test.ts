import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Child, type ChildOptions } from './child-process.ts';

const shell = (script: string, options?: ChildOptions): Child =>
  new Child('/bin/sh', ['-c', script], options);

// Processes may start slowly on a machine whose cores are all busy.
describe('Child', { timeout: 30_000 }, () => {
  it('returns its output, by stream and combined, and its exit code', async () => {
    const child = shell('echo one; echo two >&2; exit 3');
    expect(await child.exit).toEqual({ code: 3, signal: null });
    expect([child.out, child.errors, child.said.length]).toEqual(['one\n', 'two\n', 8]);
    expect(child.isRunning).toBe(false);
  });

  it('does not break characters that arrive in two chunks', async () => {
    const child = shell(String.raw`printf '\303'; read x; printf '\244\n'`, { input: 'open' });
    child.input?.end('on\n');
    await child.exit;
    expect(child.out).toBe('ä\n');
  });

  it('gets only the given environment, and runs in the given folder', async () => {
    const child = shell('echo $ONE $HOME; pwd', { env: { ONE: '1' }, folder: '/' });
    await child.exit;
    expect(child.out).toBe('1\n/\n');
  });

  it('resolves when its output contains the expected text, written before or after', async () => {
    const child = shell('echo port 80; read x', { input: 'open' });
    const [, port] = await child.says(/port (\d+)/);
    expect(port).toBe('80');
    await child.says(/port/);
    child.input?.end();
    await child.exit;
    await child.says(/port/);
  });

  it('rejects with the exit status when the process ends before the expected text', async () => {
    await expect(shell('echo no; exit 2').says(/yes/)).rejects.toThrow(
      'it ended with 2 without saying yes:\nno\n',
    );
  });

  it('rejects if the program does not exist, without an unhandled rejection', async () => {
    const missing = new Child('/no/such/program', []);
    missing.kill('SIGTERM');
    await expect(missing.exit).rejects.toThrow('ENOENT');
    await expect(missing.says(/x/)).rejects.toThrow('ENOENT');
    await expect(missing.end()).rejects.toThrow('ENOENT');
  });

  it('is ended by a signal, and by SIGKILL if it ignores that', async () => {
    const polite = shell('trap "exit 5" TERM; echo up; read x', { input: 'open' });
    await polite.says(/up/);
    expect(await polite.end()).toEqual({ code: 5, signal: null });
    expect(await polite.end()).toEqual({ code: 5, signal: null });
    const deaf = shell('trap "" TERM; echo up; exec sleep 600');
    await deaf.says(/up/);
    expect(await deaf.end('SIGTERM', 1)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('as a group, is signalled with its children: otherwise those would keep its output open', async () => {
    const child = shell('echo up; sleep 600; true', { group: true });
    await child.says(/up/);
    expect(await child.end()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('writes to a file if one is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hangar-child-'));
    const output = openSync(join(folder, 'log'), 'w');
    const child = shell('echo one; echo two >&2', { output });
    closeSync(output);
    await child.exit;
    expect([readFileSync(join(folder, 'log'), 'utf8'), child.said]).toEqual(['one\ntwo\n', '']);
    rmSync(folder, { recursive: true });
  });
});
