import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';
import { TestPod } from './testing/pod.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hangar-gate-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  return spawnSync(gateBinary(), args, { encoding: 'utf8' });
}

const mode = (path: string) => statSync(join(folder, path)).mode & 0o7777;

describe('gate --version', () => {
  it('prints its version', () => {
    expect(run('--version')).toMatchObject({ status: 0, stdout: 'hangar-gate 0.1.0\n' });
  });
});

describe('gate init', () => {
  it('copies the program and creates folders that every user may write, whatever the umask', () => {
    const before = process.umask(0o077);
    const init = run('--root', folder, 'init', '1', '12');
    process.umask(before);

    expect(init).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'hangar/bin/gate')).equals(readFileSync(gateBinary()))).toBe(true);
    expect(mode('hangar/bin/gate')).toBe(0o755);
    for (const path of ['hangar/state/1', 'hangar/state/12', 'run/drone/1', 'run/drone/12']) {
      expect(mode(path)).toBe(0o777);
    }
  });

  it('writes the time of its end, readable by all', () => {
    run('--root', folder, 'init', '1');

    expect(readFileSync(join(folder, 'hangar/state/init'), 'utf8')).toMatch(/^\d{13}\n$/);
    expect(mode('hangar/state/init')).toBe(0o644);
  });

  it('can be repeated, as the kubelet does after a failure', () => {
    run('--root', folder, 'init', '1');

    expect(run('--root', folder, 'init', '1').status).toBe(0);
  });

  it('fails with a message if it can’t write', () => {
    writeFileSync(join(folder, 'hangar'), '');

    const init = run('--root', folder, 'init', '1');

    expect(init.status).toBe(214);
    expect(init.stderr).toMatch(/^hangar gate: init: cannot copy the program to .*hangar\/bin/);
  });

  it.each(['0', '-1', 'one', ''])('fails with a message for the step number %j', (n) => {
    expect(run('--root', folder, 'init', n).status).toBe(214);
  });
});

describe('the placeholder', () => {
  let placeholder: string;
  const processes: ChildProcess[] = [];

  beforeEach(() => {
    placeholder = join(folder, 'placeholder');
    linkOrCopy(placeholder);
  });

  afterEach(() => {
    for (const one of processes.splice(0)) one.kill('SIGKILL');
  });

  function start(...args: readonly string[]) {
    const child = spawn(placeholder, args, { stdio: 'ignore' });
    processes.push(child);
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    return { child, ended };
  }

  /** Stops one, and gives its exit code. A signal within the first milliseconds ends any process: then one is stopped later. */
  async function stopped(
    signal: NodeJS.Signals,
    args: readonly string[],
    meanwhile: (ended: Promise<number | null>) => Promise<void> = () => Promise.resolve(),
  ): Promise<number | null> {
    for (let waitMs = 20; waitMs < 20_000; waitMs *= 2) {
      const { child, ended } = start(...args);
      await sleep(waitMs);
      expect(child.exitCode).toBe(null);
      child.kill(signal);
      await meanwhile(ended);
      const code = await ended;
      if (code !== null) return code;
    }
    return null;
  }

  /** The folder as root of a swapped container; `env`: content of the file of the downward API. */
  function inContainer(env: string): readonly [string, string] {
    mkdirSync(join(folder, 'run/drone'), { recursive: true });
    writeFileSync(join(folder, 'run/drone/env'), env);
    return ['--root', folder];
  }

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'sleeps with any arguments, and exits with 213 on %s',
    async (signal) => expect(await stopped(signal, ['--version', 'init', '1'])).toBe(213),
  );

  it('that is stopped for its step waits until the status file of that step is there', async () => {
    const args = inContainer('');
    const events: unknown[] = [];
    const code = await stopped('SIGTERM', args, async (ended) => {
      events.push(await Promise.race([ended, sleep(500, 'waits')]));
      if (events.at(-1) === 'waits') writeFileSync(join(folder, 'run/drone/env'), 'DRONE_STAGE_STATUS=x\n');
    });

    expect([events.at(-1), code]).toEqual(['waits', 213]);
  });

  it('that is stopped for good, without a status file, ends after 3 seconds', async () => {
    const beganMs = performance.now();

    expect(await stopped('SIGTERM', inContainer(''))).toBe(213);
    expect(performance.now() - beganMs).toBeGreaterThan(2_900);
  });

  it('whose status file is there ends at once', async () => {
    const events: unknown[] = [];
    const args = inContainer('DRONE_STAGE_STATUS="success"\n');
    await stopped('SIGTERM', args, async (ended) => {
      events.push(await Promise.race([ended, sleep(2_500, 'waits')]));
    });

    expect(events.at(-1)).toBe(213);
  });

  it('becomes the program after --else outside of a container of a step', async () => {
    const outside = ['--root', join(folder, 'elsewhere')];
    expect(await start(...outside, '--else', '/bin/sh', '-c', 'exit 5').ended).toBe(5);
    expect(await start(...outside, '--else', '/does/not/exist').ended).toBe(214);
  });

  it('stays the placeholder in the container of a step, whatever its arguments are', async () => {
    const args = [...inContainer('x'), '--else', '/bin/sh', '-c', 'exit 5'];
    expect(await stopped('SIGTERM', args)).toBe(213);
  });
});

function linkOrCopy(path: string): void {
  try {
    linkSync(gateBinary(), path);
  } catch {
    writeFileSync(path, readFileSync(gateBinary()), { mode: 0o755 });
  }
}

describe('a gate that can’t work', () => {
  let pod: TestPod;

  beforeEach(() => {
    pod = new TestPod([{}, { after: [1], runs: 'on-failure' }]);
  });

  afterEach(async () => {
    await pod.close();
  });

  /** @param ran results of other steps, which were started too */
  async function failure(want: RegExp, ran: readonly string[] = []): Promise<void> {
    const { code, stderr, stdout } = await pod.start(1).ending;

    expect(code).toBe(214);
    expect(stderr).toMatch(want);
    expect(stdout).toBe('');
    expect(pod.message(1)).toBe(stderr);
    await pod.endings();
    expect(pod.order()).toEqual(ran);
  }

  it('has no state folder', async () => {
    rmSync(join(pod.root, 'hangar/state/1'), { recursive: true });

    await failure(/^hangar gate: cannot write its state .*state\/1\/lock/);
  });

  it('can’t write its state', async () => {
    mkdirSync(pod.statePath(1, 'started'));

    await failure(/^hangar gate: cannot write its state .*state\/1\/started/);
  });

  it('can’t write /run/drone', async () => {
    pod.startAll([1]);
    rmSync(join(pod.root, 'run/drone/1'), { recursive: true });

    await failure(/^hangar gate: cannot write .*run\/drone\/env/, ['2']);
  });

  it.each<[string, string, RegExp]>([
    ['hangar/common/stage.json', '{', /cannot understand .*stage\.json/],
    ['hangar/common/stage.json', '{"version":2}', /stage\.json has version 2.*knows 1/],
    ['hangar/common/stage.json', '{"version":1,"steps":[]}', /has no step 1/],
    ['containers/1/hangar/own/step.json', '{"version":1,"n":2,"argv":["a"]}', /is of step 2, but/],
    ['containers/1/hangar/own/step.json', '{"version":1,"n":1,"argv":[]}', /names no command/],
  ])('reads %s with %s', async (path, text, want) => {
    writeFileSync(join(pod.root, path), text);

    await failure(want);
    expect(pod.exits()[0]).toBe('ran 214');
  });

  it('finds no files at all', async () => {
    rmSync(join(pod.root, 'hangar/common/stage.json'));

    await failure(/cannot read its files: .*stage\.json/);
  });

  it('counts as a failure for the others, which do not hang', async () => {
    rmSync(join(pod.containerRoot(1), 'hangar/own/step.json'));
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['ran 214', 'ran 0']);
  });

  it.each([['run', '0'], ['run', 'x'], ['run'], ['walk'], []])(
    'has an invalid command line: %j %j',
    (...args) => {
      expect(run('--root', folder, ...args.filter((arg) => typeof arg === 'string')).status).toBe(214);
    },
  );
});

describe('a step that modifies its folder', () => {
  let pod: TestPod;

  afterEach(async () => {
    await pod.close();
  });

  it.each([
    ['puts a pipe in place of its exit file', 'mkfifo "$S/exit"; exit 3', 'ran 3'],
    ['writes another exit file', 'echo ran 0 1 1 > "$S/exit"; exit 3', 'ran 3'],
    ['removes all files', 'rm -rf "$S"/*; exit 3', 'ran 3'],
  ])('%s: its gate overwrites it, and no other gate hangs', async (_name, sh, want) => {
    pod = new TestPod([{ sh: `S="$ROOT/hangar/state/1"; ${sh}` }, { after: [1], runs: 'on-failure' }]);
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual([want, 'ran 0']);
  });

  it('replaces its exit file with a folder: the gate fails with a message, the others see a kill', async () => {
    pod = new TestPod([{ sh: 'mkdir -p "$ROOT/hangar/state/1/exit/x"' }, { after: [1], runs: 'on-failure' }]);
    pod.startAll();

    expect((await pod.ending(1)).code).toBe(214);
    await pod.endings();

    expect(existsSync(pod.statePath(2, 'exit'))).toBe(true);
    expect(pod.order()).toEqual(['2']);
  });
});

describe('a container with few permissions', () => {
  it('runs a step as any user, with a root file system where only its own folders are writable', async () => {
    const pod = new TestPod([{ sh: 'exit 0' }, { after: [1], sh: 'id -u' }]);
    const uid = process.getuid?.() === 0 ? 65534 : undefined;
    pod.start(1);
    pod.start(2, uid === undefined ? {} : { uid });

    const { stdout, code } = await pod.ending(2);
    await pod.close();

    expect(code).toBe(0);
    expect(stdout).toContain(`\n${uid ?? process.getuid?.() ?? ''}\n`);
  });
});
