import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, backoffMs, retryAfterMs } from './backoff.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

describe('backoffMs', () => {
  it('doubles its ceiling and stops at the cap', () => {
    const top = (attempt: number) => backoffMs(attempt, () => 1, { firstMs: 1_000, capMs: 30_000 });
    expect([0, 1, 2, 3, 4, 5, 6, 500].map(top)).toEqual([1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3, 30e3]);
  });

  it('known issue 17: never gives a busy loop, whatever the dice say', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, dice) => {
        const ms = backoffMs(attempt, () => dice);
        expect(ms).toBeGreaterThanOrEqual(100);
        expect(ms).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});

describe('Backoff', () => {
  it('waits longer after each failure and starts anew after a success', async () => {
    const clock = new FakeClock();
    const backoff = new Backoff({ clock, random: () => 1 }, { firstMs: 100, capMs: 1_000 });
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
    backoff.reset();
    const done = pause();
    await clock.step(1_000);
    await done;
    expect(spans).toEqual([100, 200, 400, 100]);
  });

  it('ends at once when told, and honours a longer wish of the other side', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const backoff = new Backoff({ clock, random: () => 0 });
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
