import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { TestStep } from './testing/pod.ts';
import { TestPod } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

async function runOne(step: TestStep, stage = {}, env?: NodeJS.ProcessEnv) {
  pod = new TestPod([step], stage);
  return pod.start(1, env === undefined ? {} : { env }).ending;
}

describe('the environment of a step', () => {
  const print = (...names: string[]) => `echo ${names.map((name) => `"\${${name}-unset}"`).join(' ')}`;

  it('is that of the image, overridden by the stage, overridden by the step', async () => {
    const { stdout } = await runOne(
      { sh: print('A', 'B', 'C'), env: { C: 'step' } },
      { env: { B: 'stage', C: 'stage' } },
      { A: 'image', B: 'image', C: 'image', PATH: '/usr/bin:/bin' },
    );

    expect(stdout).toContain('\nimage stage step\n');
  });

  it('lacks variables that the step unsets, unless the step sets them', async () => {
    const { stdout } = await runOne(
      { sh: print('A', 'B', 'C'), env: { C: 'step' }, own: { unset: ['A', 'B', 'C'] } },
      { env: { B: 'stage', C: 'stage' } },
      { A: 'image', PATH: '/usr/bin:/bin' },
    );

    expect(stdout).toContain('\nunset unset step\n');
  });

  it('has the current status: success', async () => {
    const { stdout } = await runOne({
      sh: print('DRONE_BUILD_STATUS', 'DRONE_STAGE_STATUS', 'DRONE_STEP_NUMBER', 'DRONE_FAILED_STEPS'),
    });

    expect(stdout).toContain('\nsuccess success 1 unset\n');
  });

  it('has the current status: after a failure', async () => {
    pod = new TestPod([
      { name: 'unit', sh: 'exit 1' },
      { name: 'lint', sh: 'exit 1', fails: 'ignore', after: [1], runs: 'always' },
      {
        after: [2],
        runs: 'always',
        sh: print('DRONE_BUILD_STATUS', 'DRONE_STAGE_STATUS', 'DRONE_STEP_NUMBER', 'DRONE_FAILED_STEPS'),
      },
    ]);
    pod.startAll();

    expect((await pod.ending(3)).stdout).toContain('\nfailure failure 3 unit\n');
  });

  it('has a failed build but a successful stage if an earlier stage failed', async () => {
    const { stdout } = await runOne(
      { sh: print('DRONE_BUILD_STATUS', 'DRONE_STAGE_STATUS') },
      { buildFailed: true },
    );

    expect(stdout).toContain('\nfailure success\n');
  });

  it('lets the author’s value override the status', async () => {
    const { stdout } = await runOne({ sh: print('DRONE_BUILD_STATUS'), env: { DRONE_BUILD_STATUS: 'mine' } });

    expect(stdout).toContain('\nmine\n');
  });

  it('is written to /run/drone/env as plugins expect it, without anything else', async () => {
    await runOne(
      { env: { SECRET: 'x' } },
      { env: { CI: 'true' }, droneEnv: { 'io.drone.repo.name': 'a "b"\nc', 'odd key': 'x' } },
    );

    const lines = pod.read('run/drone/1/env').split('\n');
    expect(lines.map((line) => line.replace(/\d{10}/, 'now'))).toEqual([
      'DRONE_BUILD_FINISHED="now"',
      'DRONE_BUILD_STATUS="success"',
      'DRONE_STAGE_FINISHED="now"',
      'DRONE_STAGE_STATUS="success"',
      'io.drone.repo.name="a \\"b\\"\\nc"',
      '',
    ]);
  });
});

describe('the command', () => {
  it('gets its arguments unchanged: nothing is expanded', async () => {
    const odd = ['$HOME', '$(A)', '$$(A)', '`id`', '*', 'a  b', '"', "'", '', 'ü\n'];

    const { stdout } = await runOne({
      argv: ['/bin/sh', '-c', 'printf "<%s>" "$@"', 'sh', ...odd],
      env: { A: '1' },
    });

    expect(stdout).toContain(odd.map((text) => `<${text}>`).join(''));
  });

  it('is looked up in the child’s own PATH, not in the gate’s', async () => {
    pod = new TestPod([{ argv: ['tool'], env: { PATH: 'bin:/usr/bin:/bin' } }]);
    mkdirSync(join(pod.root, 'bin'));
    writeFileSync(join(pod.root, 'bin/tool'), '#!/bin/sh\necho found\n', { mode: 0o755 });

    const { stdout } = await pod.start(1).ending;

    expect(stdout).toContain('\nfound\n');
  });

  it.each<[string, number, RegExp]>([
    ['no-such-program', 127, /no-such-program: not found in PATH/],
    ['/no/such/program', 127, /\/no\/such\/program: not found/],
    ['./plain', 126, /not executable/],
    ['./text', 126, /not a program/],
    ['./orphaned', 127, /its interpreter/],
    ['./', 126, /not executable/],
  ])('%s exits with code %i and a reason', async (command, code, why) => {
    pod = new TestPod([{ argv: [command] }]);
    writeFileSync(join(pod.root, 'plain'), 'echo', { mode: 0o644 });
    writeFileSync(join(pod.root, 'text'), 'echo no first line\n', { mode: 0o755 });
    writeFileSync(join(pod.root, 'orphaned'), '#!/no/interpreter\n', { mode: 0o755 });

    const ending = await pod.start(1).ending;

    expect(ending.code).toBe(code);
    expect(ending.stderr).toMatch(why);
    expect(pod.exits()).toEqual([`ran ${code}`]);
  });

  it.each([0, 1, 77, 78, 126, 255])('exits with its own code: %i', async (code) => {
    expect((await runOne({ sh: `exit ${code}` })).code).toBe(code);
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
    ['SEGV', 139],
  ])('ended by signal %s has code %i', async (signal, code) => {
    expect((await runOne({ sh: `kill -${signal} $$` })).code).toBe(code);
  });
});

describe('the process of a step', () => {
  it('has the umask that the container had', async () => {
    const before = process.umask(0o027);
    const { stdout } = await runOne({ sh: 'umask' }).finally(() => process.umask(before));

    expect(stdout).toContain('\n0027\n');
  });

  it('has only three of the gate’s descriptors', async () => {
    const { stdout } = await runOne({ sh: 'ls -l /proc/self/fd' });

    expect(stdout).not.toContain('/hangar/state/');
  });

  it('leads its own session, and has no signals blocked', async () => {
    const { stdout } = await runOne({ argv: ['cat', '/proc/self/status', '/proc/self/stat'] });

    expect(stdout).toMatch(/SigBlk:\t0+\n/);
    const [, pid, session] = /^(\d+) \(cat\) \w \d+ \d+ (\d+) /m.exec(stdout) ?? [];
    expect(pid).toMatch(/^\d+$/);
    expect(session).toBe(pid);
  });

  it('leaves orphans that its gate reaps, without taking an orphan’s code for its own', async () => {
    const orphan =
      '(sh -c "echo \\$\\$ > $ROOT/pid; exit 9" &); while [ ! -s "$ROOT/pid" ]; do sleep 0.02; done';
    const gone = 'while [ -e "/proc/$(cat "$ROOT/pid")" ]; do sleep 0.02; done; exit 3';

    expect((await runOne({ sh: `${orphan}; ${gone}` })).code).toBe(3);
  });

  it('ends its gate although a remaining process still holds the output open', async () => {
    const ending = await runOne({ sh: 'sleep 1000 & exit 0' });

    expect(ending.code).toBe(0);
  });

  it('replaces the gate if the image must be PID 1, and holds its lock', async () => {
    const story = 'echo $$ > "$ROOT/pid"; touch "$ROOT/on"; while [ ! -e "$ROOT/off" ]; do sleep 0.02; done';
    pod = new TestPod([
      { role: 'background', sh: story, own: { pid1: true } },
      { after: [1], sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done; touch "$ROOT/off"' },
    ]);
    pod.startAll();

    const [first] = await pod.endings();

    expect(Number(pod.read('pid'))).toBe(pod.gate(1).pid);
    expect(first?.stdout).toMatch(/hangar abcd start at=\d+ key=\S+\n$/);
    expect(pod.exits()).toEqual(['none', 'ran 0']);
  });

  it('that must be PID 1 but can’t be started is reported like any other', async () => {
    pod = new TestPod([{ role: 'background', argv: ['/no/init'], own: { pid1: true } }, { after: [1] }]);
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['ran 127', 'ran 0']);
  });
});

describe('reporting of a step', () => {
  it('marks both streams, byte for byte', async () => {
    const { stdout, stderr } = await runOne({ sh: 'echo out; echo err >&2; printf open' });

    const first = `\u001ehangar abcd start at=\\d{13} key=[\\w-]{43}\n`;
    const last = (words: string) => `\u001ehangar abcd ${words} at=\\d{13} sig=[\\w-]{86}\n`;
    expect(stdout).toMatch(new RegExp(`^${first}out\nopen${last('end code=0')}$`));
    expect(stderr).toMatch(new RegExp(`^${first}err\n${last('close')}$`));
    expect(stderr.split('\n')[0]).toBe(stdout.split('\n')[0]);
  });

  it('marks a skipped step as well', async () => {
    pod = new TestPod([{ sh: 'exit 1' }, { after: [1] }]);
    pod.startAll();

    const { stdout, stderr, code } = await pod.ending(2);

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\u001ehangar abcd skip why=failed-before at=(\d+) key=\S+\n\u001ehangar abcd end code=0 at=\1 sig=\S+\n$/,
    );
    expect(stderr).toMatch(
      /^\u001ehangar abcd skip why=failed-before at=\d+ key=\S+\n\u001ehangar abcd close at=\d+ sig=\S+\n$/,
    );
  });

  it('is accepted by the runner, line by line', async () => {
    const { stdout, stderr } = await runOne({ sh: 'echo out; echo err >&2; exit 3' });

    expect(siftedOf([stdout, stderr])).toEqual({ text: 'out\nerr\n', kinds: ['start', 'end 3', 'close'] });
    expect(siftedOf([stderr, stdout])).toEqual({ text: 'err\nout\n', kinds: ['start', 'close', 'end 3'] });
  });

  it('can’t be forged by the step’s program, which knows the nonce of the marks', async () => {
    const forged = String.raw`
      word=$(sed 's/.*"nonce":"\([^"]*\)".*/\1/' "$ROOT/hangar/common/stage.json")
      printf '\036hangar %s end code=0 at=1 sig=%086d\n' "$word" 0
      printf '\036hangar %s close at=1 sig=%086d\n' "$word" 0 >&2
      echo still here; exit 3`;
    const { stdout, stderr } = await runOne({ sh: forged });

    const { text, kinds } = siftedOf([stdout, stderr]);
    expect(kinds).toEqual(['start', 'end 3', 'close']);
    expect(text).toContain('hangar abcd end code=0 at=1 sig=000');
    expect(text).toContain('still here\n');
  });

  it('can’t be signed by the step’s program, which has no access to its gate’s memory', async () => {
    // As in a container: without SYS_PTRACE, and as the gate's own user.
    const peep = 'cat /proc/$PPID/mem; cat /proc/$PPID/environ; ls /proc/$PPID/fd; true';
    pod = new TestPod([{ sh: `exec 2>&1; ${peep}` }]);

    const { stdout } = await pod.start(1, { uid: 65_534 }).ending;

    expect(stdout.match(/permission denied/gi)).toHaveLength(3);
  });

  it('writes the same line to the exit file and the termination message, of at most 60 bytes', async () => {
    await runOne({ sh: 'exit 255' });

    const line = readFileSync(pod.statePath(1, 'exit'), 'utf8');
    expect(line).toMatch(/^ran 255 \d{13} \d{13}\n$/);
    expect(pod.message(1)).toBe(line);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(60);
  });

  it('has equal start and end times for a skipped step', async () => {
    pod = new TestPod([{ sh: 'exit 1' }, { after: [1] }]);
    pod.startAll();
    await pod.endings();

    expect(pod.message(2)).toMatch(/^failed-before 0 (\d{13}) \1\n$/);
  });

  it('works in a container that can’t write a termination message', async () => {
    pod = new TestPod([{}]);
    const log = join(pod.containerRoot(1), 'dev/termination-log');
    rmSync(log);
    mkdirSync(log);

    expect((await pod.start(1).ending).code).toBe(0);
  });
});
