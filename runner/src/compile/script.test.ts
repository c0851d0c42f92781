import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepScript } from './script.ts';

/** Shells installed on this machine that are also common in images. */
const SHELLS = (
  [
    ['/bin/sh', []],
    ['/usr/bin/dash', []],
    ['/usr/bin/busybox', ['sh']],
    ['/bin/bash', ['--posix']],
  ] as const
).filter(([path]) => existsSync(path));

describe.each(SHELLS)('stepScript in %s', (shell, args) => {
  let home = '';
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'hangar-script-'));
  });
  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  const run = (commands: readonly string[], env: Record<string, string> = {}) => {
    const file = join(home, 'script');
    writeFileSync(file, stepScript(commands, { debug: false }));
    const options = {
      env: { PATH: process.env['PATH'], HOME: home, ...env },
      input: 'from outside\n',
      encoding: 'utf8',
    } as const;
    const { stdout, stderr, status } = spawnSync(shell, [...args, file], options);
    return { stdout, stderr, status };
  };

  it('does not print the commands of a script that would be twice as large by it, and says so', () => {
    const many = Array.from({ length: 20_000 }, (_, n) => `: the command number ${n}`);
    const { stdout, status } = run([...many, 'echo done']);

    expect(stdout).toMatch(/^\+ \(20001 commands, not printed: .*\)\ndone\n$/);
    expect(status).toBe(0);
    expect(run([...many.slice(0, 1_000), 'echo done']).stdout).toContain('+ : the command number 999\n');
  });

  it.each([
    [
      'commands in backquotes run once',
      ['echo `printf a >> "$HOME/count"; echo b`; cat "$HOME/count"; rm "$HOME/count"'],
      'b\na',
    ],
    ['dollars are printed unchanged', ['A=1; echo "$A $(echo x) \\$"'], '1 x $\n'],
    ['backslashes are printed unchanged', ["printf '%s\\n' 'a\\nb'"], 'a\\nb\n'],
    ['single quotes are kept', ["echo 'it'\\''s'"], "it's\n"],
    ['percent signs are not interpreted', ['echo 100%s'], '100%s\n'],
    ['multi-line commands are printed once', ['if true\nthen echo yes\nfi'], 'yes\n'],
    ['a here-document stays whole', ['cat <<END\nline\nEND'], 'line\n'],
    ['a command that begins with a dash', ['-no-such-option 2>/dev/null || echo fallback'], 'fallback\n'],
  ])('%s', (_sentence, commands, want) => {
    expect(run(commands)).toEqual({ stdout: `+ ${commands[0] ?? ''}\n${want}`, stderr: '', status: 0 });
  });

  it('stops at the first failing command, with its exit code', () => {
    expect(run(['echo one', '(exit 7)', 'echo two'])).toEqual({
      stdout: '+ echo one\none\n+ (exit 7)\n',
      stderr: '',
      status: 7,
    });
  });

  it('leaves standard input to the commands', () => {
    expect(run(['read line; echo "got $line"', 'echo next']).stdout).toContain(
      'got from outside\n+ echo next\nnext\n',
    );
  });

  it('writes the clone credentials for git and unsets them', () => {
    const env = { DRONE_NETRC_FILE: 'machine m login l password $x `y`', DRONE_NETRC_PASSWORD: 'p' };
    expect(run(['echo "[$DRONE_NETRC_FILE$DRONE_NETRC_PASSWORD]"'], env).stdout).toContain('\n[]\n');
    expect(readFileSync(join(home, '.netrc'), 'utf8')).toBe('machine m login l password $x `y`\n');
    expect(statSync(join(home, '.netrc')).mode & 0o777).toBe(0o600);
  });

  it('runs although the home folder is not writable', () => {
    expect(run(['echo on'], { HOME: '/nonexistent', DRONE_NETRC_FILE: 'machine m' })).toMatchObject({
      stdout: '+ echo on\non\n',
      status: 0,
    });
  });
});

describe('stepScript', () => {
  it('opens a session only when a step of a debug build fails', () => {
    expect(stepScript(['true'], { debug: true })).toContain('/usr/drone/bin/tmate -F');
    expect(stepScript(['true'], { debug: false })).not.toContain('tmate');
  });
});
