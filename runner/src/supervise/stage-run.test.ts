import { settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, waiting, withStates, withStatus } from './testing/a-pod.ts';
import { FakeStepLog } from './testing/fake-step-logs.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const one = aPlan([aPlannedStep(1)]);

describe('a stage run with marks', () => {
  it('reports each step at its start and its end, then the stage, and then deletes the Pod', async () => {
    const stageRun = new TestStageRun();
    await stageRun.run(1);
    await stageRun.run(2);
    expect(stageRun.reports).toEqual(['1 running', '1 success', '2 running', '2 success', 'stage success']);
    expect(stageRun.isRemoved).toBe(false);
    await stageRun.show((pod) => withStates(pod, { 1: gated(0), 2: gated(0) }));
    await stageRun.clock.step(0);
    expect(stageRun.isRemoved).toBe(true);
    expect(stageRun.end).toMatchObject({ kind: 'finished', conclusion: { kind: 'completed' } });
    expect([stageRun.reported, stageRun.concluded]).toEqual([
      1,
      [{ conclusion: { kind: 'completed' }, trouble: undefined }],
    ]);
    expect(stageRun.logs.opened.every(({ isStored }) => isStored)).toBe(true);
    expect([stageRun.feed.subscribers, stageRun.clock.pending]).toEqual([0, 0]);
  });

  it('opens a log when its step is due, and sends it live when the server knows that the step runs', async () => {
    const stageRun = new TestStageRun();
    await settle();
    expect([stageRun.logs.isOpen(1), stageRun.logs.isOpen(2)]).toEqual([true, false]);
    expect(stageRun.logs.of(1).isLive).toBe(false);
    stageRun.logs.of(1).start(stageRun.clock.now());
    await settle();
    expect(stageRun.logs.of(1).isLive).toBe(true);
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.logs.isOpen(2)).toBe(true);
    expect(stageRun.logs.of(2).order).toMatchObject({
      namespace: 'ci',
      pod: 'drone-abc',
      nonce: 'n0nce',
      stepId: 200,
      stepName: 's2',
    });
  });

  it('does not wait for the kubelet if the gates have reported everything', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] }), aPlannedStep(3, { after: [2] })]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1);
    await stageRun.run(2, 3);
    expect(stageRun.reports.slice(-2)).toEqual(['2 failure', 'stage failure']);
    expect([stageRun.reported, stageRun.server.statusOf(3), stageRun.isRemoved]).toEqual([
      1,
      'skipped',
      false,
    ]);
  });

  it('leaves it to the gate whether a step runs, if a failure in parallel may have come after its start', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2), aPlannedStep(3, { after: [2] })]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 1);
    await stageRun.run(2);
    expect(stageRun.server.statusOf(3)).toBe('pending');
    await stageRun.run(3);
    expect(stageRun.reports).toEqual([
      '1 running',
      '1 failure',
      '2 running',
      '2 success',
      '3 running',
      '3 success',
      'stage failure',
    ]);
  });

  it('also learns from the gate that a step was skipped', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2), aPlannedStep(3, { after: [2] })]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 1);
    await stageRun.run(2);
    stageRun.logs.of(3).skip('failed-before', stageRun.clock.now());
    stageRun.logs.of(3).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.reports.slice(-2)).toEqual(['3 skipped', 'stage failure']);
  });

  it('predicts what is skipped, in the order of the gates', async () => {
    const always = { after: [2], runs: 'always' } as const;
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] }), aPlannedStep(3, always)]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 1);
    // A skip is reported at once, an end after its log.
    expect(stageRun.reports).toEqual(['1 running', '2 skipped', '1 failure']);
    await stageRun.run(3);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('skips all pending steps after exit code 78, even those that always run (known issue 52)', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1], runs: 'always' })]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 78);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports).toEqual(['1 running', '2 skipped', '1 success', 'stage success']);
    expect(stageRun.server.step(1)?.exitCode).toBe(78);
  });

  it('stops no step that runs in parallel to a failure (known issue 7)', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2)]);
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 1);
    expect(stageRun.isRemoved).toBe(false);
    await stageRun.run(2);
    await stageRun.clock.step(5_000);
    expect([1, 2].map((n) => stageRun.server.statusOf(n))).toEqual(['failure', 'success']);
  });

  it('counts once how long a step took to start, from when it was due', async () => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.clock.step(400);
    stageRun.logs.of(1).start(stageRun.clock.now());
    stageRun.logs.of(1).start(stageRun.clock.now());
    expect(stageRun.starts).toEqual([{ engine: 'gate', latencyMs: 400 }]);
  });

  it('reports the schema of a card', async () => {
    const stageRun = new TestStageRun({
      plan: one,
      log: (log) => Object.assign(log, { schema: 'https://cards/1' }),
    });
    await stageRun.run(1);
    expect(stageRun.server.step(1)?.schema).toBe('https://cards/1');
  });

  it('writes the notes for the author at the start of the first log, which may have been opened before', async () => {
    const order = { stepId: 100, container: 'step-1' };
    const firstLog = new FakeStepLog(order as never);
    const stageRun = new TestStageRun({ order: { firstLog, notes: ['beware'] } });
    await settle();
    expect([firstLog.notes, firstLog.isFollowed, stageRun.logs.opened]).toEqual([['beware'], true, []]);
  });
});

describe('a stage run with the status of the kubelet', () => {
  it('needs no log to know how a step ended', async () => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.show((pod) => withStates(pod, { 1: gated(3) }));
    expect(stageRun.reports).toEqual(['1 failure', 'stage failure']);
    expect(stageRun.server.step(1)).toMatchObject({
      exitCode: 3,
      started: 1_768_383_011,
      stopped: 1_768_383_019,
    });
  });

  it('ignores a mark that comes after the status', async () => {
    const stageRun = new TestStageRun({
      plan: one,
      log: (log) => Object.assign(log, { upload: new Promise(() => undefined) }),
    });
    await stageRun.show((pod) => withStates(pod, { 1: gated(3) }));
    stageRun.logs.of(1).skip('failed-before', 5);
    stageRun.logs.of(1).end(0, 5);
    stageRun.cancelled.abort();
    await settle();
    expect(stageRun.server.step(1)).toMatchObject({ status: 'failure', exitCode: 3 });
  });

  it('corrects, while the stage runs, a failure that was a kill for memory', async () => {
    const stageRun = new TestStageRun({ plan: aPlan([aPlannedStep(1), aPlannedStep(2)]) });
    await stageRun.run(1, 2);
    expect(stageRun.reports).toEqual(['1 running', '1 failure']);
    await stageRun.show((pod) =>
      withStates(pod, { 1: terminated(2, { reason: 'OOMKilled' }), 2: running() }),
    );
    expect(stageRun.server.step(1)).toMatchObject({ exitCode: 137, error: 'killed: out of memory' });
    await stageRun.run(2);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('ends a step with 137 if its gate was killed and left no message', async () => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.show((pod) => withStates(pod, { 1: terminated(137) }));
    expect(stageRun.server.step(1)).toMatchObject({ status: 'failure', exitCode: 137, error: '' });
  });

  it.each([
    ['of the whole container', terminated(137, { reason: 'OOMKilled' })],
    [
      'of its child alone',
      terminated(137, { reason: 'OOMKilled', message: 'ran 137 1768383011000 1768383019000' }),
    ],
  ])('waits for the word on a kill %s for memory (known issue 36)', async (_, state) => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.run(1, 137);
    await stageRun.clock.step(2_000);
    expect(stageRun.reports).toEqual(['1 running']);
    await stageRun.show((pod) => withStates(pod, { 1: state }));
    expect(stageRun.server.step(1)).toMatchObject({ exitCode: 137, error: 'killed: out of memory' });
  });

  it('waits for that status no longer than three seconds, and as long again after it has read the Pod', async () => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.run(1, 137);
    await stageRun.clock.step(5_999);
    expect(stageRun.reports).toEqual(['1 running']);
    await stageRun.clock.step(1);
    expect(stageRun.reports).toEqual(['1 running', '1 failure', 'stage failure']);
  });

  it('reads the Pod if the watch is silent: one that is being deleted makes no result of what stopped its step', async () => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.run(1, 143);
    const { pod = {} } = stageRun.feed;
    stageRun.feed.unseen = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date() } };
    await stageRun.clock.step(3_000);
    expect(stageRun.reports).toEqual(['1 running', 'stage error']);
  });

  it.each([
    ['deleted', 'gone' as const, ['1 running', 'stage error']],
    ['as it was', undefined, ['1 running', '1 failure', 'stage failure']],
  ])('then takes the Pod for %s', async (_, unseen, reports) => {
    const stageRun = new TestStageRun({ plan: one });
    await stageRun.run(1, 143);
    stageRun.feed.unseen = unseen;
    await stageRun.clock.step(6_000);
    expect(stageRun.reports).toEqual(reports);
  });

  it('ends the stage with the text of a gate that failed itself', async () => {
    const stageRun = new TestStageRun();
    await stageRun.show((pod) =>
      withStates(pod, { 1: terminated(214, { message: 'cannot write its state' }) }),
    );
    expect(stageRun.reports.at(-1)).toBe('stage error');
    expect(stageRun.server.step(1)).toMatchObject({
      status: 'error',
      error: 'step s1 could not be started: cannot write its state',
    });
    expect(stageRun.server.statusOf(2)).toBe('skipped');
  });

  it('notes in the log what the Pod waits for, once per cause, and shows the step as running', async () => {
    const stageRun = new TestStageRun();
    const pulling = (message: string) =>
      stageRun.show((pod) => withStates(pod, { 1: waiting('ErrImagePull', message) }));
    await pulling('timeout');
    await pulling('timeout');
    await pulling('503');
    await pulling('timeout');
    expect(stageRun.logs.of(1).notes).toEqual(
      ['timeout', '503'].map((why) => `waiting for image docker.io/library/i1:1: ${why}`),
    );
    expect(stageRun.reports).toEqual(['1 running']);
    expect(stageRun.starts).toEqual([]);
    await stageRun.show((pod) => withStates(pod, { 1: gated(0) }));
    expect(stageRun.server.step(1)?.started).toBe(1_768_383_011);
  });
});

describe('services and detached steps', () => {
  const background = aPlannedStep(1, { role: 'background', fails: 'fast' });
  const plan = aPlan([background, aPlannedStep(2, { after: [1] })]);
  const apart = aPlan([background, aPlannedStep(2)]);

  it('are reported when they run, and end with the stage', async () => {
    const stageRun = new TestStageRun({ plan });
    await settle();
    stageRun.logs.of(1).start(stageRun.clock.now());
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await stageRun.clock.step(1_000);
    expect(stageRun.reports).toEqual(['1 running', '2 running', '2 success', 'stage success']);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'success', exitCode: 0, detached: true });
  });

  it('that end early decide nothing', async () => {
    const stageRun = new TestStageRun({ plan });
    await stageRun.run(1, 1);
    await stageRun.run(2);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports).toEqual(['1 running', '2 running', '2 success', 'stage success']);
    expect(stageRun.server.statusOf(1)).toBe('success');
    expect(stageRun.logs.of(1).isStored).toBe(true);
  });

  it('that never end delay neither the report nor the end of the stage, only the deletion of the Pod', async () => {
    const insists = aPlan([{ ...background, pid1: true }, aPlannedStep(2, { after: [1] })]);
    const stageRun = new TestStageRun({ plan: insists });
    await settle();
    stageRun.logs.of(1).start(stageRun.clock.now());
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await stageRun.clock.step(1_000);
    expect([stageRun.reports.at(-1), stageRun.reported, stageRun.isRemoved, stageRun.end]).toEqual([
      'stage success',
      1,
      true,
      undefined,
    ]);
    await stageRun.clock.step(10_000);
    expect(stageRun.end?.kind).toBe('finished');
    expect(stageRun.logs.of(1).isStored).toBe(true);
  });

  it('that are skipped are reported as skipped', async () => {
    const after = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background', after: [1] })]);
    const stageRun = new TestStageRun({ plan: after });
    await stageRun.run(1, 1);
    expect(stageRun.reports).toEqual(['1 running', '2 skipped', '1 failure', 'stage failure']);
  });

  it('that ended before their log could be read have run, as their termination message says', async () => {
    const stageRun = new TestStageRun({ plan: apart, adoptions: 1 });
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: gated(0), 2: gated(0) }));
    await stageRun.clock.step(1_000);
    expect(stageRun.reports.at(-1)).toBe('stage success');
    expect(stageRun.server.step(1)).toMatchObject({ status: 'success', started: 1_768_383_011 });
  });

  it('that never started are skipped, whatever their container did', async () => {
    const stageRun = new TestStageRun({ plan: apart, adoptions: 1 });
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: gated(0, 'stopping'), 2: gated(0) }));
    await stageRun.clock.step(1_000);
    expect([stageRun.reports.at(-1), stageRun.server.statusOf(1)]).toEqual(['stage success', 'skipped']);
  });

  it('whose container runs are waited for, since their log says whether they have started', async () => {
    const stageRun = new TestStageRun({ plan: apart, adoptions: 1 });
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await stageRun.clock.step(9_000);
    expect([stageRun.ended, stageRun.reports.at(-1)]).toEqual([1, '2 success']);
    stageRun.logs.of(1).start(stageRun.clock.now());
    await stageRun.clock.step(1_000);
    expect([stageRun.reports.at(-1), stageRun.server.statusOf(1)]).toEqual(['stage success', 'success']);
  });

  it('are not waited for longer than ten seconds, nor if their container never started', async () => {
    const unreadable = new TestStageRun({ plan: apart, adoptions: 1 });
    await unreadable.run(2);
    await unreadable.clock.step(11_000);
    expect([unreadable.reports.at(-1), unreadable.server.statusOf(1)]).toEqual(['stage success', 'skipped']);

    const pulls = new TestStageRun({ plan: apart, adoptions: 1 });
    await pulls.show((pod) => withStates(pod, { 1: waiting('ContainerCreating') }));
    await pulls.run(2);
    await pulls.clock.step(1_000);
    expect([pulls.reports.at(-1), pulls.server.statusOf(1)]).toEqual(['stage success', 'skipped']);
  });

  it('of a completed stage may end by themselves before their Pod is deleted', async () => {
    const stageRun = new TestStageRun({ plan });
    await settle();
    stageRun.logs.of(1).start(stageRun.clock.now());
    await stageRun.run(2);
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await stageRun.clock.step(1_000);
    expect([stageRun.reported, stageRun.isRemoved]).toEqual([1, false]);
    await stageRun.show((pod) => withStates(pod, { 1: gated(143) }));
    expect(stageRun.isRemoved).toBe(true);
  });
});

describe('an adopted stage run', () => {
  const adopted = { adoptions: 1 };

  it('finds the steps that ended long ago without an owner: there is no time-out', async () => {
    const pod = withStatus(withStates(aPod(aPlan()), { 1: gated(0), 2: gated(1) }), { phase: 'Failed' });
    const stageRun = new TestStageRun({ ...adopted, pod, order: { admittedMonotonicMs: -86_400_000 } });
    await stageRun.clock.step(1_000);
    expect(stageRun.reports).toEqual(['1 success', '2 failure', 'stage failure']);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('does not report steps that ended long ago as running, and counts no start', async () => {
    const stageRun = new TestStageRun({ ...adopted, plan: one });
    await settle();
    stageRun.logs.of(1).start(stageRun.clock.now() - 60_000);
    await stageRun.clock.step(400);
    stageRun.logs.of(1).end(0, stageRun.clock.now() - 50_000);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports).toEqual(['1 success', 'stage success']);
    expect(stageRun.starts).toEqual([]);
  });

  it('reports the steps that still run, with the version found by trial, and sends their logs live', async () => {
    const stageRun = new TestStageRun({ ...adopted, plan: one });
    stageRun.server.register([1], 2);
    await settle();
    expect(stageRun.logs.of(1).order.shownUntilMs).toBe(stageRun.clock.now());
    stageRun.logs.of(1).start(stageRun.clock.now() - 60_000);
    await stageRun.clock.step(500);
    expect([stageRun.reports, stageRun.logs.of(1).isLive]).toEqual([['1 running'], true]);
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(5_000);
    expect(stageRun.reports).toEqual(['1 running', '1 success', 'stage success']);
  });

  it.each([2, 3, 4])(
    'taken over for the %i. time does not take a repeated report for a cancel',
    async (adoptions) => {
      const stageRun = new TestStageRun({ adoptions, plan: one });
      stageRun.server.register([1], adoptions + 1);
      await settle();
      stageRun.logs.of(1).start(stageRun.clock.now() - 60_000);
      await stageRun.clock.step(500);
      expect(stageRun.reports).toEqual(['1 running']);
    },
  );

  it('finds a cancel from between the two owners', async () => {
    const stageRun = new TestStageRun({ ...adopted, plan: one });
    stageRun.server.register([1], 2);
    stageRun.server.cancel();
    await settle();
    stageRun.logs.of(1).start(stageRun.clock.now() - 60_000);
    await stageRun.clock.step(500);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
    await stageRun.clock.step(10_000);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('finds it also by a step that starts well after: no other replica can have reported that one', async () => {
    const stageRun = new TestStageRun(adopted);
    await settle();
    stageRun.logs.of(1).end(0, stageRun.clock.now() - 60_000);
    await settle();
    stageRun.server.cancel();
    await stageRun.clock.step(120_000);
    stageRun.logs.of(2).start(stageRun.clock.now());
    await stageRun.clock.step(500);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });

  it('reports the steps that were not reported, if it ends otherwise', async () => {
    const stageRun = new TestStageRun(adopted);
    await stageRun.show((pod) => withStates(pod, { 2: waiting('InvalidImageName') }));
    await settle();
    expect(stageRun.reports).toEqual(['1 skipped', '2 error', 'stage error']);
  });
});
