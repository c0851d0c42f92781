import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { CiServer } from '../ports/ci-server.ts';
import { CancelWatches, type ServerState } from './cancel-watches.ts';

type Answer = 'quiet' | 'cancelled';

function begin(answer: (nth: number, clock: FakeClock, signal: AbortSignal) => Promise<Answer>) {
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

/** A watch that ends after the usual time-out of the server, without a cancel. */
const quietAfter =
  (ms: number) =>
  async (_: number, clock: FakeClock, signal: AbortSignal): Promise<Answer> => {
    await clock.sleep(ms, signal);
    signal.throwIfAborted();
    return 'quiet';
  };
const quiet = quietAfter(30_000);

const hanging = (_: number, _clock: FakeClock, signal: AbortSignal): Promise<Answer> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('the watches of a build', () => {
  it('are open at any moment, each started before the previous one ends (known issue 15)', async () => {
    const { clock, watches, openedMs, open, mostOpen } = begin(quiet);
    const watch = watches.open(41);
    for (let second = 0; second < 120; second++) {
      await clock.step(1_000);
      expect(open()).toBeGreaterThan(0);
    }
    expect(openedMs.slice(0, 10)).toEqual([
      0, 2_000, 4_000, 8_000, 13_000, 18_000, 23_000, 28_000, 33_000, 38_000,
    ]);
    expect(mostOpen()).toBeLessThanOrEqual(8);
    watch.close();
    await clock.step(0);
    expect([open(), clock.pending]).toEqual([0, 0]);
  });

  it.each([5_000, 12_000])(
    'overlap by half of the time that the server was observed to hold them, %i ms',
    async (ms) => {
      const { clock, watches, openedMs, open } = begin(quietAfter(ms));
      watches.open(41);
      await clock.step(ms + 20_000);
      for (let tenth = 0; tenth < 300; tenth++) {
        await clock.step(100);
        expect(open()).toBeGreaterThan(0);
      }
      const [last = 0, before = 0] = openedMs.toReversed();
      expect(last - before).toBe(Math.min(5_000, ms / 2));
    },
  );

  it('of many builds overlap less, so that connections stay few', async () => {
    const { clock, watches, open } = begin(quiet);
    const opened = Array.from({ length: 60 }, (_, id) => watches.open(id));
    await clock.step(29_000);
    expect(open()).toBeGreaterThan(300);
    await clock.step(30_000);
    expect(open()).toBeLessThanOrEqual(300);
    for (const one of opened) one.close();
    await clock.step(0);
    expect([open(), clock.pending]).toEqual([0, 0]);
  });

  it('overlap from the start for the next build, since the server’s time-out is known by then', async () => {
    const { clock, watches, openedMs } = begin(quietAfter(5_000));
    watches.open(41).close();
    watches.open(42);
    await clock.step(10_000);
    const beganMs = clock.monotonicMs();
    const before = openedMs.length;
    watches.open(43);
    await clock.step(5_000);
    expect(openedMs.slice(before)).toEqual(
      expect.arrayContaining([beganMs, beganMs + 2_500, beganMs + 5_000]),
    );
  });

  it('report a cancel, and are not opened again', async () => {
    const { clock, watches, openedMs, open } = begin((nth, clock, signal) =>
      nth === 1 ? Promise.resolve('cancelled') : quiet(nth, clock, signal),
    );
    const watch = watches.open(41);
    await clock.step(1_999);
    expect(watch.cancelled.aborted).toBe(false);
    await clock.step(1);
    expect(watch.cancelled.aborted).toBe(true);
    await clock.step(120_000);
    expect([openedMs.length, open(), clock.pending]).toEqual([2, 0, 0]);
    expect(watches.open(41).cancelled.aborted).toBe(true);
  });

  it('do not stop after errors, and wait longer after each of them (known issue 16)', async () => {
    const { clock, watches, openedMs } = begin((nth, clock, signal) =>
      nth < 8 ? Promise.reject(new Error('500')) : quiet(nth, clock, signal),
    );
    watches.open(41);
    await clock.step(121_000);
    expect(openedMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000, 121_000]);
  });

  it('report a cancel after an outage', async () => {
    const { clock, watches } = begin((nth) =>
      nth === 0 ? Promise.reject(new Error('500')) : Promise.resolve('cancelled'),
    );
    const watch = watches.open(41);
    await clock.step(1_000);
    expect(watch.cancelled.aborted).toBe(true);
  });

  it('are never more than eight, even if none of them ends', async () => {
    const { clock, watches, openedMs, mostOpen } = begin(hanging);
    const watch = watches.open(41);
    await clock.step(600_000);
    expect([openedMs.length, mostOpen()]).toEqual([8, 8]);
    watch.close();
    await clock.step(0);
    expect(clock.pending).toBe(0);
  });

  it('do not busy-loop on a proxy that returns "quiet" at once, and leave no timers', async () => {
    const { clock, watches, openedMs } = begin(() => Promise.resolve('quiet'));
    watches.open(41);
    await clock.step(60_000);
    expect(openedMs.length).toBeLessThan(65);
    expect(clock.pending).toBeLessThan(3);
  });

  it('are shared among the stages of a build, until the last one closes its handle', async () => {
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

  it('of two builds are separate', async () => {
    const { clock, watches } = begin((nth) =>
      nth === 0 ? Promise.resolve('cancelled') : new Promise(() => undefined),
    );
    const [first, second] = [watches.open(41), watches.open(42)];
    await clock.step(0);
    expect([first.cancelled.aborted, second.cancelled.aborted]).toEqual([true, false]);
  });
});

/** One-way network delay of a call. */
const TRANSIT_MS = 40;
/** The server updates the stages of a cancelled build after it has sent the commit status. */
const COMMIT_STATUS_MS = 1_500;

/** How the network treats a watch. The server holds each watch for `holdMs` and drops a cancel without an open watch. */
interface Path {
  readonly holdMs: number;
  /** The network ends a watch after this time. */
  readonly cut?: { readonly afterMs: number; readonly how: 'quiet' | 'error' };
  /** From this time on, new watches never get a response. */
  readonly silentFromMs?: number;
}

/** A server that keeps cancels in memory only, behind a proxy. */
class Server {
  readonly #clock: FakeClock;
  readonly #path: Path;
  readonly #listeners = new Set<() => void>();
  #cancelledMs = Number.POSITIVE_INFINITY;
  checks = 0;

  constructor(clock: FakeClock, path: Path) {
    this.#clock = clock;
    this.#path = path;
  }

  cancel(): void {
    this.#cancelledMs = this.#clock.monotonicMs();
    for (const notify of this.#listeners) notify();
  }

  async watch(signal: AbortSignal): Promise<Answer> {
    const { cut, silentFromMs = Number.POSITIVE_INFINITY } = this.#path;
    if (this.#clock.monotonicMs() >= silentFromMs) return hanging(0, this.#clock, signal);
    if (!cut) return this.#held(signal);
    const over = AbortSignal.any([signal]);
    return Promise.race([this.#held(over), this.#cut(cut, over)]);
  }

  async #cut({ afterMs, how }: NonNullable<Path['cut']>, signal: AbortSignal): Promise<Answer> {
    await this.#clock.sleep(afterMs, signal);
    if (how === 'error') throw new Error('502');
    return 'quiet';
  }

  async #held(signal: AbortSignal): Promise<Answer> {
    await this.#clock.sleep(TRANSIT_MS, signal);
    const cancelled = new AbortController();
    const notify = (): void => cancelled.abort();
    this.#listeners.add(notify);
    await this.#clock.sleep(this.#path.holdMs, AbortSignal.any([signal, cancelled.signal]));
    this.#listeners.delete(notify);
    await this.#clock.sleep(TRANSIT_MS, signal);
    signal.throwIfAborted();
    return cancelled.signal.aborted ? 'cancelled' : 'quiet';
  }

  readonly checkState = async (): Promise<ServerState> => {
    this.checks += 1;
    await this.#clock.sleep(TRANSIT_MS);
    const isRewritten = this.#clock.monotonicMs() >= this.#cancelledMs + COMMIT_STATUS_MS;
    await this.#clock.sleep(TRANSIT_MS);
    return isRewritten ? 'cancelled' : 'open';
  };
}

function beginOn(path: Path, others = 0) {
  const clock = new FakeClock();
  const server = new Server(clock, path);
  const ofOthers = new Server(clock, path);
  const ciServer: Pick<CiServer, 'watch'> = {
    watch: (buildId, signal) => (buildId === 41 ? server : ofOthers).watch(signal),
  };
  const watches = new CancelWatches({ clock, ciServer: ciServer as CiServer, log: silentLogger });
  for (let id = 0; id < others; id++) watches.open(1_000 + id);
  const watch = watches.open(41);
  watch.checkWith(server.checkState);
  return { clock, server, watches, watch };
}

/** The time from a cancel until it takes effect. */
async function latencyMs(path: Path, cancelMs: number, others = 0): Promise<number> {
  const { clock, server, watch } = beginOn(path, others);
  await clock.step(cancelMs);
  server.cancel();
  let actedMs = Number.POSITIVE_INFINITY;
  watch.cancelled.addEventListener('abort', () => {
    actedMs = clock.monotonicMs();
  });
  await clock.step(40_000);
  watch.close();
  return actedMs - cancelMs;
}

const MOMENTS_MS = [
  0, 20, 700, 1_990, 3_333, 4_980, 5_020, 5_060, 7_990, 9_999, 12_345, 20_001, 29_990, 30_041, 30_079, 31_000,
  37_777, 44_444, 60_060, 61_234, 75_000, 90_123, 120_007,
];

const PATHS: readonly (readonly [string, Path])[] = [
  ['the server holds watches for 30 s', { holdMs: 30_000 }],
  ['the server holds watches for 5 s', { holdMs: 5_000 }],
  ['the server holds watches for 1.2 s', { holdMs: 1_200 }],
  ['the server answers at once', { holdMs: 0 }],
  ['a proxy cuts watches after 5 s with an error', { holdMs: 30_000, cut: { afterMs: 5_000, how: 'error' } }],
  ['a proxy cuts watches after 5 s as if quiet', { holdMs: 30_000, cut: { afterMs: 5_000, how: 'quiet' } }],
  ['a proxy returns 502 at once', { holdMs: 30_000, cut: { afterMs: 0, how: 'error' } }],
  ['a proxy holds watches without end', { holdMs: 30_000, silentFromMs: 0 }],
  ['a proxy starts to hold watches without end', { holdMs: 30_000, silentFromMs: 50_000 }],
];

describe('a cancel takes effect (previous-runner §5.8)', () => {
  it.each(PATHS)('within 10 s if %s', async (_, path) => {
    for (const cancelMs of MOMENTS_MS) {
      const tookMs = await latencyMs(path, cancelMs);
      expect(tookMs, `cancelled at ${cancelMs} ms`).toBeLessThanOrEqual(10_000);
    }
  });

  it.each(PATHS)('within 10 s beside many other builds if %s', async (_, path) => {
    expect(await latencyMs(path, 15_010, 51)).toBeLessThanOrEqual(10_000);
  });

  it('within 18 s beside many other builds after a proxy has begun to hold watches without end', async () => {
    for (const cancelMs of [81_000, 84_000, 88_000])
      expect(await latencyMs({ holdMs: 30_000, silentFromMs: 50_000 }, cancelMs, 75)).toBeLessThanOrEqual(
        18_000,
      );
  });

  it.each([
    ['30 s', 30_000],
    ['5 s', 5_000],
  ])('at once if the server holds watches for %s', async (_, holdMs) => {
    for (const cancelMs of MOMENTS_MS.filter((ms) => ms > TRANSIT_MS))
      expect(await latencyMs({ holdMs }, cancelMs), `cancelled at ${cancelMs} ms`).toBe(TRANSIT_MS);
  });
});

describe('the state of a stage is requested from the server', () => {
  it('at the start, and not again once overlapping watches have ended normally', async () => {
    const { clock, server } = beginOn({ holdMs: 30_000 });
    await clock.step(45_000);
    const atFirst = server.checks;
    expect(atFirst).toBeGreaterThanOrEqual(3);
    expect(atFirst).toBeLessThanOrEqual(5);
    await clock.step(240_000);
    expect(server.checks).toBe(atFirst);
  });

  it('at intervals in any case', async () => {
    const { clock, server } = beginOn({ holdMs: 30_000 });
    await clock.step(45_000);
    const atFirst = server.checks;
    await clock.step(3_600_000);
    expect(server.checks).toBe(atFirst + 12);
  });

  it('repeatedly while watches prove nothing, but not every second', async () => {
    const { clock, server } = beginOn({ holdMs: 0 });
    await clock.step(80_000);
    expect(server.checks).toBe(10);
  });

  it('until it is certain that no cancel fell into a gap, even if the server updates stages slowly', async () => {
    const clock = new FakeClock();
    let isCut = false;
    const lookedMs: number[] = [];
    const ciServer: Pick<CiServer, 'watch'> = {
      watch: async (_buildId, signal) => {
        await clock.sleep(isCut ? 0 : 30_000, signal);
        if (isCut) throw new Error('502');
        return 'quiet';
      },
    };
    const watches = new CancelWatches({ clock, ciServer: ciServer as CiServer, log: silentLogger });
    watches.open(41).checkWith(() => {
      lookedMs.push(clock.monotonicMs());
      return Promise.resolve('open');
    });
    await clock.step(100_000);
    lookedMs.length = 0;
    isCut = true;
    await clock.step(20_000);
    isCut = false;
    await clock.step(80_000);
    expect(lookedMs.length).toBeGreaterThan(4);
    expect(lookedMs.at(-1)).toBeGreaterThan(150_000);
    lookedMs.length = 0;
    await clock.step(200_000);
    expect(lookedMs).toEqual([]);
  });

  it('with one request at a time, however long it takes', async () => {
    const { clock, watch } = beginOn({ holdMs: 0 });
    let [asked, open, most] = [0, 0, 0];
    watch.checkWith(async () => {
      asked += 1;
      open += 1;
      most = Math.max(most, open);
      await clock.sleep(25_000);
      open -= 1;
      return 'unknown';
    });
    await clock.step(90_000);
    expect([most, asked]).toEqual([1, 4]);
  });

  it('for each stage of a build separately: one that ended alone does not stop another', async () => {
    const { clock, watches, watch } = beginOn({ holdMs: 0 });
    const other = watches.open(41);
    other.checkWith(() => Promise.resolve('cancelled'));
    await clock.step(8_000);
    expect([watch.cancelled.aborted, other.cancelled.aborted]).toEqual([false, true]);
  });

  it('not for a stage that has ended', async () => {
    const { clock, server, watches, watch } = beginOn({ holdMs: 0 });
    const other = watches.open(41);
    await clock.step(8_000);
    expect(server.checks).toBe(1);
    watch.close();
    await clock.step(60_000);
    expect(server.checks).toBe(1);
    other.close();
  });

  it('and a failed request proves nothing', async () => {
    const { clock, watch } = beginOn({ holdMs: 0 });
    let asked = 0;
    watch.checkWith(() => {
      asked += 1;
      return asked < 3 ? Promise.reject(new Error('no')) : Promise.resolve('cancelled');
    });
    await clock.step(23_999);
    expect(watch.cancelled.aborted).toBe(false);
    await clock.step(1);
    expect(watch.cancelled.aborted).toBe(true);
  });
});
