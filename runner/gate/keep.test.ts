import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';
import { TestPod, type TestStep } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

const KEEP_MS = 60_000;
let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

/** Starts all gates of a stage that keeps the containers of failed steps. */
function started(steps: TestStep[], keepFailedMs = KEEP_MS): TestPod {
  pod = new TestPod(steps, { keepFailedMs });
  pod.startAll();
  return pod;
}

describe('the container of a failed step', () => {
  it('stays after the step has ended for the log, for the other steps and for the runner', async () => {
    started([
      { sh: 'echo out; exit 3' },
      { after: [1] },
      { after: [1], runs: 'on-failure' },
      { role: 'background', sh: 'sleep 1000' },
    ]);

    await Promise.all([2, 3, 4].map((n) => pod.ending(n)));

    expect(pod.exits()).toEqual(['ran 3', 'failed-before 0', 'ran 0', 'ran 143']);
    expect(pod.message(1)).toMatch(/^ran 3 /);
    const gate = pod.gates.get(1);
    expect(gate?.running).toBe(true);
    expect(siftedOf([gate?.stdout ?? '', gate?.stderr ?? '']).kinds).toEqual(['start', 'end 3', 'close']);
  });

  it('ends with the code of the step at a stop signal', async () => {
    started([{ sh: 'exit 3' }, { after: [1] }]);
    await pod.ending(2);

    pod.gates.get(1)?.process.kill('SIGTERM');

    expect(await pod.ending(1)).toMatchObject({ code: 3, signal: null });
  });

  it('ends by itself after that time', async () => {
    started([{ sh: 'exit 3' }], 100);
    expect(await pod.ending(1)).toMatchObject({ code: 3 });
  });

  it.each<[string, TestStep]>([
    ['has succeeded', { sh: 'exit 0' }],
    ['ends the stage early', { sh: 'exit 78' }],
    ['has a failure that is ignored', { sh: 'exit 1', fails: 'ignore' }],
    ['runs in the background', { sh: 'exit 1', role: 'background' }],
    ['is skipped', { runs: 'on-failure' }],
  ])('does not stay if the step %s', async (_what, step) => {
    started([step]);
    expect((await pod.ending(1)).signal).toBeNull();
  });

  it('does not stay if the step was stopped for the failure of another one', async () => {
    started([{ sh: 'sleep 1000' }, { sh: 'exit 1', fails: 'fast' }]);
    expect((await pod.ending(1)).code).toBe(143);
    expect(pod.gates.get(2)?.running).toBe(true);
  });
});

describe('a shell in a container', () => {
  /** What the container has from its image and from Kubernetes. */
  const IMAGE = { PATH: process.env['PATH'], FROM_IMAGE: 'yes', UNSET: 'by the step' };
  const SHOWN = ['FROM_IMAGE', 'UNSET', 'CI', 'SECRET', 'DRONE_STEP_NUMBER', 'DRONE_STAGE_STATUS'];
  const SHOW = [...SHOWN, 'DRONE_FAILED_STEPS', 'DRONE_STAGE_FINISHED', 'HANGAR_STEP_ATTEMPT']
    .map((name) => `echo ${name}=$${name}`)
    .join('; ');

  function shell(n: number, ...args: readonly string[]): SpawnSyncReturns<string> {
    const all = ['--root', pod.containerRoot(n), 'shell', ...args];
    return spawnSync(gateBinary(), all, {
      encoding: 'utf8',
      env: IMAGE,
      cwd: pod.root,
      input: 'echo "by $0"',
    });
  }

  /** Runs the first steps of a stage, one after the other, of which the second is kept. */
  async function kept(step: TestStep = {}): Promise<void> {
    const steps: TestStep[] = [
      { name: 'broken', sh: 'exit 1', own: { retry: { attempts: 1 } } },
      {
        ...{ after: [1], runs: 'on-failure', name: 'kept', env: { SECRET: 'a b' } },
        sh: `(${SHOW}) > "$ROOT/seen"; exit 3`,
        ...step,
        own: { unset: ['UNSET'], retry: { attempts: 2, backoffMs: 1 }, ...step.own },
      },
      { after: [2], runs: 'on-failure', sh: 'exit 4', name: 'later' },
    ];
    pod = new TestPod(steps, { keepFailedMs: KEEP_MS, env: { CI: 'true' } });
    for (const n of [1, 2, 3]) pod.start(n, { env: IMAGE });
    await pod.file('hangar/state/3/exit');
  }

  it('that is kept has the environment of its last attempt, although other steps have failed since', async () => {
    await kept();
    const { stdout, status } = shell(2, 'sh', '-c', SHOW);
    expect([stdout, status]).toEqual([pod.read('seen'), 0]);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        ...['FROM_IMAGE=yes', 'UNSET=', 'CI=true', 'SECRET=a b', 'DRONE_STEP_NUMBER=2'],
        ...['DRONE_STAGE_STATUS=failure', 'DRONE_FAILED_STEPS=broken', 'HANGAR_STEP_ATTEMPT=2'],
      ]),
    );
  });

  it('is sh, and has the exit code of its program', async () => {
    await kept();
    expect(shell(2)).toMatchObject({ stdout: 'by sh\n', status: 0, stderr: '' });
    expect(shell(2, 'sh', '-c', 'exit 7').status).toBe(7);
  });

  it('finds its program where the step does, and reports what is missing without a trace in the container', async () => {
    await kept({ env: { PATH: '/nowhere' }, argv: ['/bin/sh', '-c', 'exit 3'] });
    const message = pod.message(2);
    const { status, stderr } = shell(2);
    expect([status, stderr]).toEqual([
      127,
      'hangar: cannot run sh: not found in PATH (/nowhere): name a program that the image has\n',
    ]);
    expect(pod.message(2)).toBe(message);
  });

  it('of a step that runs has the values that a step would get now', async () => {
    pod = new TestPod([
      { name: 'broken', sh: 'until [ -e "$ROOT/runs" ]; do sleep 0.01; done; exit 1' },
      { sh: 'touch "$ROOT/runs"; exec sleep 1000' },
    ]);
    pod.startAll();
    await pod.ending(1);
    const { stdout } = shell(
      2,
      'sh',
      '-c',
      'echo $DRONE_STEP_NUMBER $DRONE_FAILED_STEPS $DRONE_STAGE_STATUS',
    );
    expect(stdout).toBe('2 broken failure\n');
  });

  it('is refused outside of the container of a step', async () => {
    await kept();
    const message = pod.message(2);
    rmSync(join(pod.containerRoot(2), 'hangar/own'), { recursive: true });
    const { status, stderr } = shell(2);
    expect([status, stderr]).toEqual([
      214,
      expect.stringMatching(/^hangar gate: not in the container of a step: /),
    ]);
    expect(pod.message(2)).toBe(message);
  });
});
