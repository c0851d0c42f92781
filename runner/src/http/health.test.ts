import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { Heartbeat, notAlive, notReady, type Signs } from './health.ts';
import { WELL } from './testing/test-http.ts';

describe('notReady', () => {
  it.each<[string, Partial<Signs>, string[]]>([
    ['nothing when all is well', {}, []],
    [
      'that it starts, and what that waits for',
      { starting: 'no answer yet', pollAgeMs: 1e9 },
      ['starting: no answer yet'],
    ],
    ['that it stops', { stopping: true, starting: 'x' }, ['stopping: no new pipelines are accepted']],
    ['a lost Lease', { leaseLostMs: 0 }, ['the Lease could not be renewed in time; acquiring it again']],
    ['a silent watch', { watchStaleMs: 180_001 }, ['a watch of Pods last received an event 180 s ago']],
    ['nothing while the watch may just be quiet', { watchStaleMs: 180_000 }, []],
    ['a silent server', { pollAgeMs: 150_001 }, ['the Drone server last answered a poll 150 s ago']],
    [
      'which stages the server does not take, since when, and why',
      {
        unreported: {
          stages: 12,
          sinceMs: Date.UTC(2026, 0, 14, 9, 30),
          ageMs: 30_001,
          reason: 'status 500',
        },
      },
      [
        '12 stages wait to be reported: the Drone server has not accepted reports since 2026-01-14T09:30:00.000Z (status 500)',
      ],
    ],
    [
      'nothing of a server that is away for a moment',
      { unreported: { stages: 12, sinceMs: 0, ageMs: 30_000, reason: 'status 502' } },
      [],
    ],
    ['nothing while one poll may have failed', { pollAgeMs: 150_000 }, []],
  ])('says %s', (_sentence, signs, want) => {
    expect(notReady({ ...WELL, ...signs })).toEqual(want);
  });
});

describe('notAlive', () => {
  it.each<[string, Partial<Signs>, boolean]>([
    ['the server is down but polls are tried', { pollAgeMs: 1e9, watchStaleMs: 1e9 }, true],
    ['no poll was tried for ten minutes though there is room', { pollTriedMs: 600_001 }, false],
    ['it starts, however long that takes', { starting: 'x', pollTriedMs: 1e9 }, true],
    ['it hands over after the loss of its Lease', { leaseLostMs: 60_000 }, true],
    ['it has not let go of its stages a minute after the loss of its Lease', { leaseLostMs: 60_001 }, false],
    [
      'it tries to take its Lease again, however long the API server is away',
      { leaseLostMs: 1e9, takingLease: true, pollTriedMs: 1e9 },
      true,
    ],
    ['it stops, which ends it anyway', { stopping: true, leaseLostMs: 1e9 }, true],
  ])('when %s: alive is %s', (_sentence, signs, alive) => {
    expect(notAlive({ ...WELL, ...signs }).length === 0).toBe(alive);
  });
});

describe('Heartbeat', () => {
  async function begun(): Promise<{ clock: FakeClock; heartbeat: Heartbeat }> {
    const clock = new FakeClock();
    const heartbeat = new Heartbeat(clock);
    await clock.step(1_000_000);
    heartbeat.started();
    return { clock, heartbeat };
  }

  it('says what start-up waits for until it is over, and counts no age from before', async () => {
    const { heartbeat } = await begun();

    expect(heartbeat.signs(5)).toEqual({ ...WELL, watchStaleMs: 5 });
  });

  it('tells a poll that was answered from one that only ended', async () => {
    const { clock, heartbeat } = await begun();
    await clock.step(1000);
    heartbeat.pollTried();
    await clock.step(10);
    expect(heartbeat.signs(0)).toMatchObject({ pollAgeMs: 1010, pollTriedMs: 10 });

    heartbeat.pollAnswered();
    expect(heartbeat.signs(0)).toMatchObject({ pollAgeMs: 0, pollTriedMs: 0 });
  });

  it('holds a full house against nobody, nor the first poll after it; the plain age goes on', async () => {
    const { clock, heartbeat } = await begun();
    heartbeat.house(true);
    await clock.step(3_600_000);
    expect(heartbeat.signs(0)).toMatchObject({ pollAgeMs: 0, pollTriedMs: 0 });

    heartbeat.house(false);
    await clock.step(20);
    heartbeat.house(false);
    expect(heartbeat.signs(0)).toMatchObject({ pollAgeMs: 20, pollTriedMs: 20 });
    expect(heartbeat.answerAgeMs).toBe(3_600_020);
  });

  it('remembers since when the Lease is lost, until it is held again', async () => {
    const { clock, heartbeat } = await begun();
    heartbeat.leaseChanged('lost');
    await clock.step(7);
    expect(heartbeat.signs(0)).toMatchObject({ leaseLostMs: 7, takingLease: false });
    heartbeat.leaseChanged('taking');
    expect(heartbeat.signs(0)).toMatchObject({ leaseLostMs: 7, takingLease: true });
    await clock.step(3_600_000);
    heartbeat.leaseChanged('held');
    expect(heartbeat.signs(0)).toMatchObject({ leaseLostMs: undefined, takingLease: false, pollTriedMs: 0 });
  });
});
