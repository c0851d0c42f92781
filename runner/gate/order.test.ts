import { afterEach, describe, expect, it } from 'vitest';
import type { TestStep } from './testing/pod.ts';
import { TestPod } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

async function outcome(steps: TestStep[], stage = {}): Promise<string[]> {
  pod = new TestPod(steps, stage);
  pod.startAll();
  await pod.endings();
  return pod.exits();
}

describe('order', () => {
  it('runs a serial pipeline one step after another', async () => {
    const serial = Array.from({ length: 8 }, (_, at) => ({ after: at === 0 ? [] : [at] }));

    await outcome(serial);

    expect(pod.order()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('starts serial steps in order whatever the start order of the containers', async () => {
    pod = new TestPod([{}, { after: [1] }, { after: [2] }]);
    for (const n of [3, 2, 1]) pod.start(n);

    await pod.endings();

    expect(pod.order()).toEqual(['1', '2', '3']);
  });

  it('runs two branches at the same time, and the step after both when both have ended', async () => {
    const meet = (mine: string, other: string) =>
      `touch "$ROOT/${mine}"; while [ ! -e "$ROOT/${other}" ]; do sleep 0.02; done; echo branch >> "$ROOT/order"`;

    await outcome([{ sh: meet('a', 'b') }, { sh: meet('b', 'a') }, { after: [1, 2] }]);

    expect(pod.order()).toEqual(['branch', 'branch', '3']);
  });

  it('runs a step after a service as soon as the service was started, not when it ends', async () => {
    const exits = await outcome([{ role: 'background', sh: 'exec sleep 1000' }, { after: [1] }]);

    expect(exits).toEqual(['ran 143', 'ran 0']);
  });

  it('waits for the dependency of a step that was skipped', async () => {
    const slow = 'sleep 0.3; echo slow >> "$ROOT/order"';

    await outcome([{ sh: slow }, { after: [1], runs: 'on-failure' }, { after: [2] }]);

    expect(pod.order()).toEqual(['slow', '3']);
  });
});

describe('decisions', () => {
  const fails = { sh: 'exit 3' };

  it.each<{ name: string; steps: TestStep[]; want: string[] }>([
    {
      name: 'after a failure: skipped, on-failure runs, always runs',
      steps: [fails, { after: [1] }, { after: [2], runs: 'on-failure' }, { after: [3], runs: 'always' }],
      want: ['ran 3', 'failed-before 0', 'ran 0', 'ran 0'],
    },
    {
      name: 'without a failure: on-failure is skipped',
      steps: [{}, { after: [1], runs: 'on-failure' }, { after: [2] }],
      want: ['ran 0', 'passed-before 0', 'ran 0'],
    },
    {
      name: 'an ignored failure changes nothing',
      steps: [{ ...fails, fails: 'ignore' }, { after: [1] }, { after: [2], runs: 'on-failure' }],
      want: ['ran 3', 'ran 0', 'passed-before 0'],
    },
    {
      name: '78 ends the pipeline, always-steps too',
      steps: [{ sh: 'exit 78' }, { after: [1] }, { after: [2], runs: 'always' }],
      want: ['ran 78', 'ended-early 0', 'ended-early 0'],
    },
    {
      name: 'a fail-fast failure skips even always-steps',
      steps: [
        { ...fails, fails: 'fast' },
        { after: [1], runs: 'always' },
      ],
      want: ['ran 3', 'fast 0'],
    },
    {
      name: 'a program that is not there fails as in a shell',
      steps: [{ argv: ['no-such-program'] }, { after: [1] }, { after: [1], runs: 'on-failure' }],
      want: ['ran 127', 'failed-before 0', 'ran 0'],
    },
    {
      name: 'known issue 51: that failure may be ignored',
      steps: [{ argv: ['no-such-program'], fails: 'ignore' }, { after: [1] }],
      want: ['ran 127', 'ran 0'],
    },
    {
      name: 'the failure of a service fails nothing',
      steps: [
        { role: 'background', sh: 'exit 1' },
        { after: [1], sh: 'while [ ! -e "$ROOT/hangar/state/1/exit" ]; do sleep 0.02; done' },
        { after: [2] },
      ],
      want: ['ran 1', 'ran 0', 'ran 0'],
    },
    {
      name: 'a service whose program is missing does not block others',
      steps: [{ role: 'background', argv: ['no-such-program'] }, { after: [1] }],
      want: ['ran 127', 'ran 0'],
    },
  ])('$name', async ({ steps, want }) => {
    expect(await outcome(steps)).toEqual(want);
  });

  it('a failure in another branch skips a step that has not started', async () => {
    const gateOpen = 'while [ ! -e "$ROOT/hangar/state/2/exit" ]; do sleep 0.02; done';

    const exits = await outcome([{ sh: gateOpen }, { sh: 'exit 1' }, { after: [1] }]);

    expect(exits).toEqual(['ran 0', 'ran 1', 'failed-before 0']);
  });

  it('stops a running sibling when a fail-fast step fails', async () => {
    const exits = await outcome([
      { sh: 'touch "$ROOT/on"; exec sleep 1000' },
      { fails: 'fast', sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done; exit 1' },
      { after: [1], runs: 'always' },
    ]);

    expect(exits).toEqual(['ran 143', 'ran 1', 'fast 0']);
  });

  it('kills a sibling that ignores the stop signal of fail-fast', async () => {
    const deaf = 'trap "" TERM; touch "$ROOT/on"; while :; do sleep 0.05; done';

    const exits = await outcome([
      { sh: deaf, own: { stopGraceMs: 100 } },
      { fails: 'fast', sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done; exit 1' },
    ]);

    expect(exits).toEqual(['ran 137', 'ran 1']);
  });

  it('does not stop siblings when a fail-fast step succeeds', async () => {
    const slow = 'while [ ! -e "$ROOT/hangar/state/2/exit" ]; do sleep 0.02; done; sleep 0.3';

    expect(await outcome([{ sh: slow }, { fails: 'fast' }])).toEqual(['ran 0', 'ran 0']);
  });
});

describe('services and detached steps', () => {
  it('end with the last ordinary step, by the stop signal of their image', async () => {
    const service = (signal: string) =>
      `trap 'echo ${signal} >> "$ROOT/order"; exit 0' ${signal}; touch "$ROOT/on-${signal}"; while :; do sleep 0.02; done`;
    const both = 'while [ ! -e "$ROOT/on-QUIT" ] || [ ! -e "$ROOT/on-TERM" ]; do sleep 0.02; done';

    const exits = await outcome([
      { role: 'background', sh: service('QUIT'), own: { stopSignal: 'SIGQUIT' } },
      { role: 'background', sh: service('TERM') },
      { after: [1, 2], sh: `${both}; echo last >> "$ROOT/order"` },
    ]);

    expect(exits).toEqual(['ran 0', 'ran 0', 'ran 0']);
    expect(pod.order()[0]).toBe('last');
    expect(pod.order().slice(1).sort()).toEqual(['QUIT', 'TERM']);
  });

  it('are killed if they ignore it', async () => {
    const deaf = 'trap "" TERM; touch "$ROOT/on"; while :; do sleep 0.05; done';

    const exits = await outcome([
      { role: 'background', sh: deaf, own: { stopGraceMs: 100 } },
      { after: [1], sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done' },
    ]);

    expect(exits).toEqual(['ran 137', 'ran 0']);
  });

  it('are not started if a dependency failed', async () => {
    expect(await outcome([{ sh: 'exit 1' }, { role: 'background', after: [1] }, { after: [2] }])).toEqual([
      'ran 1',
      'failed-before 0',
      'failed-before 0',
    ]);
  });
});
