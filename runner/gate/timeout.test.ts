import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { TestPod, type TestStep } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

async function outcome(steps: TestStep[]): Promise<string[]> {
  pod = new TestPod(steps);
  pod.startAll();
  await pod.endings();
  return pod.exits();
}

const hangs = 'exec sleep 1000';
const EXCEEDED = 'hangar: the step exceeded its timeout of 200ms, and was stopped\n';

describe('a step that exceeds its timeout', () => {
  it('gets the stop signal of its image, and ends with 124 whatever its own code', async () => {
    const polite = `trap 'echo bye; exit 0' USR1; while :; do sleep 0.02; done`;

    const exits = await outcome([{ sh: polite, own: { timeoutMs: 200, stopSignal: 'SIGUSR1' } }]);

    const { code, stdout, stderr } = await pod.ending(1);
    expect([code, exits, pod.message(1).split(' ')[0]]).toEqual([124, ['timed-out 124'], 'timed-out']);
    expect(siftedOf([stdout, stderr])).toEqual({
      text: `bye\n${EXCEEDED}`,
      kinds: ['start', 'end 124 timed-out', 'close'],
    });
  });

  it('is killed after its grace if it ignores the signal', async () => {
    const ignores = 'trap "" TERM; while :; do sleep 0.02; done';

    const exits = await outcome([{ sh: ignores, own: { timeoutMs: 200, stopGraceMs: 100 } }]);

    expect(exits).toEqual(['timed-out 124']);
  });

  it('has failed: steps for failures run, the others are skipped', async () => {
    const exits = await outcome([
      { name: 'slow', sh: hangs, own: { timeoutMs: 200 } },
      { after: [1] },
      { after: [2], runs: 'on-failure', sh: 'echo "failed: $DRONE_FAILED_STEPS"' },
    ]);

    expect(exits).toEqual(['timed-out 124', 'failed-before 0', 'ran 0']);
    expect((await pod.ending(3)).stdout).toContain('failed: slow\n');
  });

  it('stops its siblings if its failures are fast', async () => {
    const exits = await outcome([{ sh: hangs, fails: 'fast', own: { timeoutMs: 200 } }, { sh: hangs }]);

    expect(exits).toEqual(['timed-out 124', 'ran 143']);
  });

  it('keeps that result if a stop signal follows, which starts nothing more', async () => {
    const ignores = `trap 'touch "$ROOT/stopped"' TERM; while :; do sleep 0.02; done`;
    const retry = { attempts: 3, backoffMs: 0 };
    pod = new TestPod([
      { sh: ignores, own: { timeoutMs: 200, stopGraceMs: 1500, retry } },
      { after: [1], runs: 'always' },
    ]);
    pod.startAll();
    await pod.file('stopped');

    pod.gate(1).process.kill('SIGTERM');
    const [first] = await pod.endings();

    expect(pod.exits()).toEqual(['timed-out 124', 'stopping 0']);
    expect(existsSync(pod.statePath(1, 'stopping'))).toBe(true);
    expect(first?.stderr).not.toContain('attempt');
  });
});

describe('a step that does not exceed its timeout', () => {
  it.each([0, 3, 124])('ends with its own code: %i', async (code) => {
    const exits = await outcome([{ sh: `sleep 0.2; exit ${code}`, own: { timeoutMs: 5_000 } }]);

    expect(exits).toEqual([`ran ${code}`]);
    expect((await pod.ending(1)).stderr).not.toContain('timeout');
  });

  it('has no timeout after a stop signal: it ends as stopped, although its time passes meanwhile', async () => {
    const slow = `trap 'sleep 2.5; exit 5' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done`;
    pod = new TestPod([{ sh: slow, own: { timeoutMs: 2_000 } }]);
    pod.start(1);
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    const { stderr } = await pod.ending(1);

    expect(pod.exits()).toEqual(['ran 5']);
    expect(stderr).not.toContain('timeout');
  });

  it('has no timeout after fail-fast has stopped it', async () => {
    const slow = `trap 'sleep 2.5; exit 5' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done`;
    const fails = 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done; exit 1';

    const exits = await outcome([
      { sh: slow, own: { timeoutMs: 2_000 } },
      { sh: fails, fails: 'fast' },
    ]);

    expect(exits).toEqual(['ran 5', 'ran 1']);
  });
});
