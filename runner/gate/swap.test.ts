import { afterEach, describe, expect, it } from 'vitest';
import { TestPod } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

const waitsForOff = 'touch "$ROOT/on"; while [ ! -e "$ROOT/off" ]; do sleep 0.02; done';

describe('a swapped step', () => {
  it('is waited for until the runner reports its end', async () => {
    pod = new TestPod([{ engine: 'swap' }, { after: [1] }, { sh: waitsForOff }]);
    pod.tell(1, '');
    pod.startAll();
    await pod.file('on');

    pod.note('told');
    pod.tell(1, 'ran 0 5 6\n');
    await pod.ending(2);

    expect(pod.order()).toEqual(['told', '2']);
  });

  it('holds the steps after it while it runs', async () => {
    pod = new TestPod([{ engine: 'swap' }, { after: [1] }, { sh: waitsForOff }]);
    pod.tell(1, 'running 0 5 0\n');
    pod.startAll();
    await pod.file('on');

    pod.note('told');
    pod.tell(1, 'ran 1 5 6\n');
    await pod.ending(2);

    expect(pod.exits()[1]).toBe('failed-before 0');
  });

  it('in the background lets the steps after it continue once it runs', async () => {
    pod = new TestPod([{ engine: 'swap', role: 'background' }, { after: [1] }]);
    pod.tell(1, 'running 0 5 0\n');
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['none', 'ran 0']);
  });

  it('that failed fast stops a running step', async () => {
    pod = new TestPod([{ engine: 'swap', fails: 'fast' }, { sh: 'touch "$ROOT/on"; exec sleep 1000' }]);
    pod.startAll();
    await pod.file('on');

    pod.tell(1, 'ran 1 5 6\n');
    await pod.endings();

    expect(pod.exits()[1]).toBe('ran 143');
  });

  it('keeps a service running until the swapped step has ended', async () => {
    pod = new TestPod([
      {
        role: 'background',
        sh: `trap 'echo stopped >> "$ROOT/order"; exit 0' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done`,
      },
      { engine: 'swap', after: [1] },
    ]);
    pod.startAll();
    await pod.file('on');

    pod.note('told');
    pod.tell(2, 'ran 0 5 6\n');
    await pod.endings();

    expect(pod.order()).toEqual(['told', 'stopped']);
  });

  it('that was skipped lets the steps after it decide for themselves', async () => {
    pod = new TestPod([{ sh: 'exit 1' }, { engine: 'swap', after: [1] }, { after: [2], runs: 'always' }]);
    pod.tell(2, 'failed-before 0 5 5\n');
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['ran 1', 'none', 'ran 0']);
  });
});
