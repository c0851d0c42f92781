import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { DroneStage, Filter } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import { type PollOptions, poll, type Taken } from './poll.ts';

type Answer = { offer?: number; afterMs?: number; error?: unknown };

/** A server that answers from a script and repeats its last entry. */
function begin(script: readonly Answer[], options: Partial<PollOptions> & { becomes?: Taken } = {}) {
  const clock = new FakeClock();
  const askedMs: number[] = [];
  const taken: number[] = [];
  let answered = 0;
  const stop = new AbortController();
  const ciServer: Pick<CiServer, 'request'> = {
    request: async (_filter: Filter, signal: AbortSignal) => {
      const answer = script[Math.min(askedMs.length, script.length - 1)] ?? {};
      askedMs.push(clock.monotonicMs());
      await clock.sleep(answer.afterMs ?? 0, signal);
      signal.throwIfAborted();
      if (answer.error) throw answer.error as Error;
      return answer.offer === undefined ? undefined : ({ id: answer.offer } as DroneStage);
    },
  };
  const polling = poll(
    { clock, ciServer: ciServer as CiServer, log: silentLogger, random: () => 1 },
    {
      filter: { kind: 'pipeline', type: 'kubernetes', labels: {} },
      room: () => Promise.resolve(),
      take: (offer) => {
        taken.push(offer.id);
        return Promise.resolve(options.becomes ?? 'taken');
      },
      answered: () => {
        answered += 1;
      },
      ...options,
    },
    stop.signal,
  );
  return { clock, askedMs, taken, stop, polling, answered: () => answered };
}

const quiet: Answer = { afterMs: 30_000 };

describe('poll (previous-runner §8)', () => {
  it('polls again at once after an empty long poll (drone-rpc §2.0)', async () => {
    const { clock, askedMs, stop } = begin([quiet]);
    await clock.step(90_000);
    expect(askedMs).toEqual([0, 30_000, 60_000, 90_000]);
    stop.abort();
  });

  it('takes an offer before it polls again, and polls again at once', async () => {
    const { clock, askedMs, taken, answered, stop } = begin([
      { offer: 63, afterMs: 5 },
      { offer: 64, afterMs: 5 },
      quiet,
    ]);
    await clock.step(20);
    expect([taken, askedMs, answered()]).toEqual([[63, 64], [0, 5, 10], 2]);
    stop.abort();
  });

  it('ignores an offer without an id', async () => {
    const { clock, taken, stop } = begin([{ offer: 0, afterMs: 2_000 }, quiet]);
    await clock.step(3_000);
    expect(taken).toEqual([]);
    stop.abort();
  });

  it.each([
    ['401', new CiServerError('request', 401, 'wrong secret')],
    ['404', new CiServerError('request', 404, 'no such API')],
    ['500', new CiServerError('request', 500, 'trouble')],
    ['no response', new CiServerError('request', 0, 'refused')],
    ['an unexpected error', new TypeError('a bug')],
  ])('does not busy-loop on a server that answers %s (known issue 17)', async (_, error) => {
    const { clock, askedMs, answered, stop } = begin([{ error }]);
    await clock.step(120_000);
    expect(askedMs.slice(0, 4)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(askedMs.length).toBeLessThan(10);
    expect(answered()).toBe(0);
    stop.abort();
  });

  it('starts with a short pause again after a successful poll', async () => {
    const error = new CiServerError('request', 500, 'trouble');
    const { clock, askedMs, stop } = begin([{ error }, { error }, quiet, { error }, quiet]);
    await clock.step(34_000);
    expect(askedMs).toEqual([0, 1_000, 3_000, 33_000, 34_000]);
    stop.abort();
  });

  it('waits as long as a 429 requests', async () => {
    const error = new CiServerError('request', 429, 'slower', { retryAfterMs: 20_000 });
    const { clock, askedMs, stop } = begin([{ error }, quiet]);
    await clock.step(20_000);
    expect(askedMs).toEqual([0, 20_000]);
    stop.abort();
  });

  it('does not busy-loop on a proxy that answers "nothing" at once', async () => {
    const { clock, askedMs, stop } = begin([{}]);
    await clock.step(120_000);
    expect(askedMs.length).toBeLessThan(10);
    stop.abort();
  });

  it('polls again at once after one offer that was not accepted, and with a pause after more', async () => {
    const { clock, askedMs, stop } = begin([{ offer: 63 }], { becomes: 'not-taken' });
    await clock.step(120_000);
    expect(askedMs.slice(0, 4)).toEqual([0, 0, 1_000, 3_000]);
    expect(askedMs.length).toBeLessThan(12);
    stop.abort();
  });

  it('does not poll while there is no room', async () => {
    let makeRoom = (): void => undefined;
    const { clock, askedMs, stop } = begin([quiet], {
      room: () =>
        new Promise((resolve) => {
          makeRoom = resolve;
        }),
    });
    await clock.step(60_000);
    expect(askedMs).toEqual([]);
    makeRoom();
    await clock.step(0);
    expect(askedMs).toEqual([60_000]);
    stop.abort();
  });

  it.each([
    ['during a long poll (known issue 61)', [quiet]],
    ['during a pause (known issue 61)', [{ error: new CiServerError('request', 500, 'trouble') }]],
  ])('ends %s', async (_, script) => {
    const { clock, polling, stop } = begin(script);
    await clock.step(10);
    stop.abort(new Error('stop'));
    await polling;
    expect(clock.pending).toBe(0);
  });

  it('ends while it waits for room', async () => {
    const { clock, askedMs, polling, stop } = begin([quiet], {
      room: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    });
    await clock.step(10);
    stop.abort();
    await polling;
    expect(askedMs).toEqual([]);
  });
});
