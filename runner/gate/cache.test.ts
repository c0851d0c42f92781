import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';
import { type Ending, Gate, TestPod } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

const LIMITS = ['--max-bytes', '100000000', '--total-bytes', '0', '--max-age-ms', '0'];
/** Runs in a mount namespace of its own, with which its mounts disappear. Without root, a user namespace is added. */
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hangar-cache-'));
  for (const name of ['storage', 'npm', 'go', 'fresh']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'npm/package'), 'content');
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const argv = (action: 'restore' | 'save', ...dirs: readonly string[]): readonly string[] => [
  gateBinary(),
  'cache',
  action,
  ...['--storage', join(root, 'storage'), '--key', 'host/octocat/hello'],
  ...(action === 'save' ? LIMITS : []),
  ...dirs.map((dir) => `${dir === 'fresh' ? 'npm' : dir}=${join(root, dir)}`),
];

/** Runs a shell script in which `save DIR...` and `restore DIR...` are the commands. */
function inside(script: string): Promise<Ending> {
  const text = `
    save() { ${argv('save').join(' ')} "$@"; }
    restore() { ${argv('restore').join(' ')} "$@"; }
    cd "${root}" || exit 99
    ${script}`;
  return new Gate(
    spawn('unshare', [...UNSHARE, '/bin/sh', '-c', text], { stdio: ['ignore', 'pipe', 'pipe'] }),
  ).ending;
}

describe('gate cache', () => {
  it('as the program of steps: its lines are their logs, and --root has no effect on its paths', async () => {
    const pod = new TestPod([
      { argv: argv('restore', 'fresh', 'go') },
      { after: [1], argv: argv('save', 'npm', 'go') },
      { after: [2], argv: argv('restore', 'fresh') },
    ]);
    pod.startAll();
    await Promise.all([1, 2, 3].map((n) => pod.ending(n)));

    expect(pod.exits()).toEqual(['ran 0', 'ran 0', 'ran 0']);
    const logs = [1, 2, 3].map((n) => siftedOf([pod.gate(n).stdout, pod.gate(n).stderr]).text);
    expect(logs[0]).toBe('npm: no cache yet\ngo: no cache yet\n');
    expect(logs[1]).toMatch(/^npm: saved 7 B in 1 file in \d+\.\ds\ngo: not saved: it is empty\n$/);
    expect(logs[2]).toMatch(/^npm: restored 7 B in 1 file in \d+\.\ds\n$/);
    expect(readFileSync(join(root, 'fresh/package'), 'utf8')).toBe('content');
    await pod.close();
  });

  it('ends with 2 and its usage if the arguments are wrong', async () => {
    const { code, stdout, stderr } = await inside('restore npm=');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^hangar gate: cache restore: "npm=" must be NAME=DIR\nusage: gate cache restore /,
    );
  });

  it('says what to check if the storage is mounted read-only, from which it can restore', async () => {
    const { code, stdout } = await inside(`
      save npm="${root}/npm"; echo changed > npm/package
      mount --bind storage storage && mount -o remount,ro,bind storage || exit 99
      restore npm="${root}/fresh"; echo "code $?"; save npm="${root}/npm"`);

    expect(code).toBe(1);
    expect(stdout.replaceAll(/\d+\.\ds/g, 'TIME')).toBe(
      'npm: saved 7 B in 1 file in TIME\nnpm: restored 7 B in 1 file in TIME\ncode 0\n' +
        'npm: not saved: the storage of caches cannot be used: cannot lock .npm.lock: read-only file system ' +
        '(it is mounted read-only: the operator must check the claim or host path that HANGAR_CACHE names)\n',
    );
  });
});

describe('a full disk', () => {
  const fill = (dir: string, kib: number): string =>
    `dd if=/dev/urandom of="${root}/${dir}/data" bs=1024 count=${kib} 2>/dev/null`;

  it('of the storage: the longest unused caches make room, and without them nothing is saved', async () => {
    const { code, stdout } = await inside(`
      mount -t tmpfs -o size=1m none storage || exit 99
      ${fill('npm', 600)}; save npm="${root}/npm"
      ${fill('go', 600)}; save go="${root}/go"
      ls -A storage/host/octocat/hello
      ${fill('go', 700)}; save go="${root}/go"
      restore go="${root}/fresh"`);

    expect(code).toBe(0);
    expect(stdout.replaceAll(/\d+\.\ds/g, 'TIME')).toBe(
      [
        'npm: saved 600 KiB in 2 files in TIME',
        'removed the cache npm, unused for 0s: the storage is full',
        'go: saved 600 KiB in 1 file in TIME',
        '.go.lock\n.npm.lock\ngo.tar',
        'go: not saved: the storage is full',
        'go: restored 600 KiB in 1 file in TIME\n',
      ].join('\n'),
    );
  });

  it('of the build: nothing is restored', async () => {
    const { code, stdout } = await inside(`
      ${fill('npm', 600)}; save npm="${root}/npm"
      mount -t tmpfs -o size=512k none fresh || exit 99
      restore npm="${root}/fresh"; echo "code $?"; ls -A fresh`);

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /saved.*\nnpm: not restored: cannot make data: no space left on device; it starts empty\ncode 0\n$/,
    );
  });
});

describe('a stop signal', () => {
  it('ends a save at once; what it leaves is removed by the next one', async () => {
    const folder = join(root, 'storage/host/octocat/hello');
    const { stdout } = await inside(`
      save npm="${root}/npm"
      dd if=/dev/zero of=npm/large bs=1M count=90 2>/dev/null
      ${argv('save', 'npm').join(' ')} & pid=$!
      until ls "${folder}"/.npm.*.tmp >/dev/null 2>&1; do :; done
      kill -STOP $pid; ls -A "${folder}"; kill $pid; kill -CONT $pid; wait $pid; echo "code $?"
      rm npm/large; echo more > npm/more; save npm="${root}/npm"`);

    expect(stdout).toMatch(
      /^npm: saved 7 B .*\n\.npm\.[A-Z0-9]+\.tmp\n\.npm\.lock\nnpm\.tar\ncode 143\nnpm: saved 12 B in 2 files .*\n$/,
    );
    expect(readdirSync(folder)).toEqual(['.npm.lock', 'npm.tar']);
  });
});
