import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TestPod, type TestStep } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

/** Leaves a line when it begins and one when it ends. */
const spells = 'echo + >> "$ROOT/spells"; sleep 0.15; echo - >> "$ROOT/spells"';

/** The largest number of steps that ran at the same time. */
function most(): number {
  let [now, found] = [0, 0];
  for (const line of readFileSync(join(pod.root, 'spells'), 'utf8').trim().split('\n')) {
    now += line === '+' ? 1 : -1;
    found = Math.max(found, now);
  }
  return found;
}

async function outcome(steps: TestStep[], parallelism: number): Promise<string[]> {
  pod = new TestPod(steps, { parallelism });
  pod.startAll();
  await pod.endings();
  return pod.exits();
}

const six = Array.from({ length: 6 }, (): TestStep => ({ sh: spells }));

describe('the number of steps that run at the same time', () => {
  it.each([1, 2, 4])('is at most %i', async (parallelism) => {
    expect(await outcome(six, parallelism)).toEqual(six.map(() => 'ran 0'));
    expect(most()).toBe(parallelism);
  });

  it('is not limited without the field', async () => {
    await outcome(six, 0);
    expect(most()).toBeGreaterThan(4);
  });

  it('does not include services', async () => {
    const service: TestStep = { role: 'background', sh: 'sleep 1000' };
    expect(await outcome([service, service, { after: [1, 2], sh: spells }], 1)).toEqual([
      'ran 143',
      'ran 143',
      'ran 0',
    ]);
  });

  it('lets a step that has waited be skipped for a failure meanwhile', async () => {
    await occupied({ sh: spells }, 'until [ -e "$ROOT/go" ]; do sleep 0.02; done; exit 1');
    writeFileSync(join(pod.root, 'go'), '');
    await pod.endings();
    expect(pod.exits()).toEqual(['ran 1', 'failed-before 0']);
  });

  it('is free again after a step whose gate was killed', async () => {
    await occupied({ sh: spells, runs: 'always' });
    pod.gate(1).process.kill('SIGKILL');
    expect((await pod.ending(2)).code).toBe(0);
    expect(most()).toBe(1);
  });

  it('does not keep a step that waits from its stop', async () => {
    await occupied({ sh: spells });
    pod.gate(2).process.kill('SIGTERM');
    expect([(await pod.ending(2)).code, pod.exits()]).toEqual([0, ['none', 'stopping 0']]);
  });

  /** Step 1 has the only place; the other step has started to wait for it. */
  async function occupied(other: TestStep, sh = 'exec sleep 1000'): Promise<void> {
    pod = new TestPod([{ sh }, other], { parallelism: 1, start: 'eager' });
    pod.start(1);
    await pod.childStarted(1);
    pod.start(2);
    await pod.started(2);
  }
});
