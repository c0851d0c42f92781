import { settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { AFlight } from './testing/a-flight.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, waiting, withStates, withStatus } from './testing/a-pod.ts';
import { FakeStepLog } from './testing/fake-step-logs.ts';

const one = aPlan([aPlannedStep(1)]);

describe('a flight, from marks', () => {
  it('tells each step as it begins and ends, then the stage, and then removes the Pod', async () => {
    const flight = new AFlight();
    await flight.run(1);
    await flight.run(2);
    expect(flight.told).toEqual(['1 running', '1 success', '2 running', '2 success', 'stage success']);
    expect(flight.isRemoved).toBe(false);
    await flight.show((pod) => withStates(pod, { 1: gated(0), 2: gated(0) }));
    await flight.clock.step(0);
    expect(flight.isRemoved).toBe(true);
    expect(flight.end).toMatchObject({ kind: 'landed', conclusion: { kind: 'completed' } });
    expect([flight.reported, flight.concluded]).toEqual([
      1,
      [{ conclusion: { kind: 'completed' }, trouble: undefined }],
    ]);
    expect(flight.logs.opened.every(({ isStored }) => isStored)).toBe(true);
    expect([flight.feed.subscribers, flight.clock.pending]).toEqual([0, 0]);
  });

  it('opens a log when the turn of its step comes, and sends it live when the server knows that it runs', async () => {
    const flight = new AFlight();
    await settle();
    expect([flight.logs.isOpen(1), flight.logs.isOpen(2)]).toEqual([true, false]);
    expect(flight.logs.of(1).isLive).toBe(false);
    flight.logs.of(1).start(flight.clock.now());
    await settle();
    expect(flight.logs.of(1).isLive).toBe(true);
    flight.logs.of(1).end(0, flight.clock.now());
    await settle();
    expect(flight.logs.isOpen(2)).toBe(true);
    expect(flight.logs.of(2).order).toMatchObject({
      namespace: 'ci',
      pod: 'drone-abc',
      nonce: 'n0nce',
      stepId: 200,
      stepName: 's2',
    });
  });

  it('does not wait for the kubelet’s word where the gates have said all', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] }), aPlannedStep(3, { after: [2] })]);
    const flight = new AFlight({ plan });
    await flight.run(1);
    await flight.run(2, 3);
    expect(flight.told.slice(-2)).toEqual(['2 failure', 'stage failure']);
    expect([flight.reported, flight.server.statusOf(3), flight.isRemoved]).toEqual([1, 'skipped', false]);
  });

  it('hears from its gate whether a step runs, where a failure beside it may have come after its start', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2), aPlannedStep(3, { after: [2] })]);
    const flight = new AFlight({ plan });
    await flight.run(1, 1);
    await flight.run(2);
    expect(flight.server.statusOf(3)).toBe('pending');
    await flight.run(3);
    expect(flight.told).toEqual([
      '1 running',
      '1 failure',
      '2 running',
      '2 success',
      '3 running',
      '3 success',
      'stage failure',
    ]);
  });

  it('hears from its gate as well that it was skipped', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2), aPlannedStep(3, { after: [2] })]);
    const flight = new AFlight({ plan });
    await flight.run(1, 1);
    await flight.run(2);
    flight.logs.of(3).skip('failed-before', flight.clock.now());
    flight.logs.of(3).end(0, flight.clock.now());
    await settle();
    expect(flight.told.slice(-2)).toEqual(['3 skipped', 'stage failure']);
  });

  it('predicts what is skipped, in the order of the gates', async () => {
    const always = { after: [2], runs: 'always' } as const;
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1] }), aPlannedStep(3, always)]);
    const flight = new AFlight({ plan });
    await flight.run(1, 1);
    // A skip is told at once, an end after its log.
    expect(flight.told).toEqual(['1 running', '2 skipped', '1 failure']);
    await flight.run(3);
    await flight.clock.step(5_000);
    expect(flight.told.at(-1)).toBe('stage failure');
  });

  it('78 skips all that is pending, always-steps too (weakness 52)', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2, { after: [1], runs: 'always' })]);
    const flight = new AFlight({ plan });
    await flight.run(1, 78);
    await flight.clock.step(5_000);
    expect(flight.told).toEqual(['1 running', '2 skipped', '1 success', 'stage success']);
    expect(flight.server.step(1)?.exitCode).toBe(78);
  });

  it('one failure stops nothing that runs beside it (weakness 7)', async () => {
    const plan = aPlan([aPlannedStep(1), aPlannedStep(2)]);
    const flight = new AFlight({ plan });
    await flight.run(1, 1);
    expect(flight.isRemoved).toBe(false);
    await flight.run(2);
    await flight.clock.step(5_000);
    expect([1, 2].map((n) => flight.server.statusOf(n))).toEqual(['failure', 'success']);
  });

  it('counts how long a step took to start, once, from its turn', async () => {
    const flight = new AFlight({ plan: one });
    await flight.clock.step(400);
    flight.logs.of(1).start(flight.clock.now());
    flight.logs.of(1).start(flight.clock.now());
    expect(flight.begun).toEqual([{ engine: 'gate', latencyMs: 400 }]);
  });

  it('carries the schema of a card', async () => {
    const flight = new AFlight({
      plan: one,
      log: (log) => Object.assign(log, { schema: 'https://cards/1' }),
    });
    await flight.run(1);
    expect(flight.server.step(1)?.schema).toBe('https://cards/1');
  });

  it('says what the author should know at the head of the first log, which may have been opened before', async () => {
    const order = { stepId: 100, container: 'step-1' };
    const firstLog = new FakeStepLog(order as never);
    const flight = new AFlight({ order: { firstLog, notes: ['beware'] } });
    await settle();
    expect([firstLog.notes, firstLog.isFollowed, flight.logs.opened]).toEqual([['beware'], true, []]);
  });
});

describe('a flight, from the kubelet', () => {
  it('needs no log to know how a step ended', async () => {
    const flight = new AFlight({ plan: one });
    await flight.show((pod) => withStates(pod, { 1: gated(3) }));
    expect(flight.told).toEqual(['1 failure', 'stage failure']);
    expect(flight.server.step(1)).toMatchObject({
      exitCode: 3,
      started: 1_768_383_011,
      stopped: 1_768_383_019,
    });
  });

  it('a mark that comes after its word changes nothing', async () => {
    const flight = new AFlight({
      plan: one,
      log: (log) => Object.assign(log, { upload: new Promise(() => undefined) }),
    });
    await flight.show((pod) => withStates(pod, { 1: gated(3) }));
    flight.logs.of(1).skip('failed-before', 5);
    flight.logs.of(1).end(0, 5);
    flight.cancelled.abort();
    await settle();
    expect(flight.server.step(1)).toMatchObject({ status: 'failure', exitCode: 3 });
  });

  it('puts right, while the stage goes on, a failure that was a kill for memory', async () => {
    const flight = new AFlight({ plan: aPlan([aPlannedStep(1), aPlannedStep(2)]) });
    await flight.run(1, 2);
    expect(flight.told).toEqual(['1 running', '1 failure']);
    await flight.show((pod) => withStates(pod, { 1: terminated(2, { reason: 'OOMKilled' }), 2: running() }));
    expect(flight.server.step(1)).toMatchObject({ exitCode: 137, error: 'killed: out of memory' });
    await flight.run(2);
    expect(flight.told.at(-1)).toBe('stage failure');
  });

  it('a gate that was killed leaves no word: its step ended with 137', async () => {
    const flight = new AFlight({ plan: one });
    await flight.show((pod) => withStates(pod, { 1: terminated(137) }));
    expect(flight.server.step(1)).toMatchObject({ status: 'failure', exitCode: 137, error: '' });
  });

  it.each([
    ['of the whole container', terminated(137, { reason: 'OOMKilled' })],
    [
      'of its child alone',
      terminated(137, { reason: 'OOMKilled', message: 'ran 137 1768383011000 1768383019000' }),
    ],
  ])('waits for the word on a kill %s for memory (weakness 36)', async (_, state) => {
    const flight = new AFlight({ plan: one });
    await flight.run(1, 137);
    await flight.clock.step(2_000);
    expect(flight.told).toEqual(['1 running']);
    await flight.show((pod) => withStates(pod, { 1: state }));
    expect(flight.server.step(1)).toMatchObject({ exitCode: 137, error: 'killed: out of memory' });
  });

  it('waits for that word no longer than three seconds', async () => {
    const flight = new AFlight({ plan: one });
    await flight.run(1, 137);
    await flight.clock.step(2_999);
    expect(flight.told).toEqual(['1 running']);
    await flight.clock.step(1);
    expect(flight.told).toEqual(['1 running', '1 failure', 'stage failure']);
  });

  it('a gate’s own failure ends the stage with its text', async () => {
    const flight = new AFlight();
    await flight.show((pod) =>
      withStates(pod, { 1: terminated(214, { message: 'cannot write its state' }) }),
    );
    expect(flight.told.at(-1)).toBe('stage error');
    expect(flight.server.step(1)).toMatchObject({
      status: 'error',
      error: 'step s1 could not be begun: cannot write its state',
    });
    expect(flight.server.statusOf(2)).toBe('skipped');
  });

  it('says in the log what the Pod waits for, once a cause, and shows the step as running', async () => {
    const flight = new AFlight();
    const pulling = (message: string) =>
      flight.show((pod) => withStates(pod, { 1: waiting('ErrImagePull', message) }));
    await pulling('timeout');
    await pulling('timeout');
    await pulling('503');
    await pulling('timeout');
    expect(flight.logs.of(1).notes).toEqual(
      ['timeout', '503'].map((why) => `waiting for image docker.io/library/i1:1: ${why}`),
    );
    expect(flight.told).toEqual(['1 running']);
    expect(flight.begun).toEqual([]);
    await flight.show((pod) => withStates(pod, { 1: gated(0) }));
    expect(flight.server.step(1)?.started).toBe(1_768_383_011);
  });
});

describe('services and detached steps', () => {
  const background = aPlannedStep(1, { role: 'background', fails: 'fast' });
  const plan = aPlan([background, aPlannedStep(2, { after: [1] })]);

  it('are begun when they run, and end with the stage', async () => {
    const flight = new AFlight({ plan });
    await settle();
    flight.logs.of(1).start(flight.clock.now());
    await flight.run(2);
    await flight.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await flight.clock.step(1_000);
    expect(flight.told).toEqual(['1 running', '2 running', '2 success', 'stage success']);
    expect(flight.server.step(1)).toMatchObject({ status: 'success', exitCode: 0, detached: true });
  });

  it('that end early, however, decide nothing', async () => {
    const flight = new AFlight({ plan });
    await flight.run(1, 1);
    await flight.run(2);
    await flight.clock.step(5_000);
    expect(flight.told).toEqual(['1 running', '2 running', '2 success', 'stage success']);
    expect(flight.server.statusOf(1)).toBe('success');
    expect(flight.logs.of(1).isStored).toBe(true);
  });

  it('that never end hold up neither the report nor the place, only the Pod', async () => {
    const insists = aPlan([{ ...background, pid1: true }, aPlannedStep(2, { after: [1] })]);
    const flight = new AFlight({ plan: insists });
    await settle();
    flight.logs.of(1).start(flight.clock.now());
    await flight.run(2);
    await flight.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await flight.clock.step(1_000);
    expect([flight.told.at(-1), flight.reported, flight.isRemoved, flight.end]).toEqual([
      'stage success',
      1,
      true,
      undefined,
    ]);
    await flight.clock.step(10_000);
    expect(flight.end?.kind).toBe('landed');
    expect(flight.logs.of(1).isStored).toBe(true);
  });

  it('that are skipped say so', async () => {
    const after = aPlan([aPlannedStep(1), aPlannedStep(2, { role: 'background', after: [1] })]);
    const flight = new AFlight({ plan: after });
    await flight.run(1, 1);
    expect(flight.told).toEqual(['1 running', '2 skipped', '1 failure', 'stage failure']);
  });

  it('of a completed stage may end by themselves before their Pod is removed', async () => {
    const flight = new AFlight({ plan });
    await settle();
    flight.logs.of(1).start(flight.clock.now());
    await flight.run(2);
    await flight.show((pod) => withStates(pod, { 1: running(), 2: gated(0) }));
    await flight.clock.step(1_000);
    expect([flight.reported, flight.isRemoved]).toEqual([1, false]);
    await flight.show((pod) => withStates(pod, { 1: gated(143) }));
    expect(flight.isRemoved).toBe(true);
  });
});

describe('an adopted flight', () => {
  const adopted = { adoptions: 1 };

  it('finds all that ended while nobody looked, long ago: nothing is late', async () => {
    const pod = withStatus(withStates(aPod(aPlan()), { 1: gated(0), 2: gated(1) }), { phase: 'Failed' });
    const flight = new AFlight({ ...adopted, pod, order: { admittedMs: 0 } });
    await flight.clock.step(1_000);
    expect(flight.told).toEqual(['1 success', '2 failure', 'stage failure']);
    expect(flight.isRemoved).toBe(true);
  });

  it('does not tell of what is long past that it runs, and counts no start', async () => {
    const flight = new AFlight({ ...adopted, plan: one });
    await settle();
    flight.logs.of(1).start(flight.clock.now() - 60_000);
    await flight.clock.step(400);
    flight.logs.of(1).end(0, flight.clock.now() - 50_000);
    await flight.clock.step(5_000);
    expect(flight.told).toEqual(['1 success', 'stage success']);
    expect(flight.begun).toEqual([]);
  });

  it('tells of what runs still, with the version found by trial, and goes live', async () => {
    const flight = new AFlight({ ...adopted, plan: one });
    flight.server.register([1], 2);
    await settle();
    expect(flight.logs.of(1).order.shownUntilMs).toBe(flight.clock.now());
    flight.logs.of(1).start(flight.clock.now() - 60_000);
    await flight.clock.step(500);
    expect([flight.told, flight.logs.of(1).isLive]).toEqual([['1 running'], true]);
    flight.logs.of(1).end(0, flight.clock.now());
    await flight.clock.step(5_000);
    expect(flight.told).toEqual(['1 running', '1 success', 'stage success']);
  });

  it.each([2, 3, 4])(
    'taken over for the %i. time takes no step that was told again for a cancel',
    async (adoptions) => {
      const flight = new AFlight({ adoptions, plan: one });
      flight.server.register([1], adoptions + 1);
      await settle();
      flight.logs.of(1).start(flight.clock.now() - 60_000);
      await flight.clock.step(500);
      expect(flight.told).toEqual(['1 running']);
    },
  );

  it('finds a cancel that fell into the gap', async () => {
    const flight = new AFlight({ ...adopted, plan: one });
    flight.server.register([1], 2);
    flight.server.cancel();
    await settle();
    flight.logs.of(1).start(flight.clock.now() - 60_000);
    await flight.clock.step(500);
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
    expect(flight.isRemoved).toBe(true);
  });

  it('finds it, too, by a step that begins well after: nobody else can have told of that one', async () => {
    const flight = new AFlight(adopted);
    await settle();
    flight.logs.of(1).end(0, flight.clock.now() - 60_000);
    await settle();
    flight.server.cancel();
    await flight.clock.step(120_000);
    flight.logs.of(2).start(flight.clock.now());
    await flight.clock.step(500);
    expect(flight.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });

  it('tells the steps that nobody told when it ends otherwise', async () => {
    const flight = new AFlight(adopted);
    await flight.show((pod) => withStates(pod, { 2: waiting('InvalidImageName') }));
    await settle();
    expect(flight.told).toEqual(['1 skipped', '2 error', 'stage error']);
  });
});
