import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, backoffDelayMs, requestedDelayMs, retryAfterMs, USUAL_BACKOFF } from './backoff.ts';
import { KubernetesError } from './kubernetes/cluster.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

const millis = fc.integer({ min: 1, max: 1_000_000 });
const policies = fc
  .record({
    delays: fc
      .tuple(millis, millis)
      .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    dice: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ delays: [firstDelayMs, maxDelayMs], factor, dice }) => ({
    firstDelayMs,
    maxDelayMs,
    factor,
    jitter: () => dice,
  }));

describe('backoffDelayMs', () => {
  it('doubles up to the maximum delay', () => {
    const delay = (failures: number) => backoffDelayMs(USUAL_BACKOFF, failures);
    expect([0, 1, 2, 3, 4, 5, 6, 500, 5_000].map(delay)).toEqual([
      1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3, 30e3, 30e3,
    ]);
  });

  it('grows by the configured factor; factor 1 keeps the delay constant', () => {
    const delays = (factor: number) =>
      [0, 1, 2].map((failures) => backoffDelayMs({ firstDelayMs: 10, maxDelayMs: 1_000, factor }, failures));
    expect(delays(5)).toEqual([10, 50, 250]);
    expect(delays(1)).toEqual([10, 10, 10]);
  });

  it('multiplies the delay by the jitter share', () => {
    expect(backoffDelayMs({ ...USUAL_BACKOFF, jitter: () => 0.5 }, 2)).toBe(2_000);
    expect(backoffDelayMs({ ...USUAL_BACKOFF, jitter: () => (1 + 0.5) / 2 }, 2)).toBe(3_000);
  });

  it('known issue 17: never busy-loops and never exceeds the maximum, for any jitter value', () => {
    fc.assert(
      fc.property(policies, fc.nat(2_000), (policy, failures) => {
        const ms = backoffDelayMs(policy, failures);
        expect(ms).toBeGreaterThanOrEqual(Math.round(policy.firstDelayMs / 10));
        expect(ms).toBeLessThanOrEqual(policy.maxDelayMs);
      }),
    );
  });

  it('never returns a shorter delay after one more failure', () => {
    fc.assert(
      fc.property(policies, fc.nat(2_000), (policy, failures) => {
        expect(backoffDelayMs(policy, failures + 1)).toBeGreaterThanOrEqual(backoffDelayMs(policy, failures));
      }),
    );
  });
});

describe('Backoff', () => {
  it('waits longer after each failure and starts from the first delay after a success', async () => {
    const clock = new FakeClock();
    const backoff = new Backoff(clock, { firstDelayMs: 100, maxDelayMs: 1_000 });
    const spans: number[] = [];
    const pause = async (): Promise<void> => {
      const from = clock.monotonicMs();
      await backoff.pause();
      spans.push(clock.monotonicMs() - from);
    };
    for (let i = 0; i < 3; i++) {
      const done = pause();
      await clock.step(1_000);
      await done;
    }
    expect(backoff.failures).toBe(3);
    backoff.reset();
    const done = pause();
    await clock.step(1_000);
    await done;
    expect(spans).toEqual([100, 200, 400, 100]);
  });

  it('counts a failure that needs no wait', () => {
    const backoff = new Backoff(new FakeClock(), { firstDelayMs: 100, maxDelayMs: 1_000 });
    expect([backoff.failed(), backoff.failed()]).toEqual([100, 200]);
    expect(backoff.failures).toBe(2);
  });

  it('resolves at once when aborted, and honours a longer delay requested by the server', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const backoff = new Backoff(clock, { ...USUAL_BACKOFF, jitter: () => 0 });
    let over = false;
    const waiting = backoff.pause(stop.signal, 60_000).then(() => {
      over = true;
    });
    await clock.step(59_999);
    expect(over).toBe(false);
    stop.abort();
    await settle();
    await waiting;
    expect(over).toBe(true);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-14T09:30:00Z');
  it.each([
    ['seconds', '7', 7_000],
    ['a date ahead', 'Wed, 14 Jan 2026 09:30:05 GMT', 5_000],
    ['a date behind', 'Wed, 14 Jan 2026 09:29:00 GMT', 0],
    ['more than five minutes is cut', '86400', 300_000],
    ['negative', '-3', 0],
    ['nonsense', 'soon', 0],
    ['empty', '', 0],
    ['absent', undefined, 0],
  ])('%s', (_, value, wantMs) => {
    expect(retryAfterMs(value, now)).toBe(wantMs);
  });
});

describe('requestedDelayMs', () => {
  it.each([
    [
      'the delay that an error requests',
      new KubernetesError(429, '', 'slow down', { retryAfterMs: 3_000 }),
      3_000,
    ],
    ['nothing if the error requests none', new KubernetesError(429, '', 'slow down'), 0],
    ['nothing for any other error', new Error('cut'), 0],
    ['nothing for a value that is not an error', { retryAfterMs: 3_000 }, 0],
  ])('is %s', (_, error, wantMs) => {
    expect(requestedDelayMs(error)).toBe(wantMs);
  });
});
