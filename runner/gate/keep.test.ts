import { afterEach, describe, expect, it } from 'vitest';
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
