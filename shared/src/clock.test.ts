import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicOf, systemClock } from './clock.ts';
import { FakeClock } from './testing/fake-clock.ts';

const DAY_MS = 86_400_000;

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('returns the wall clock in milliseconds', () => {
    vi.setSystemTime(1_768_383_000_000);
    expect(systemClock().now()).toBe(1_768_383_000_000);
  });

  it('measures durations with a clock that never goes back', () => {
    const clock = systemClock();
    const before = clock.monotonicMs();
    vi.advanceTimersByTime(250);
    vi.setSystemTime(0);
    expect(clock.monotonicMs() - before).toBe(250);
  });

  it('fires after a delay that is longer than Node’s timers support, and not at once', () => {
    const act = vi.fn();
    systemClock().after(60 * DAY_MS, act);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(act).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(act).toHaveBeenCalledOnce();
  });

  it('fires soon for a delay of zero or less, but not within the call', () => {
    const act = vi.fn();
    systemClock().after(-5, act);
    expect(act).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(100 * DAY_MS);
    expect(act).toHaveBeenCalledOnce();
  });

  it('passes only delays to Node’s timers that they support, and none below zero', () => {
    // A spy on a fake timer would leave the fake behind, for all files that this worker still runs.
    const fake = globalThis.setTimeout;
    const asked: number[] = [];
    globalThis.setTimeout = ((act: () => void, ms: number) => {
      asked.push(ms);
      return fake(act, ms);
    }) as typeof fake;
    systemClock().after(60 * DAY_MS, () => undefined);
    systemClock().after(-5, () => undefined);
    vi.advanceTimersByTime(60 * DAY_MS);
    globalThis.setTimeout = fake;
    expect(Math.max(...asked)).toBeLessThan(2 ** 31);
    expect(Math.min(...asked)).toBe(0);
  });

  it('never fires for Infinity', () => {
    const act = vi.fn();
    const callOff = systemClock().after(Number.POSITIVE_INFINITY, act);
    vi.advanceTimersByTime(100 * DAY_MS);
    expect(act).not.toHaveBeenCalled();
    callOff();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([10, 60 * DAY_MS])('does not fire once it was cancelled (%d ms)', (ms) => {
    const act = vi.fn();
    const callOff = systemClock().after(ms, act);
    vi.advanceTimersByTime(ms - 1);
    callOff();
    vi.advanceTimersByTime(ms);
    expect(act).not.toHaveBeenCalled();
  });

  it('sleeps', async () => {
    const sleep = systemClock().sleep(1_000);
    vi.advanceTimersByTime(1_000);
    await expect(sleep).resolves.toBeUndefined();
  });
});

describe('a sleep', () => {
  it('resolves early and without error when aborted, and leaves neither timer nor listener', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const removed = vi.spyOn(stop.signal, 'removeEventListener');
    const sleep = clock.sleep(60_000, stop.signal);
    stop.abort();
    await sleep;
    expect(clock.pending).toBe(0);
    expect(removed).toHaveBeenCalledOnce();
  });

  it('resolves at once under a signal that is already aborted', async () => {
    const clock = new FakeClock();
    await clock.sleep(60_000, AbortSignal.abort());
    expect(clock.pending).toBe(0);
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const sleep = clock.sleep(10, signal);
    await clock.step(10);
    await sleep;
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });
});

describe('the fake clock', () => {
  it('fires timers in order of due time, then of registration', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push('later'));
    clock.after(10, () => seen.push('first'));
    clock.after(10, () => seen.push('second'));
    clock.after(30, () => seen.push('not yet'));
    await clock.step(20);
    expect(seen).toEqual(['first', 'second', 'later']);
  });

  it('does not let a change of the wall clock affect durations', async () => {
    const clock = new FakeClock(1_000_000);
    clock.jump(-500_000);
    await clock.step(5);
    expect([clock.now(), clock.monotonicMs()]).toEqual([500_005, 5]);
  });
});

describe('monotonicOf', () => {
  function machine() {
    const time = { runningMs: 5_000, bootMs: 900_000, wallMs: 1_768_383_000_000 };
    let reads = 0;
    const monotonicMs = monotonicOf({
      runningMs: () => time.runningMs,
      bootMs: () => {
        reads += 1;
        return time.bootMs;
      },
      wallMs: () => time.wallMs,
    });
    const pass = (ms: number, suspendedMs = 0, setMs = 0): void => {
      time.runningMs += ms;
      time.bootMs += ms + suspendedMs;
      time.wallMs += ms + suspendedMs + setMs;
    };
    return { monotonicMs, pass, reads: () => reads };
  }

  it('counts the time for which the machine was suspended', () => {
    const { monotonicMs, pass } = machine();
    pass(1_000);
    expect(monotonicMs()).toBe(6_000);
    pass(500, 60_000);
    expect(monotonicMs()).toBe(66_500);
    pass(500, 60_000);
    expect(monotonicMs()).toBe(127_000);
  });

  it('counts it at once, and reads the time since boot once a second otherwise', () => {
    const { monotonicMs, pass, reads } = machine();
    monotonicMs();
    const before = reads();
    for (let ms = 0; ms < 1_000; ms++) {
      pass(1);
      monotonicMs();
    }
    expect(reads() - before).toBe(1);
    pass(0, 60_000);
    expect(monotonicMs()).toBe(66_000);
  });

  it('counts it within a second if the wall clock was set back by as much', () => {
    const { monotonicMs, pass } = machine();
    monotonicMs();
    pass(999, 60_000, -60_000);
    expect(monotonicMs()).toBe(5_999);
    pass(1);
    expect(monotonicMs()).toBe(66_000);
  });

  it('does not change with the wall clock', () => {
    const { monotonicMs, pass } = machine();
    pass(100, 0, DAY_MS);
    expect(monotonicMs()).toBe(5_100);
    pass(100, 0, -2 * DAY_MS);
    expect(monotonicMs()).toBe(5_200);
  });

  it('is not disturbed by a coarse clock of the time since boot', () => {
    const { monotonicMs, pass } = machine();
    pass(1_000, 999);
    pass(1_000, -999);
    pass(1_000, 999);
    expect(monotonicMs()).toBe(8_000);
  });
});

describe('a process that was stopped for a while', () => {
  /** A connection to ourselves whose other end has sent an answer. */
  async function answered(): Promise<{ answer: Promise<void>; close: () => void }> {
    const server = createServer((socket) => void socket.on('error', () => undefined).end('answer')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const address = server.address();
    const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    const answer = once(socket, 'data').then(() => undefined);
    await once(server, 'connection');
    return { answer, close: () => void (socket.destroy(), server.close()) };
  }

  it('takes in the answers that are there before it judges by time', async () => {
    const { answer, close } = await answered();
    const order: string[] = [];
    void answer.then(() => order.push('answer'));
    const late = new Promise<void>((resolve) => {
      systemClock().after(10, () => {
        order.push('late');
        resolve();
      });
    });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    await late;
    close();

    expect(order).toEqual(['answer', 'late']);
  });
});
