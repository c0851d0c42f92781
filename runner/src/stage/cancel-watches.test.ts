import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { CiServer } from '../ports/ci-server.ts';
import { CancelWatches } from './cancel-watches.ts';

type Word = 'quiet' | 'cancelled';

function begin(answer: (nth: number, clock: FakeClock, signal: AbortSignal) => Promise<Word>) {
  const clock = new FakeClock();
  const openedMs: number[] = [];
  let open = 0;
  let mostOpen = 0;
  const ciServer: Pick<CiServer, 'watch'> = {
    watch: async (_buildId, signal) => {
      openedMs.push(clock.monotonicMs());
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      try {
        return await answer(openedMs.length - 1, clock, signal);
      } finally {
        open -= 1;
      }
    },
  };
  const watches = new CancelWatches({ clock, ciServer: ciServer as CiServer, log: silentLogger });
  return { clock, watches, openedMs, open: () => open, mostOpen: () => mostOpen };
}

/** As the server does it: 30 s without news. */
async function quiet(_: number, clock: FakeClock, signal: AbortSignal): Promise<Word> {
  await clock.sleep(30_000, signal);
  signal.throwIfAborted();
  return 'quiet';
}

const hanging = (_: number, _clock: FakeClock, signal: AbortSignal): Promise<Word> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('CancelWatches', () => {
  it('keeps one watch open at any moment, the next begun before the former ends (known issue 15)', async () => {
    const { clock, watches, openedMs, open, mostOpen } = begin(quiet);
    const watch = watches.open(41);
    for (let second = 0; second < 120; second++) {
      await clock.step(1_000);
      expect(open()).toBeGreaterThan(0);
    }
    expect(openedMs).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
    expect(mostOpen()).toBe(2);
    watch.close();
    await clock.step(0);
    expect([open(), clock.pending]).toEqual([0, 0]);
  });

  it('tells a cancel, and looks no more', async () => {
    const { clock, watches, openedMs, open } = begin((nth, clock, signal) =>
      nth === 1 ? Promise.resolve('cancelled') : quiet(nth, clock, signal),
    );
    const watch = watches.open(41);
    await clock.step(19_999);
    expect(watch.cancelled.aborted).toBe(false);
    await clock.step(1);
    expect(watch.cancelled.aborted).toBe(true);
    await clock.step(120_000);
    expect([openedMs.length, open(), clock.pending]).toEqual([2, 0, 0]);
    expect(watches.open(41).cancelled.aborted).toBe(true);
  });

  it('does not stop watching after errors, and pauses longer and longer between them (known issue 16)', async () => {
    const { clock, watches, openedMs } = begin((nth, clock, signal) =>
      nth < 8 ? Promise.reject(new Error('500')) : quiet(nth, clock, signal),
    );
    watches.open(41);
    await clock.step(121_000);
    expect(openedMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000, 121_000]);
  });

  it('hears a cancel after an outage', async () => {
    const { clock, watches } = begin((nth) =>
      nth === 0 ? Promise.reject(new Error('500')) : Promise.resolve('cancelled'),
    );
    const watch = watches.open(41);
    await clock.step(1_000);
    expect(watch.cancelled.aborted).toBe(true);
  });

  it('never has more than two open, though none of them ends', async () => {
    const { clock, watches, openedMs, mostOpen } = begin(hanging);
    const watch = watches.open(41);
    await clock.step(600_000);
    expect([openedMs.length, mostOpen()]).toEqual([2, 2]);
    watch.close();
    await clock.step(0);
    expect(clock.pending).toBe(0);
  });

  it('does not hammer something in between that says "quiet" at once, nor collect timers', async () => {
    const { clock, watches, openedMs } = begin(() => Promise.resolve('quiet'));
    watches.open(41);
    await clock.step(60_000);
    expect(openedMs.length).toBeLessThan(65);
    expect(clock.pending).toBeLessThan(3);
  });

  it('shares one watcher among the stages of a build, until the last closes', async () => {
    const { clock, watches, openedMs, open } = begin(quiet);
    const [first, second] = [watches.open(41), watches.open(41)];
    await clock.step(0);
    expect(openedMs).toHaveLength(1);
    first.close();
    first.close();
    await clock.step(0);
    expect(open()).toBe(1);
    second.close();
    await clock.step(0);
    expect(open()).toBe(0);
    watches.open(41);
    await clock.step(0);
    expect(openedMs).toHaveLength(2);
  });

  it('watches builds apart', async () => {
    const { clock, watches } = begin((nth) =>
      nth === 0 ? Promise.resolve('cancelled') : new Promise(() => undefined),
    );
    const [first, second] = [watches.open(41), watches.open(42)];
    await clock.step(0);
    expect([first.cancelled.aborted, second.cancelled.aborted]).toEqual([true, false]);
  });
});
