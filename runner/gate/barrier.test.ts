import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TestPod, until } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

const clone = { name: 'clone', runs: 'always' } as const;

describe('the barrier', () => {
  it('lets clone run and end before the others have started', async () => {
    pod = new TestPod([clone, {}]);

    pod.start(1);

    expect((await pod.ending(1)).code).toBe(0);
  });

  it('holds every other step until the last container has started', async () => {
    pod = new TestPod([clone, {}, {}, { sh: 'true' }]);
    pod.startAll([4]);
    await pod.ending(1);
    await pod.started(2, 3);

    pod.note('last container');
    pod.start(4);
    await pod.endings();

    expect(pod.order().slice(0, 2)).toEqual(['1', 'last container']);
    expect(pod.order().slice(2).sort()).toEqual(['2', '3']);
  });

  it('holds a first step that is not named clone', async () => {
    pod = new TestPod([{ name: 'build' }, { sh: 'true' }]);
    pod.start(1);
    await pod.started(1);

    pod.note('last container');
    pod.start(2);
    await pod.endings();

    expect(pod.order()).toEqual(['last container', '1']);
  });

  it('holds a step named clone that is not the first', async () => {
    pod = new TestPod([{ name: 'build', sh: 'true' }, clone]);
    pod.start(2);
    await pod.started(2);

    pod.note('last container');
    pod.start(1);
    await pod.endings();

    expect(pod.order()).toEqual(['last container', '2']);
  });

  it('waits also for a clone that starts last', async () => {
    pod = new TestPod([{ ...clone, sh: 'true' }, {}, {}]);
    pod.startAll([1]);
    await pod.started(2, 3);

    pod.note('clone container');
    pod.start(1);
    await pod.endings();

    expect(pod.order()[0]).toBe('clone container');
    expect(pod.order()).toHaveLength(3);
  });

  it.each([1, 7, 10, 20])('opens for twenty containers if number %i starts last', async (last) => {
    pod = new TestPod(Array.from({ length: 20 }, () => ({})));
    const early = pod.numbers().filter((n) => n !== last);
    pod.startAll([last]);
    await pod.started(...early);

    pod.note('last container');
    pod.start(last);
    await pod.endings();

    expect(pod.order()[0]).toBe('last container');
    expect(pod.order()).toHaveLength(21);
  });

  it('does not wait for a swapped container', async () => {
    pod = new TestPod([{}, { engine: 'swap' }, {}]);
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['ran 0', 'none', 'ran 0']);
  });

  it('does not exist if the stage starts eagerly', async () => {
    pod = new TestPod([{}, {}], { start: 'eager' });

    pod.start(1);

    expect((await pod.ending(1)).code).toBe(0);
  });

  it.each([1, 2, 3])(
    'opens although container %i died at it, and the others continue as after a kill',
    async (dead) => {
      pod = new TestPod([{}, {}, {}, { after: [1, 2, 3], runs: 'always' }, { runs: 'on-failure' }]);
      pod.startAll([5]);
      await pod.started(1, 2, 3, 4);
      pod.gate(dead).process.kill('SIGKILL');
      await pod.ending(dead);

      pod.start(5);
      await pod.endings();

      const want = ['failed-before 0', 'failed-before 0', 'failed-before 0', 'ran 0', 'ran 0'];
      want[dead - 1] = 'none';
      expect(pod.exits()).toEqual(want);
    },
  );

  it('opens if a container was dead before the next one started', async () => {
    pod = new TestPod([{ fails: 'ignore' }, {}, {}]);
    pod.start(1);
    await pod.started(1);
    pod.gate(1).process.kill('SIGKILL');
    await pod.ending(1);

    pod.startAll([1]);
    await pod.endings();

    expect(pod.exits()).toEqual(['none', 'ran 0', 'ran 0']);
  });

  it('opens when the runner reports that a container can never start', async () => {
    pod = new TestPod([{}, {}, {}]);
    pod.startAll([2]);
    await pod.started(1, 3);

    pod.tell(2, 'ran 128 5 5\n');
    await pod.endings();

    expect(pod.exits()).toEqual(['failed-before 0', 'none', 'failed-before 0']);
  });

  it('ends at once, for all gates, when a waiting one gets a stop signal', async () => {
    pod = new TestPod([{}, {}, {}, {}]);
    pod.startAll([4]);
    await pod.started(1, 2, 3);

    pod.gate(2).process.kill('SIGTERM');
    await pod.endings();

    expect(pod.exits().slice(0, 3)).toEqual(['stopping 0', 'stopping 0', 'stopping 0']);
    expect(pod.order()).toEqual([]);
  });

  it('ends for all gates when the running clone gets a stop signal', async () => {
    const slow = 'trap "" TERM; touch "$ROOT/on"; while [ ! -e "$ROOT/off" ]; do sleep 0.02; done';
    pod = new TestPod([{ ...clone, sh: slow }, {}, {}, {}]);
    pod.startAll([4]);
    await pod.started(2, 3);
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await Promise.all([pod.ending(2), pod.ending(3)]);
    writeFileSync(join(pod.root, 'off'), '');
    await pod.endings();

    expect(pod.exits().slice(0, 3)).toEqual(['ran 0', 'stopping 0', 'stopping 0']);
  });
});

describe('after a slow start', () => {
  it('steps wait for a second behind the barrier, for a cancel that the kubelet may have delayed', async () => {
    pod = new TestPod([{}, {}]);
    writeFileSync(join(pod.root, 'hangar/state/init'), `${Date.now() - 60_000}\n`);
    pod.startAll();

    await pod.endings();

    const opened = statSync(pod.statePath(1, 'passed')).mtimeMs;
    const startMs = Number(readFileSync(pod.statePath(1, 'exit'), 'utf8').split(' ')[2]);
    expect(startMs - opened).toBeGreaterThan(950);
    expect(pod.exits()).toEqual(['ran 0', 'ran 0']);
  });

  it('in a Pod without init container the files of the Secret tell when it began', async () => {
    pod = new TestPod([{}]);
    rmSync(join(pod.root, 'hangar/state/init'));
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(join(pod.root, 'hangar/common/stage.json'), longAgo, longAgo);
    pod.start(1);

    await pod.endings();

    const opened = statSync(pod.statePath(1, 'passed')).mtimeMs;
    const startMs = Number(readFileSync(pod.statePath(1, 'exit'), 'utf8').split(' ')[2]);
    expect(startMs - opened).toBeGreaterThan(950);
  });

  it('clone does not wait', async () => {
    pod = new TestPod([clone, {}]);
    writeFileSync(join(pod.root, 'hangar/state/init'), `${Date.now() - 60_000}\n`);

    pod.start(1);

    expect((await pod.ending(1)).code).toBe(0);
  });

  it.each(['', 'soon'])('an unreadable time of %j delays nothing', async (text) => {
    pod = new TestPod([{}]);
    rmSync(join(pod.root, 'hangar/state/init'));
    if (text !== '') writeFileSync(join(pod.root, 'hangar/state/init'), text);
    pod.start(1);

    await until(() => pod.order().length === 1);

    expect((await pod.ending(1)).code).toBe(0);
  });
});
