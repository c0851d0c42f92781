import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';
import { type Ending, Gate, TestPod, type TestStep } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

/** Runs in a mount namespace of its own, with which its mounts disappear. Without root, a user namespace is added. */
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
/** Kills a gate that hangs; the test then fails by the exit code. */
const PATIENCE_SECONDS = 30;

/** Runs a shell script in which `gate N` runs that step's gate and `init` the init container. */
async function inside(steps: readonly TestStep[], script: string): Promise<Ending> {
  pod = new TestPod(steps);
  const gate = `timeout -k 1 ${PATIENCE_SECONDS} ${gateBinary()}`;
  const words = pod.numbers().join(' ');
  const prelude = `
    gate() { ${gate} --root "$ROOT/containers/$1" run "$1"; }
    init() { ${gate} --root "$ROOT" init ${words}; }
    STATE="$ROOT/hangar/state"`;
  const env = { PATH: process.env['PATH'], ROOT: pod.root };
  return new Gate(
    spawn('unshare', [...UNSHARE, '/bin/sh', '-c', `${prelude}\n${script}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    }),
  ).ending;
}

const full = (options: string): string => `mount -t tmpfs -o ${options} none "$STATE" && init || exit 99`;

describe('a full state folder', () => {
  it.each([
    ['for another byte', 'size=4k', 'exit.new'],
    ['for another file', 'nr_inodes=3', 'lock'],
    ['for the last file', 'nr_inodes=8', 'stopping.new'],
  ])('%s ends the gate at once, with a message', async (_, options, file) => {
    const { code, stdout, stderr } = await inside([{}], `${full(options)}; gate 1`);

    expect(code).toBe(214);
    expect(stderr).toMatch(
      new RegExp(`^hangar gate: cannot write its state .*/1/${file}: .*no space left on device`),
    );
    expect([pod.message(1), stdout]).toEqual([stderr, '']);
  });

  it('filled by a step prevents neither the step’s code nor the start and end marks that others wait for', async () => {
    const fill = `
      dd if=/dev/zero of="$ROOT/hangar/state/1/junk" 2>/dev/null
      i=0; while touch "$ROOT/hangar/state/1/junk$i"; do i=$((i+1)); done 2>/dev/null
      exit 3`;
    const steps: readonly TestStep[] = [
      { sh: fill },
      { role: 'background', runs: 'always', after: [1], sh: 'exec sleep 600' },
      { runs: 'always', after: [2], sh: 'echo begun' },
    ];
    const script = `${full('size=64k,nr_inodes=60')}
      gate 1 & first=$!; gate 2 & second=$!; gate 3; echo "third $?"
      wait $first; echo "first $?"; wait $second; echo "second $?"; cat "$STATE"/*/exit`;
    const { stdout } = await inside(steps, script);

    expect(stdout).toContain('\nbegun\n');
    expect(stdout.match(/^(third|first|second) .*/gm)).toEqual(['third 0', 'first 3', 'second 143']);
    expect(stdout.match(/^ran \d+/gm)).toEqual(['ran 3', 'ran 143', 'ran 0']);
  });
});

describe('a read-only root file system', () => {
  const readOnly = (path: string): string =>
    `mount --bind "${path}" "${path}" && mount -o remount,ro,bind "${path}" || exit 99`;

  it('does not affect the gate: it only writes to mounts', async () => {
    const script = `
      mkdir "$ROOT.rw" && mount --rbind "$ROOT" "$ROOT.rw"
      ${readOnly('$ROOT')}
      for place in hangar/state run/drone containers/1/dev; do mount --bind "$ROOT.rw/$place" "$ROOT/$place" || exit 99; done
      gate 1; code=$?; umount -l "$ROOT.rw"; rmdir "$ROOT.rw"; exit $code`;
    const { code, stdout } = await inside([{ sh: '(: > "$ROOT/any") 2>&1; exit 4' }], script);

    expect(code).toBe(4);
    expect(stdout).toMatch(/read-only file system/i);
    expect(pod.message(1)).toMatch(/^ran 4 /);
  });

  it('that includes the state ends the gate at once, with a message', async () => {
    const { code, stderr } = await inside([{}], `${readOnly('$ROOT/hangar/state')}; gate 1`);

    expect(code).toBe(214);
    expect(stderr).toMatch(/^hangar gate: cannot write its state .*\/1\/lock: read-only file system/);
  });

  it('that includes /run/drone ends the gate and notifies the others, which continue', async () => {
    const steps = [{}, { runs: 'always', after: [1], sh: 'echo begun' }] as const;
    const script = `${readOnly('$ROOT/run/drone/1')}; gate 1 & gate 2; wait $!; exit $?`;
    const { code, stdout, stderr } = await inside(steps, script);

    expect([code, pod.exits()]).toEqual([214, ['ran 214', 'ran 0']]);
    expect(stderr).toContain('hangar gate: cannot write ');
    expect(stderr).toContain('/run/drone/env: ');
    expect(stdout).toContain('\nbegun\n');
  });
});
