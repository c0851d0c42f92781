import { settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { AFlight } from './testing/a-flight.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { gated, running, waiting, withStates, withStatus } from './testing/a-pod.ts';

const one = aPlan([aPlannedStep(1)]);
const HOUR_MS = 3_600_000;

/** Two steps after one another; the first one runs. */
async function flying(setting: ConstructorParameters<typeof AFlight>[0] = {}): Promise<AFlight> {
  const flight = new AFlight(setting);
  await flight.show((pod) =>
    withStates(pod, Object.fromEntries(flight.plan.steps.map(({ n }) => [n, running()]))),
  );
  flight.logs.of(1).start(flight.clock.now());
  await settle();
  return flight;
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
  it('stops the Pod and frees the place at once: neither logs nor the Pod are waited for (weaknesses 8, 11, 12)', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    await settle();
    expect(flight.told).toEqual(['1 running', 'stage killed']);
    expect(flight.server.step(1)).toMatchObject({ status: 'killed', exitCode: 137 });
    expect(flight.server.statusOf(2)).toBe('skipped');
    expect([flight.reported, flight.isRemoved, flight.end]).toEqual([1, true, undefined]);
    expect(flight.cluster.calls.at(-1)?.body).toMatchObject({ gracePeriodSeconds: 10 });
  });

  it('still stores what the stopped program had to say', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    await settle();
    expect(flight.logs.of(1).isStored).toBe(false);
    await flight.show((pod) => withStates(pod, { 1: gated(143), 2: gated(0, 'stopping') }));
    flight.logs.of(1).end(143, flight.clock.now());
    await flight.clock.step(0);
    expect([flight.logs.of(1).isStored, flight.end?.kind]).toEqual([true, 'landed']);
    expect(flight.server.statusOf(1)).toBe('killed');
  });

  it('is over after ten seconds, though the Pod never goes (weakness 12)', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    await flight.clock.step(9_999);
    expect(flight.end).toBeUndefined();
    await flight.clock.step(1);
    expect(flight.end?.kind).toBe('landed');
    expect(flight.logs.of(1).isStored).toBe(true);
    expect(flight.clock.pending).toBe(0);
  });

  it('before the flight begins nothing', async () => {
    const flight = new AFlight();
    flight.cancelled.abort();
    await flight.clock.step(0);
    expect(flight.told).toEqual(['stage killed']);
    expect([1, 2].map((n) => flight.server.statusOf(n))).toEqual(['skipped', 'skipped']);
    expect(flight.end).toMatchObject({ kind: 'landed', conclusion: { kind: 'cancelled' } });
  });

  it('lets nothing begin any more', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    flight.logs.of(1).end(0, flight.clock.now());
    await settle();
    expect(flight.logs.isOpen(2)).toBe(false);
    expect(flight.server.statusOf(2)).toBe('skipped');
  });

  it('and a time-out at the same moment are one end: the first word counts', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    await flight.clock.step(2 * HOUR_MS);
    expect(flight.told.filter((word) => word.startsWith('stage'))).toEqual(['stage killed']);
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });
});

describe('a conflict at the server', () => {
  it('is a cancel that no watch heard', async () => {
    const flight = await flying();
    flight.server.cancel();
    flight.logs.of(1).end(0, flight.clock.now());
    await settle();
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
    expect(flight.isRemoved).toBe(true);
  });

  it('is none when the Pod belongs to another replica: that one goes on', async () => {
    const flight = await flying();
    flight.server.cancel();
    flight.cluster.put(flight.target, ofOwner('ci/other')(flight.feed.pod ?? {}));
    flight.logs.of(1).end(0, flight.clock.now());
    await settle();
    expect(flight.end).toEqual({ kind: 'handed-over' });
    expect([flight.isRemoved, flight.reported]).toEqual([false, 0]);
  });

  it('is neither as long as nobody can tell whose the Pod is', async () => {
    const flight = await flying();
    flight.server.cancel();
    flight.cluster.fail('get', 'pods', noAnswer(), noAnswer());
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(1_500);
    expect(flight.concluded).toEqual([]);
    await flight.clock.step(1_000);
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });

  it('is a cancel, too, when the Pod is gone', async () => {
    const flight = await flying();
    flight.server.cancel();
    flight.cluster.drop(flight.target);
    flight.logs.of(1).end(0, flight.clock.now());
    await settle();
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });
});

describe('two replicas', () => {
  it('the one whose Pod was taken over says nothing more, and leaves the Pod', async () => {
    const flight = await flying();
    await flight.show(ofOwner('ci/other'));
    await flight.show(ofOwner('ci/other'));
    expect(flight.end).toEqual({ kind: 'handed-over' });
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(60_000);
    expect([flight.told, flight.isRemoved, flight.logs.of(1).isStored]).toEqual([
      ['1 running'],
      false,
      false,
    ]);
  });
});

describe('a time-out', () => {
  it('is told before the Pod goes, which is its only record till then', async () => {
    const flight = await flying();
    let open = (): void => undefined;
    flight.server.gate = new Promise((resolve) => {
      open = resolve;
    });
    await flight.clock.step(HOUR_MS + 60_000);
    expect([flight.isRemoved, flight.reported]).toEqual([false, 0]);
    open();
    await settle();
    expect([flight.told.at(-1), flight.isRemoved, flight.reported]).toEqual(['stage killed', true, 1]);
    expect(flight.server.step(1)).toMatchObject({ status: 'killed', exitCode: 137 });
  });

  it('comes at its minute', async () => {
    const flight = await flying();
    await flight.clock.step(HOUR_MS - 1);
    expect(flight.concluded).toEqual([]);
    await flight.clock.step(1);
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['timed-out']);
  });

  it('does not hit what has ended and only waits for its reports', async () => {
    const flight = await flying({ plan: one });
    flight.server.gate = new Promise(() => undefined);
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(2 * HOUR_MS);
    expect(flight.concluded).toEqual([]);
    expect(flight.isRemoved).toBe(false);
  });

  it('is the Pod’s own deadline as well', async () => {
    const flight = await flying();
    await flight.show((pod) => withStatus(pod, { phase: 'Failed', reason: 'DeadlineExceeded' }));
    expect(flight.told.at(-1)).toBe('stage killed');
    expect(flight.concluded).toMatchObject([
      { conclusion: { kind: 'timed-out' }, trouble: { code: 'deadline-exceeded' } },
    ]);
  });
});

describe('a hand-over', () => {
  it('leaves all as it is: nothing is told, stored or removed any more (weaknesses 13, 14)', async () => {
    const flight = await flying();
    flight.handOver.abort();
    await settle();
    expect(flight.end).toEqual({ kind: 'handed-over' });
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(60_000);
    expect([flight.told, flight.reported, flight.isRemoved, flight.logs.of(1).isStored]).toEqual([
      ['1 running'],
      0,
      false,
      false,
    ]);
    expect([flight.feed.subscribers, flight.clock.pending]).toEqual([0, 0]);
  });

  it('before the first step', async () => {
    const flight = new AFlight();
    flight.handOver.abort();
    await settle();
    expect([flight.end, flight.told]).toEqual([{ kind: 'handed-over' }, []]);
  });

  it('while the end can’t be told keeps the Pod, by which the next one sees it too', async () => {
    const flight = await flying();
    flight.server.gate = new Promise(() => undefined);
    await flight.clock.step(HOUR_MS);
    flight.handOver.abort();
    await settle();
    expect([flight.end, flight.isRemoved]).toEqual([{ kind: 'handed-over' }, false]);
  });

  it('while a service of a completed stage still ends leaves the Pod to the next one', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background' })]);
    const flight = await flying({ plan });
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.show((pod) => withStates(pod, { 1: gated(0) }));
    await flight.clock.step(1_000);
    expect(flight.reported).toBe(1);
    flight.handOver.abort();
    await flight.clock.step(1_000);
    expect([flight.end?.kind, flight.isRemoved]).toEqual(['landed', false]);
  });
});

describe('a Pod that somebody takes away (weakness 35)', () => {
  it('is told as such when it is gone', async () => {
    const flight = await flying();
    flight.feed.lose();
    await flight.clock.step(0);
    expect(flight.server.stage).toMatchObject({ status: 'error', exitCode: 255, error: /disappeared/ });
    expect(flight.server.statusOf(1)).toBe('error');
    expect(flight.concluded).toMatchObject([{ trouble: { code: 'pod-deleted', blame: 'cluster' } }]);
  });

  it('is told as such as soon as it is being deleted, whatever its steps say meanwhile', async () => {
    const flight = await flying();
    flight.logs.of(1).end(143, flight.clock.now());
    await settle();
    await flight.show((pod) => withStates(deleted(pod), { 1: gated(143), 2: gated(0, 'stopping') }));
    expect(flight.server.stage).toMatchObject({ status: 'error', error: /deleted the Pod/ });
    expect([1, 2].map((n) => flight.server.statusOf(n))).toEqual(['error', 'skipped']);
  });

  it('is no trouble when all has ended', async () => {
    const flight = await flying({ plan: one });
    flight.logs.of(1).end(0, flight.clock.now());
    flight.feed.lose();
    await flight.clock.step(0);
    expect(flight.told).toEqual(['1 running', '1 success', 'stage success']);
  });

  it('is no trouble when we did it', async () => {
    const flight = await flying();
    flight.cancelled.abort();
    await settle();
    await flight.show(deleted);
    flight.feed.lose();
    await flight.clock.step(20_000);
    expect(flight.concluded).toEqual([{ conclusion: { kind: 'cancelled' }, trouble: undefined }]);
  });

  it('is an eviction where the node says so', async () => {
    const flight = await flying();
    await flight.show((pod) => withStatus(pod, { phase: 'Failed', reason: 'Evicted', message: 'memory' }));
    expect(flight.server.stage.error).toBe('the Pod was evicted from its node: memory');
  });
});

describe('gates that are told to stop', () => {
  it('and nobody deleted the Pod: no success, but an error after ten seconds', async () => {
    const flight = await flying();
    await flight.show((pod) => withStates(pod, { 2: gated(0, 'stopping') }));
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(9_000);
    expect(flight.concluded).toEqual([]);
    await flight.clock.step(1_500);
    expect(flight.server.stage).toMatchObject({ status: 'error', error: /told to stop before step s2/ });
    expect(flight.concluded).toMatchObject([{ trouble: { code: 'pod-stopped' } }]);
  });

  it('is heard from the log alone', async () => {
    const flight = await flying({ plan: one });
    flight.logs.of(1).skip('stopping', flight.clock.now());
    await flight.clock.step(10_000);
    expect(flight.concluded).toMatchObject([{ trouble: { code: 'pod-stopped' } }]);
  });

  it('of a service is nobody’s trouble', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background', after: [1] })]);
    const flight = await flying({ plan });
    await flight.show((pod) => withStates(pod, { 2: gated(0, 'stopping') }));
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(20_000);
    expect(flight.told.at(-1)).toBe('stage success');
  });
});

describe('troubles', () => {
  it('an image that is not there ends the stage before anything ran (weakness 34)', async () => {
    const flight = new AFlight();
    await flight.show((pod) => withStates(pod, { 2: waiting('ErrImagePull', 'manifest unknown') }));
    expect(flight.server.step(2)).toMatchObject({
      status: 'error',
      exitCode: 255,
      error: /i2:1 of step s2 can't be pulled/,
    });
    expect([flight.server.statusOf(1), flight.server.stage.status, flight.isRemoved]).toEqual([
      'skipped',
      'error',
      true,
    ]);
  });

  it('patience is measured without any event', async () => {
    const flight = new AFlight({ patience: { imagePullMs: 5_000 } });
    await flight.show((pod) => withStates(pod, { 1: waiting('ErrImagePull', 'timeout') }));
    await flight.clock.step(4_000);
    expect(flight.concluded).toEqual([]);
    await flight.clock.step(2_000);
    expect(flight.concluded).toMatchObject([{ trouble: { code: 'image-pull-failed' } }]);
  });

  it('a surprise in the life of one step ends this stage alone, with its text (weaknesses 1 to 4)', async () => {
    const flight = new AFlight({
      log: () => {
        throw new TypeError('odd');
      },
    });
    await settle();
    expect(flight.server.stage).toMatchObject({ status: 'error', error: 'the runner failed: odd' });
    expect(flight.concluded).toMatchObject([{ trouble: { code: 'internal', blame: 'bug' } }]);
    expect(flight.isRemoved).toBe(true);
  });

  it('a surprise about a service does the same', async () => {
    const flight = new AFlight({
      plan: aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background' })]),
      log: ({ order }) => {
        if (order.container === 'step-2') throw new Error('odd');
      },
    });
    await settle();
    expect(flight.server.stage.error).toBe('the runner failed: odd');
  });

  it('a Pod that makes no sense does not end the watch of the others', async () => {
    const flight = await flying();
    const odd: V1Pod = Object.defineProperty({}, 'status', {
      get: () => {
        throw new Error('odd');
      },
    });
    expect(() => flight.feed.show(odd)).not.toThrow();
    await settle();
    expect(flight.server.stage.error).toBe('the runner failed: odd');
  });

  it('a report that failed is made up for at the end (weakness 19)', async () => {
    const flight = await flying({ plan: one });
    flight.server.refuse.push({ call: 'step', error: new Error('500') });
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(5_000);
    expect(flight.told).toEqual(['1 running', '1 success', 'stage success']);
  });

  it('an end that can’t be told for good still frees the place and the Pod', async () => {
    const flight = await flying({ plan: one });
    flight.server.refuse.push(
      { call: 'stage', error: new Error('gone') },
      { call: 'stage', error: new Error('gone') },
    );
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(200_000);
    expect([flight.reported, flight.isRemoved, flight.end?.kind]).toEqual([1, true, 'landed']);
  });
});
