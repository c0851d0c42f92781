import Bottleneck from 'bottleneck';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RateLimit, type Urgency } from './rate-limit.ts';
import { FakeClock } from './testing/fake-clock.ts';

const limits: RateLimit[] = [];
afterEach(() => {
  for (const limit of limits.splice(0)) limit.close();
});

function begin(perSecond: number, burst: number) {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, { perSecond, burst });
  limits.push(limit);
  const gone: string[] = [];
  const ask = (name: string, signal?: AbortSignal, urgency?: Urgency): Promise<void> =>
    limit.enter(signal, urgency).then(() => void gone.push(name));
  return { clock, limit, gone, ask };
}

/** Waiting calls are released by real timers of bottleneck, so tests wait for a condition, not for a time. */
const until = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 5_000, interval: 1 });

describe('RateLimit', () => {
  it('lets a single call proceed at once, without any timer', async () => {
    const { clock, limit } = begin(1, 1);
    await limit.enter();
    expect(clock.pending).toBe(0);
  });

  it('lets 20 pipelines with four writes each proceed at once where the burst allows it (known issue 53)', async () => {
    const { limit } = begin(20, 80);
    await Promise.all(Array.from({ length: 80 }, () => limit.enter()));
    expect(limit.waiting).toBe(0);
  });

  it('lets calls beyond the burst proceed one by one at the configured rate, in order', async () => {
    const { clock, gone, limit, ask } = begin(10, 2);
    for (const name of ['a', 'b', 'c', 'd']) void ask(name);
    await until(() => expect(gone).toEqual(['a', 'b']));
    await clock.step(99);
    expect(limit.waiting).toBe(2);
    await clock.step(1);
    await until(() => expect(gone).toEqual(['a', 'b', 'c']));
    await clock.step(100);
    await until(() => expect(gone).toEqual(['a', 'b', 'c', 'd']));
    expect(clock.pending).toBe(0);
  });

  it('saves up tokens while idle, up to the burst', async () => {
    const { clock, limit } = begin(10, 3);
    for (let n = 0; n < 3; n++) await limit.enter();
    await clock.step(60_000);
    for (let n = 0; n < 3; n++) await limit.enter();
    void limit.enter();
    expect(limit.waiting).toBe(1);
  });

  it('lets an urgent call proceed before all waiting ones', async () => {
    const schedule = vi.spyOn(Bottleneck.prototype, 'schedule');
    const { clock, gone, ask } = begin(10, 1);
    void ask('first');
    void ask('usual');
    void ask('urgent', undefined, 'urgent');
    const [line] = schedule.mock.contexts as Bottleneck[];
    await until(() => expect(line?.queued()).toBe(2));
    schedule.mockRestore();
    await clock.step(100);
    await until(() => expect(gone).toEqual(['first', 'urgent']));
  });

  it('releases an aborted call, and leaves no listener on a signal that outlives it', async () => {
    const { clock, gone, ask } = begin(10, 1);
    const stop = new AbortController();
    const long = new AbortController();
    const removed = vi.spyOn(long.signal, 'removeEventListener');
    void ask('first');
    void ask('stopped', stop.signal);
    void ask('next', long.signal);
    stop.abort();
    await until(() => expect(gone).toEqual(['first', 'stopped']));
    await clock.step(200);
    await until(() => expect(gone).toEqual(['first', 'stopped', 'next']));
    expect(removed).toHaveBeenCalled();
    await ask('after all', AbortSignal.abort());
    expect(gone.at(-1)).toBe('after all');
  });

  it('is not affected by a wall clock that is set back', async () => {
    const { clock, gone, ask } = begin(10, 1);
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      void ask('first');
      void ask('second');
      await clock.step(100);
      await until(() => expect(gone).toHaveLength(2));
      vi.setSystemTime(0);
      clock.jump(-3_600_000);
      void ask('third');
      await clock.step(100);
      await until(() => expect(gone).toHaveLength(3));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('after a 429', () => {
  it('halves the rate, once for calls that were in flight together, down to a sixteenth', async () => {
    const { clock, limit } = begin(16, 16);
    for (let n = 0; n < 20; n++) limit.slowDown();
    expect(limit.share).toBe(1 / 2);
    for (let n = 0; n < 10; n++) {
      await clock.step(1_000);
      limit.slowDown();
    }
    expect(limit.share).toBe(1 / 16);
  });

  it('does not refill the rest of the burst', async () => {
    const { limit } = begin(16, 16);
    for (let n = 0; n < 16; n++) await limit.enter();
    limit.slowDown();
    void limit.enter();
    expect(limit.waiting).toBe(1);
  });

  it('applies the new rate to calls that already wait', async () => {
    const { clock, gone, limit, ask } = begin(10, 1);
    void ask('first');
    void ask('second');
    limit.slowDown();
    await clock.step(199);
    expect(limit.waiting).toBe(1);
    await clock.step(1);
    await until(() => expect(gone).toEqual(['first', 'second']));
  });

  it('doubles the rate again every 5 s, counted from the last refusal', async () => {
    const { clock, limit } = begin(16, 16);
    limit.slowDown();
    await clock.step(4_000);
    limit.slowDown();
    expect(limit.share).toBe(1 / 4);
    await clock.step(4_999);
    expect(limit.share).toBe(1 / 4);
    await clock.step(1);
    expect(limit.share).toBe(1 / 2);
    await clock.step(5_000);
    expect(limit.share).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('releases all calls when closed, and leaves no timer', async () => {
    const { clock, gone, limit, ask } = begin(1, 1);
    void ask('a');
    void ask('b');
    limit.slowDown();
    limit.close();
    await until(() => expect(gone).toEqual(['a', 'b']));
    expect(clock.pending).toBe(0);
  });
});
