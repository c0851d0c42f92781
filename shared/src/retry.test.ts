import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { backoffDelayMs } from './backoff.ts';
import { KubernetesError } from './kubernetes/cluster.ts';
import { type FailedTry, type RetryPolicy, retry } from './retry.ts';
import { FakeClock } from './testing/fake-clock.ts';

const POLICY: RetryPolicy = { firstDelayMs: 100, maxDelayMs: 1_000 };

/** Work that fails with these errors, one per attempt, and then succeeds; it records when each attempt started. */
function begin(errors: readonly unknown[], change: Partial<RetryPolicy> = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const triedAtMs: number[] = [];
  const heard: FailedTry[] = [];
  const left = [...errors];
  const policy = { ...POLICY, onRetry: (failed: FailedTry) => void heard.push(failed), ...change };
  const work = async (): Promise<string> => {
    triedAtMs.push(clock.monotonicMs());
    if (left.length > 0) throw left.shift();
    return Promise.resolve('done');
  };
  const end = retry(clock, policy, stop.signal, work).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { clock, stop, triedAtMs, heard, end };
}

const cut = new Error('cut');

describe('retry', () => {
  it('returns the result of the first attempt, without a delay', async () => {
    const { end, clock, heard } = begin([]);
    expect(await end).toEqual({ value: 'done' });
    expect([clock.pending, heard]).toEqual([0, []]);
  });

  it('retries after the delays of its policy, and reports each failure', async () => {
    const { end, clock, triedAtMs, heard } = begin([cut, cut]);
    await clock.step(299);
    expect(triedAtMs).toEqual([0, 100]);
    await clock.step(1);
    expect(await end).toEqual({ value: 'done' });
    expect(heard).toEqual([
      { error: cut, failures: 1, delayMs: 100 },
      { error: cut, failures: 2, delayMs: 200 },
    ]);
  });

  it('waits longer if the server requests it, but not less', async () => {
    const asks = (ms: number) => new KubernetesError(429, '', 'slow down', { retryAfterMs: ms });
    const { end, clock, heard } = begin([asks(5_000), asks(10)]);
    await clock.step(5_200);
    await end;
    expect(heard.map(({ delayMs }) => delayMs)).toEqual([5_000, 200]);
  });

  it('throws the last error after its last attempt, without a delay or a report', async () => {
    const last = new Error('last');
    const { end, clock, triedAtMs, heard } = begin([cut, last, cut], { attempts: 2 });
    await clock.step(100);
    expect(await end).toEqual({ error: last });
    expect(triedAtMs).toHaveLength(2);
    expect(heard).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('succeeds with its last attempt', async () => {
    const { end, clock } = begin([cut], { attempts: 2 });
    await clock.step(100);
    expect(await end).toEqual({ value: 'done' });
  });

  it('throws an error at once that should not be retried', async () => {
    const { end, triedAtMs, heard } = begin([new Error('refused'), cut], {
      shouldRetry: (error) => error === cut,
    });
    expect(await end).toEqual({ error: new Error('refused') });
    expect([triedAtMs.length, heard.length]).toEqual([1, 0]);
  });

  it('without attempts, continues with the maximum delay until it is aborted', async () => {
    const { end, clock, stop, triedAtMs, heard } = begin(Array.from({ length: 1_000 }, () => cut));
    await clock.step(700);
    expect(triedAtMs).toEqual([0, 100, 300, 700]);
    await clock.step(500_000);
    expect(triedAtMs.slice(-2)).toEqual([499_500, 500_500]);
    expect(heard).toHaveLength(triedAtMs.length);
    stop.abort(new Error('handed over'));
    expect(await end).toEqual({ error: new Error('handed over') });
  });

  it('rejects with the reason when aborted during a delay, and leaves no timer', async () => {
    const { end, clock, stop, triedAtMs } = begin([cut]);
    await clock.step(50);
    stop.abort(new Error('enough'));
    expect(await end).toEqual({ error: new Error('enough') });
    expect([triedAtMs.length, clock.pending]).toEqual([1, 0]);
  });

  it('does not start under a signal that is aborted', async () => {
    const work = vi.fn(() => Promise.resolve());
    const signal = AbortSignal.abort(new Error('before'));
    await expect(retry(new FakeClock(), POLICY, signal, work)).rejects.toThrow('before');
    expect(work).not.toHaveBeenCalled();
  });

  it('aborted during an attempt, throws the reason and not the attempt’s error; a success is returned', async () => {
    for (const [outcome, want] of [
      [() => Promise.reject(cut), { error: new Error('enough') }],
      [() => Promise.resolve(7), { value: 7 }],
    ] as const) {
      const stop = new AbortController();
      const onRetry = vi.fn();
      const work = () => {
        stop.abort(new Error('enough'));
        return outcome();
      };
      const end = retry(new FakeClock(), { ...POLICY, onRetry }, stop.signal, work).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      expect(await end).toEqual(want);
      expect(onRetry).not.toHaveBeenCalled();
    }
  });

  it('leaves no listener', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    let tries = 0;
    const end = retry(clock, POLICY, signal, () => (++tries < 4 ? Promise.reject(cut) : Promise.resolve()));
    await clock.step(700);
    await end;
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
  });

  it('waits, for any policy, exactly for the delays of its failures', async () => {
    const policies = fc.record({
      firstDelayMs: fc.integer({ min: 1, max: 1_000 }),
      maxDelayMs: fc.integer({ min: 1_000, max: 60_000 }),
      factor: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(policies, fc.nat(12), async (policy, failures) => {
        const { end, clock, triedAtMs } = begin(
          Array.from({ length: failures }, () => cut),
          policy,
        );
        await clock.step(12 * 60_000);
        await end;
        const delays = Array.from({ length: failures }, (_, n) => backoffDelayMs(policy, n));
        expect(triedAtMs.at(-1)).toBe(delays.reduce((sum, ms) => sum + ms, 0));
        expect(triedAtMs).toHaveLength(failures + 1);
      }),
      { numRuns: 30 },
    );
  });
});
