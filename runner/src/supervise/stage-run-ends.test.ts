import { settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, waiting, withStates, withStatus } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const one = aPlan([aPlannedStep(1)]);
const HOUR_MS = 3_600_000;

/** Two steps after one another; the first one runs. */
async function startedRun(
  setting: ConstructorParameters<typeof TestStageRun>[0] = {},
): Promise<TestStageRun> {
  const stageRun = new TestStageRun(setting);
  await stageRun.show((pod) =>
    withStates(pod, Object.fromEntries(stageRun.plan.steps.map(({ n }) => [n, running()]))),
  );
  stageRun.logs.of(1).start(stageRun.clock.now());
  await settle();
  return stageRun;
}

const ofOwner = (owner: string) => (pod: V1Pod) => ({
  ...pod,
  metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [ANNOTATION.owner]: owner } },
});

const deleted = (pod: V1Pod): V1Pod => ({
  ...pod,
  metadata: { ...pod.metadata, deletionTimestamp: new Date(5_000), deletionGracePeriodSeconds: 30 },
});

describe('a cancel', () => {
  it('stops the Pod and ends the stage at once, and keeps the Pod until the logs are stored (known issue 8; issue 11, 1.1)', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    await settle();
    expect(stageRun.reports).toEqual(['1 running', 'stage killed']);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'killed', exitCode: 137 });
    expect(stageRun.server.statusOf(2)).toBe('skipped');
    const pod = stageRun.cluster.find<V1Pod>(stageRun.target);
    expect(pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(pod?.metadata?.annotations?.[ANNOTATION.conclusion]).toBe('{"kind":"cancelled"}');
    expect([stageRun.ended, stageRun.reported, stageRun.isRemoved]).toEqual([1, 0, false]);
    const upload = Promise.withResolvers<void>();
    stageRun.logs.of(1).upload = upload.promise;
    await stageRun.clock.step(3_600_000);
    expect([stageRun.reported, stageRun.isRemoved]).toEqual([0, false]);
    upload.resolve();
    await settle();
    expect([stageRun.reported, stageRun.isRemoved]).toEqual([1, true]);
    expect(stageRun.cluster.calls.at(-1)?.body).toMatchObject({ gracePeriodSeconds: 10 });
  });

  it('keeps the Pod while a log that it still has can’t be read', async () => {
    const stageRun = await startedRun();
    const log = stageRun.logs.of(1);
    log.isOutOfReach = true;
    stageRun.cancelled.abort();
    await stageRun.clock.step(3_600_000);
    expect([stageRun.ended, stageRun.reported, stageRun.isRemoved, log.isStored]).toEqual([
      1,
      0,
      false,
      false,
    ]);
    log.end(143, stageRun.clock.now());
    log.isOutOfReach = false;
    await stageRun.clock.step(1_000);
    expect([stageRun.reported, stageRun.isRemoved, log.isStored]).toEqual([1, true, true]);
  });

  it('deletes a Pod without a node at once: it has no logs', async () => {
    const plan = aPlan();
    const stageRun = new TestStageRun({ plan, pod: withStatus(aPod(plan, { spec: { nodeName: '' } }), {}) });
    stageRun.cancelled.abort();
    await settle();
    expect([stageRun.isRemoved, stageRun.reports]).toEqual([true, ['stage killed']]);
  });

  it('still stores the last output of the stopped program', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    await settle();
    expect(stageRun.logs.of(1).isStored).toBe(false);
    await stageRun.show((pod) => withStates(pod, { 1: gated(143), 2: gated(0, 'stopping') }));
    stageRun.logs.of(1).end(143, stageRun.clock.now());
    await stageRun.clock.step(0);
    expect([stageRun.logs.of(1).isStored, stageRun.end?.kind]).toEqual([true, 'finished']);
    expect(stageRun.server.statusOf(1)).toBe('killed');
  });

  it('is over after ten seconds, though the Pod never ends (known issue 12)', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    await stageRun.clock.step(9_999);
    expect([stageRun.end, stageRun.isRemoved]).toEqual([undefined, false]);
    await stageRun.clock.step(1);
    expect(stageRun.end?.kind).toBe('finished');
    expect([stageRun.logs.of(1).isStored, stageRun.isRemoved]).toEqual([true, true]);
    expect(stageRun.clock.pending).toBe(0);
  });

  it('before the start of the stage run starts nothing', async () => {
    const stageRun = new TestStageRun();
    stageRun.cancelled.abort();
    await stageRun.clock.step(0);
    expect(stageRun.reports).toEqual(['stage killed']);
    expect([1, 2].map((n) => stageRun.server.statusOf(n))).toEqual(['skipped', 'skipped']);
    expect(stageRun.end).toMatchObject({ kind: 'finished', conclusion: { kind: 'cancelled' } });
  });

  it('starts no further step', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.logs.isOpen(2)).toBe(false);
    expect(stageRun.server.statusOf(2)).toBe('skipped');
  });

  it('and a time-out at the same moment are one end: the first one takes effect', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    await stageRun.clock.step(2 * HOUR_MS);
    expect(stageRun.reports.filter((word) => word.startsWith('stage'))).toEqual(['stage killed']);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });
});

describe('a conflict at the server', () => {
  it('is a cancel that no watch received', async () => {
    const stageRun = await startedRun();
    stageRun.server.cancel();
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
    expect(stageRun.cluster.find<V1Pod>(stageRun.target)?.spec?.activeDeadlineSeconds).toBe(1);
    await stageRun.clock.step(20_000);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('is no cancel if another replica owns the Pod, which continues', async () => {
    const stageRun = await startedRun();
    stageRun.server.cancel();
    stageRun.cluster.put(stageRun.target, ofOwner('ci/other')(stageRun.feed.pod ?? {}));
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.end).toEqual({ kind: 'handed-over' });
    expect([stageRun.isRemoved, stageRun.reported]).toEqual([false, 0]);
  });

  it('decides nothing as long as the owner of the Pod can’t be read', async () => {
    const stageRun = await startedRun();
    stageRun.server.cancel();
    stageRun.cluster.fail('get', 'pods', noAnswer(), noAnswer());
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(1_499);
    expect(stageRun.concluded).toEqual([]);
    await stageRun.clock.step(1);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });

  it('is also a cancel if the Pod is gone', async () => {
    const stageRun = await startedRun();
    stageRun.server.cancel();
    stageRun.cluster.drop(stageRun.target);
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });
});

describe('two replicas', () => {
  it('the one whose Pod was taken over reports nothing more, and leaves the Pod', async () => {
    const stageRun = await startedRun();
    await stageRun.show(ofOwner('ci/other'));
    await stageRun.show(ofOwner('ci/other'));
    expect(stageRun.end).toEqual({ kind: 'handed-over' });
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(60_000);
    expect([stageRun.reports, stageRun.isRemoved, stageRun.logs.of(1).isStored]).toEqual([
      ['1 running'],
      false,
      false,
    ]);
  });
});

describe('the end of a stage', () => {
  it('is that of its steps, though the server has refused the log of one for good: the report of that step says so', async () => {
    const refused = 'its log is not stored: the Drone server refused it';
    const stageRun = new TestStageRun({
      log: (log) => Object.assign(log, log.order.stepId === 100 && { refused }),
    });
    await stageRun.run(1);
    await stageRun.run(2, 3);
    await stageRun.clock.step(1_000);
    expect([stageRun.server.step(1), stageRun.server.step(2)]).toMatchObject([
      { status: 'success', exitCode: 0, error: refused },
      { status: 'failure', exitCode: 3, error: '' },
    ]);
    expect(stageRun.server.stage).toMatchObject({ status: 'failure', error: '' });
    expect(stageRun.reported).toBe(1);
  });
});

describe('a time-out', () => {
  it('is reported before the Pod, until then its only record, is deleted', async () => {
    const stageRun = await startedRun();
    let open = (): void => undefined;
    stageRun.server.gate = new Promise((resolve) => {
      open = resolve;
    });
    await stageRun.clock.step(HOUR_MS + 60_000);
    expect([stageRun.isRemoved, stageRun.reported]).toEqual([false, 0]);
    open();
    await settle();
    expect([stageRun.reports.at(-1), stageRun.isRemoved]).toEqual(['stage killed', false]);
    stageRun.logs.of(1).end(143, stageRun.clock.now());
    await stageRun.clock.step(10_000);
    expect([stageRun.logs.of(1).isStored, stageRun.isRemoved, stageRun.reported]).toEqual([true, true, 1]);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'killed', exitCode: 137 });
  });

  it('stops the Pod at once, with its reason on it, while the server is away', async () => {
    const stageRun = await startedRun();
    stageRun.server.gate = new Promise(() => undefined);
    await stageRun.clock.step(HOUR_MS);
    const pod = stageRun.cluster.find<V1Pod>(stageRun.target);
    expect(pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(pod?.metadata?.annotations?.[ANNOTATION.conclusion]).toBe('{"kind":"timed-out"}');
    await stageRun.clock.step(4 * HOUR_MS);
    expect([stageRun.isRemoved, stageRun.ended, stageRun.reported]).toEqual([false, 1, 0]);
  });

  it('does not stop a Pod that another replica has taken over, which the watch does not show (issue 11, 1.3)', async () => {
    const stageRun = await startedRun();
    const pod = stageRun.cluster.find<V1Pod>(stageRun.target);
    const annotations = { ...pod?.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
    stageRun.cluster.put(stageRun.target, { ...pod, metadata: { ...pod?.metadata, annotations } });
    stageRun.server.gate = new Promise(() => undefined);
    await stageRun.clock.step(HOUR_MS);
    const now = stageRun.cluster.find<V1Pod>(stageRun.target);
    expect([now?.spec?.activeDeadlineSeconds, now?.metadata?.annotations]).toEqual([undefined, annotations]);
    expect([stageRun.isRemoved, stageRun.end]).toEqual([false, { kind: 'handed-over' }]);
  });

  it('that its former owner could not report is reported by the next owner, and no other end', async () => {
    const text = 'the image of step s2 is not there';
    const annotations = {
      [ANNOTATION.conclusion]: JSON.stringify({ kind: 'broken', text, step: 2 }),
    };
    const pod = withStates(aPod(aPlan(), { annotations }), { 1: gated(0) });
    const stageRun = new TestStageRun({
      adoptions: 1,
      pod: withStatus(pod, { phase: 'Failed', reason: 'DeadlineExceeded' }),
    });
    await settle();
    stageRun.logs.of(1).start(1);
    stageRun.logs.of(1).end(0, 2);
    await stageRun.clock.step(20_000);
    expect(stageRun.server.stage).toMatchObject({ status: 'error', error: text });
    expect([stageRun.server.statusOf(1), stageRun.logs.of(1).isStored]).toEqual(['success', true]);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('takes effect exactly when it expires', async () => {
    const stageRun = await startedRun();
    await stageRun.clock.step(HOUR_MS - 1);
    expect(stageRun.concluded).toEqual([]);
    await stageRun.clock.step(1);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['timed-out']);
  });

  it('does not affect a stage that has ended and only waits for its reports', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.server.gate = new Promise(() => undefined);
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(2 * HOUR_MS);
    expect(stageRun.concluded).toEqual([]);
    expect(stageRun.isRemoved).toBe(false);
  });

  it('is the Pod’s own deadline as well', async () => {
    const stageRun = await startedRun();
    await stageRun.show((pod) => withStatus(pod, { phase: 'Failed', reason: 'DeadlineExceeded' }));
    expect(stageRun.reports.at(-1)).toBe('stage killed');
    expect(stageRun.concluded).toMatchObject([
      { conclusion: { kind: 'timed-out' }, trouble: { code: 'deadline-exceeded' } },
    ]);
  });
});

describe('a hand-over', () => {
  it('leaves everything as it is: nothing is reported, stored or deleted any more (known issues 13 and 14)', async () => {
    const stageRun = await startedRun();
    stageRun.handOver.abort();
    await settle();
    expect(stageRun.end).toEqual({ kind: 'handed-over' });
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(60_000);
    expect([stageRun.reports, stageRun.reported, stageRun.isRemoved, stageRun.logs.of(1).isStored]).toEqual([
      ['1 running'],
      0,
      false,
      false,
    ]);
    expect([stageRun.feed.subscribers, stageRun.clock.pending]).toEqual([0, 0]);
  });

  it('before the first step', async () => {
    const stageRun = new TestStageRun();
    stageRun.handOver.abort();
    await settle();
    expect([stageRun.end, stageRun.reports]).toEqual([{ kind: 'handed-over' }, []]);
  });

  it('while the end can’t be reported keeps the Pod, from which the next owner reads the end', async () => {
    const stageRun = await startedRun();
    stageRun.server.gate = new Promise(() => undefined);
    await stageRun.clock.step(HOUR_MS);
    stageRun.handOver.abort();
    await settle();
    expect([stageRun.end, stageRun.isRemoved]).toEqual([{ kind: 'handed-over' }, false]);
  });

  it('while a service of a completed stage still ends leaves the Pod to the next owner', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background' })]);
    const stageRun = await startedRun({ plan });
    stageRun.logs.of(2).start(stageRun.clock.now());
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.show((pod) => withStates(pod, { 1: gated(0) }));
    await stageRun.clock.step(1_000);
    expect(stageRun.reported).toBe(1);
    stageRun.handOver.abort();
    await stageRun.clock.step(1_000);
    expect([stageRun.end?.kind, stageRun.isRemoved]).toEqual(['finished', false]);
  });
});

describe('a Pod that somebody deletes (known issue 35)', () => {
  it('is reported as such when it is gone', async () => {
    const stageRun = await startedRun();
    stageRun.feed.lose();
    await stageRun.clock.step(0);
    expect(stageRun.server.stage).toMatchObject({
      status: 'error',
      exitCode: 255,
      error: expect.stringMatching(/disappeared/) as string,
    });
    expect(stageRun.server.statusOf(1)).toBe('error');
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'pod-deleted', blame: 'cluster' } }]);
  });

  it('is reported as such as soon as it is being deleted, whatever its steps report meanwhile', async () => {
    const stageRun = await startedRun();
    stageRun.logs.of(1).end(143, stageRun.clock.now());
    await settle();
    await stageRun.show((pod) => withStates(deleted(pod), { 1: gated(143), 2: gated(0, 'stopping') }));
    expect(stageRun.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/was deleted, but not by the runner/) as string,
    });
    expect([1, 2].map((n) => stageRun.server.statusOf(n))).toEqual(['error', 'skipped']);
  });

  it('is no trouble when all has ended', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    stageRun.feed.lose();
    await stageRun.clock.step(0);
    expect(stageRun.reports).toEqual(['1 running', '1 success', 'stage success']);
  });

  it('is no trouble when the runner deleted it', async () => {
    const stageRun = await startedRun();
    stageRun.cancelled.abort();
    await settle();
    await stageRun.show(deleted);
    stageRun.feed.lose();
    await stageRun.clock.step(20_000);
    expect(stageRun.concluded).toEqual([{ conclusion: { kind: 'cancelled' }, trouble: undefined }]);
  });

  it('is an eviction if the node states that reason', async () => {
    const stageRun = await startedRun();
    await stageRun.show((pod) => withStatus(pod, { phase: 'Failed', reason: 'Evicted', message: 'memory' }));
    expect(stageRun.server.stage.error).toBe('the Pod was evicted from its node: memory');
  });
});

describe('a stop of the gates', () => {
  it('without a deletion of the Pod is no success, but an error after ten seconds', async () => {
    const stageRun = await startedRun();
    await stageRun.show((pod) => withStates(pod, { 2: gated(0, 'stopping') }));
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(9_000);
    expect(stageRun.concluded).toEqual([]);
    await stageRun.clock.step(1_500);
    expect(stageRun.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/signal to stop before step s2/) as string,
    });
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'pod-stopped' } }]);
  });

  it('is known from the log alone', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.logs.of(1).skip('stopping', stageRun.clock.now());
    await stageRun.clock.step(10_000);
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'pod-stopped' } }]);
  });

  it('is no trouble for a service', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background', after: [1] })]);
    const stageRun = await startedRun({ plan });
    await stageRun.show((pod) => withStates(pod, { 2: gated(0, 'stopping') }));
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(20_000);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });
});

describe('troubles', () => {
  it('an image that is not there ends the stage before anything ran (known issue 34)', async () => {
    const stageRun = new TestStageRun();
    await stageRun.show((pod) => withStates(pod, { 2: waiting('ErrImagePull', 'manifest unknown') }));
    expect(stageRun.server.step(2)).toMatchObject({
      status: 'error',
      exitCode: 255,
      error: expect.stringMatching(/i2:1 of step s2 cannot be pulled/) as string,
    });
    expect([stageRun.server.statusOf(1), stageRun.server.stage.status, stageRun.isRemoved]).toEqual([
      'skipped',
      'error',
      true,
    ]);
  });

  it.each(['StartError', 'ContainerCannotRun'])(
    'a container that the runtime did not start (%s) is no result of its step, but the end of the stage, with the text of the runtime',
    async (reason) => {
      const stageRun = await startedRun();
      await stageRun.run(1);
      const text = 'cannot be mounted because it is inside /proc';
      await stageRun.show((pod) => withStates(pod, { 2: terminated(128, { reason, message: text }) }));
      expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'container-refused', step: 2 } }]);
      expect(stageRun.server.step(2)).toMatchObject({
        status: 'error',
        error: expect.stringContaining(text) as string,
      });
    },
  );

  it('known issue 51: so does the container of a step whose failure is ignored: the Pod can not go on without it', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { fails: 'ignore', after: [1] })]);
    const stageRun = await startedRun({ plan });
    await stageRun.show((pod) => withStates(pod, { 2: terminated(128, { reason: 'StartError' }) }));
    expect(stageRun.server.stage).toMatchObject({ status: 'error' });
  });

  it('a program that ends with 128 by itself is a result of its step', async () => {
    const stageRun = await startedRun();
    await stageRun.run(1);
    await stageRun.show((pod) => withStates(pod, { 2: terminated(128) }));
    stageRun.logs.of(2).end(128, stageRun.clock.now());
    await stageRun.clock.step(1_000);
    expect(stageRun.server.step(2)).toMatchObject({ status: 'failure', exitCode: 128 });
  });

  it('start deadlines expire without any event', async () => {
    const stageRun = new TestStageRun({ patience: { imagePullMs: 5_000 } });
    await stageRun.show((pod) => withStates(pod, { 1: waiting('ErrImagePull', 'timeout') }));
    await stageRun.clock.step(4_000);
    expect(stageRun.concluded).toEqual([]);
    await stageRun.clock.step(2_000);
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'image-pull-failed' } }]);
  });

  it('an unexpected error in one step ends only this stage, with the error’s text (known issues 1 to 4)', async () => {
    const stageRun = new TestStageRun({
      log: () => {
        throw new TypeError('odd');
      },
    });
    await settle();
    expect(stageRun.server.stage).toMatchObject({ status: 'error', error: 'the runner failed: odd' });
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'internal', blame: 'bug' } }]);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('an unexpected error in a service does the same', async () => {
    const stageRun = new TestStageRun({
      plan: aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background' })]),
      log: ({ order }) => {
        if (order.container === 'step-2') throw new Error('odd');
      },
    });
    await settle();
    expect(stageRun.server.stage.error).toBe('the runner failed: odd');
  });

  it('an invalid Pod does not end the watch of the others', async () => {
    const stageRun = await startedRun();
    const odd: V1Pod = Object.defineProperty({}, 'status', {
      get: () => {
        throw new Error('odd');
      },
    });
    expect(() => stageRun.feed.show(odd)).not.toThrow();
    await settle();
    expect(stageRun.server.stage.error).toBe('the runner failed: odd');
  });

  it.each(['completed', 'broken'] as const)(
    'a stage that is %s keeps its Pod until the server has the log of its service, too',
    async (how) => {
      const taken = Promise.withResolvers<void>();
      const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background' })]);
      const stageRun = await startedRun({
        plan,
        log: (log) => {
          if (log.order.container === 'step-2') log.upload = taken.promise;
        },
      });
      stageRun.logs.of(2).end(0, stageRun.clock.now());
      await stageRun.show((pod) => withStates(pod, { 2: gated(0) }));
      if (how === 'completed') await stageRun.run(1);
      else await stageRun.show((pod) => withStatus(pod, { phase: 'Failed', reason: 'Evicted' }));
      await stageRun.clock.step(4 * HOUR_MS);
      expect([stageRun.isRemoved, stageRun.reported, stageRun.ended, stageRun.end]).toEqual([
        false,
        0,
        1,
        undefined,
      ]);
      taken.resolve();
      await stageRun.clock.step(200_000);
      expect([stageRun.isRemoved, stageRun.reported, stageRun.end?.kind]).toEqual([true, 1, 'finished']);
    },
  );

  it('a stage whose steps have ended needs nothing more while the server is away, one that runs does', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.server.gate = new Promise(() => undefined);
    await stageRun.clock.step(1_000);
    expect(stageRun.ended).toBe(0);
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(4 * HOUR_MS);
    expect([stageRun.ended, stageRun.reported, stageRun.isRemoved]).toEqual([1, 0, false]);
  });

  it('a log that is not uploaded when the process ends is left to the next owner', async () => {
    const stageRun = await startedRun({
      plan: one,
      log: (log) => {
        log.upload = new Promise(() => undefined);
      },
    });
    await stageRun.run(1);
    await stageRun.clock.step(60_000);
    stageRun.handOver.abort();
    await stageRun.clock.step(60_000);
    expect([stageRun.end?.kind, stageRun.isRemoved, stageRun.reported]).toEqual(['handed-over', false, 0]);
    expect(stageRun.logs.of(1).isLeft).toBe(true);
  });

  it('a report that failed is repeated at the end (known issue 19)', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.server.refuse.push({ call: 'step', error: new Error('500') });
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(5_000);
    expect(stageRun.reports).toEqual(['1 running', '1 success', 'stage success']);
  });

  it('an end that can’t ever be reported still ends the stage and deletes the Pod', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.server.refuse.push(
      { call: 'stage', error: new Error('gone') },
      { call: 'stage', error: new Error('gone') },
    );
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await stageRun.clock.step(200_000);
    expect([stageRun.reported, stageRun.isRemoved, stageRun.end?.kind]).toEqual([1, true, 'finished']);
  });
});
