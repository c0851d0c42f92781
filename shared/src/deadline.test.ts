import { describe, expect, it, vi } from 'vitest';
import { orLate, withDeadline } from './deadline.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

/** Work that never ends by itself; when its signal is aborted, it rejects with an error of its own. */
const endless = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('the call was cut')), { once: true }),
  );

/** Counts the listeners on a signal that outlives the work. */
function watched() {
  const stop = new AbortController();
  const added = vi.spyOn(stop.signal, 'addEventListener');
  const removed = vi.spyOn(stop.signal, 'removeEventListener');
  const isClean = () => added.mock.calls.length === removed.mock.calls.length;
  return { stop, signal: stop.signal, isClean };
}

describe('withDeadline', () => {
  it('returns the result or error of work that ends in time, and leaves neither timer nor listener', async () => {
    const clock = new FakeClock();
    const { signal, isClean } = watched();
    await expect(withDeadline(clock, { ms: 10, signal }, () => Promise.resolve(7))).resolves.toBe(7);
    const bad = () => Promise.reject(new Error('bad'));
    await expect(withDeadline(clock, { ms: 10, signal }, bad)).rejects.toThrow('bad');
    expect([clock.pending, isClean()]).toEqual([0, true]);
  });

  it('aborts work that takes longer, with the requested message', async () => {
    const clock = new FakeClock();
    const late = () => new Error('no answer in good time');
    const outcomes: string[] = [];
    for (const deadline of [{ ms: 10, late }, { ms: 10 }])
      withDeadline(clock, deadline, endless).catch((error: Error) => outcomes.push(error.message));
    await clock.step(9);
    expect(outcomes).toEqual([]);
    await clock.step(1);
    expect(outcomes).toEqual(['no answer in good time', 'not done within 10 ms']);
  });

  it('rejects when the caller’s signal is aborted, with its reason', async () => {
    const clock = new FakeClock();
    const { stop, signal, isClean } = watched();
    const work = withDeadline(clock, { ms: 10, signal }, endless);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect([clock.pending, isClean()]).toEqual([0, true]);
  });

  it('passes an aborted signal to the work if the caller’s signal is already aborted', async () => {
    const seen: boolean[] = [];
    const signal = AbortSignal.abort(new Error('before'));
    const work = (own: AbortSignal) => Promise.resolve(void seen.push(own.aborted));
    await withDeadline(new FakeClock(), { ms: 10, signal }, work);
    expect(seen).toEqual([true]);
  });

  it('returns the result of work that succeeds after its deadline', async () => {
    const clock = new FakeClock();
    const patient = (signal: AbortSignal): Promise<string> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve('what there was')));
    const work = withDeadline(clock, { ms: 10 }, patient);
    await clock.step(10);
    await expect(work).resolves.toBe('what there was');
  });

  it('has no deadline at Infinity', async () => {
    const clock = new FakeClock();
    let ended = false;
    const stop = new AbortController();
    const work = withDeadline(clock, { ms: Infinity, signal: stop.signal }, endless).catch(() => {
      ended = true;
    });
    await clock.step(1e12);
    expect(ended).toBe(false);
    stop.abort();
    await work;
  });
});

describe('orLate', () => {
  it('returns the result or error of work that ends in time, and leaves neither timer nor listener', async () => {
    const clock = new FakeClock();
    const { signal, isClean } = watched();
    expect(await orLate(clock, 10, Promise.resolve(7), signal)).toBe(7);
    await expect(orLate(clock, 10, Promise.reject(new Error('bad')), signal)).rejects.toThrow('bad');
    await settle();
    expect([clock.pending, isClean()]).toEqual([0, true]);
  });

  it('returns late when the work takes longer; a later rejection is ignored', async () => {
    const clock = new FakeClock();
    const work = Promise.withResolvers<number>();
    const outcome = orLate(clock, 10, work.promise);
    await clock.step(10);
    expect(await outcome).toBe('late');
    work.reject(new Error('nobody listens'));
    await settle();
  });

  it('does not wait once the signal is aborted, before or during the work', async () => {
    const clock = new FakeClock();
    const { stop, signal } = watched();
    const outcome = orLate(clock, 10, new Promise(() => undefined), signal);
    stop.abort();
    expect(await outcome).toBe('late');
    expect(await orLate(clock, 10, new Promise(() => undefined), signal)).toBe('late');
    expect(clock.pending).toBe(0);
  });
});
