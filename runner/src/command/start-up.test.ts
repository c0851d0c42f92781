import { KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { Review } from '../permissions/review.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { listedNodes, pinged, reviewed } from './start-up.ts';

function parts(clock: FakeClock) {
  const said: string[] = [];
  const log = { ...silentLogger, error: (_fields: object, text: string) => void said.push(text) };
  return { tools: { clock, random: () => 0.999, log }, said };
}

/** Fails this number of times, then succeeds. */
function failing<T>(times: number, error: Error, answer: T): { ask: () => Promise<T>; tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    ask: () => (++tries > times ? Promise.resolve(answer) : Promise.reject(error)),
  };
}

const NOTHING: Review = {
  ...{ missing: [], warnings: [], eventPlaces: [] },
  ...{ coordination: 'leases', updateIn: [], secretsHiddenIn: [] },
};
const down = new CiServerError('ping', 0, 'no answer');

describe('pinged', () => {
  it('retries until the server responds, with growing delays, and logs each failure', async () => {
    const clock = new FakeClock();
    const { tools, said } = parts(clock);
    const server = failing(3, down, undefined);
    const answer = pinged(tools, server.ask, new AbortController().signal);
    await clock.step(7_000);

    expect(await answer).toBe(true);
    expect(said).toHaveLength(3);
    expect(said[0]).toContain('check DRONE_RPC_PROTO, DRONE_RPC_HOST and DRONE_RPC_SECRET');
  });

  it('retries with a wrong secret too: the operator may be correcting it', async () => {
    const clock = new FakeClock();
    const { tools } = parts(clock);
    const server = failing(1, new CiServerError('ping', 401, 'wrong secret'), undefined);
    const answer = pinged(tools, server.ask, new AbortController().signal);
    await clock.step(1_000);

    expect(await answer).toBe(true);
  });

  it('ends at once when stopped during a delay', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const answer = pinged(parts(clock).tools, failing(9, down, undefined).ask, stop.signal);
    await clock.step(1);
    stop.abort();

    expect(await answer).toBe(false);
    expect(clock.pending).toBe(0);
  });
});

describe('listedNodes', () => {
  const { signal } = new AbortController();

  it('retries until the API server responds, and not after a permanent refusal', async () => {
    const clock = new FakeClock();
    const { tools, said } = parts(clock);
    const listed = listedNodes(
      tools,
      failing(2, new KubernetesError(0, 'Timeout', 'no answer'), undefined).ask,
      signal,
    );
    await clock.step(3_000);
    expect([await listed, said.length]).toEqual([true, 2]);

    const refused = failing(1, new KubernetesError(403, 'Forbidden', 'not you'), undefined);
    await expect(listedNodes(tools, refused.ask, signal)).rejects.toThrow('not you');
  });

  it('ends at once when stopped during a delay', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const ask = failing(9, new KubernetesError(0, 'Timeout', 'no answer'), undefined);
    const listed = listedNodes(parts(clock).tools, ask.ask, stop.signal);
    await clock.step(1);
    stop.abort();
    expect(await listed).toBe(false);
  });
});

describe('reviewed', () => {
  it('retries until the API server responds', async () => {
    const clock = new FakeClock();
    const { tools, said } = parts(clock);
    const api = failing(2, new KubernetesError(0, 'Timeout', 'no answer'), NOTHING);
    const answer = reviewed(tools, api.ask, new AbortController().signal);
    await clock.step(3_000);

    expect(await answer).toEqual(NOTHING);
    expect(said).toEqual(Array.from({ length: 2 }, () => 'the Kubernetes API does not answer; trying again'));
  });

  it('does not retry after a permanent refusal', async () => {
    const api = failing(1, new KubernetesError(401, 'Unauthorized', 'who are you?'), NOTHING);

    await expect(
      reviewed(parts(new FakeClock()).tools, api.ask, new AbortController().signal),
    ).rejects.toThrow('who are you?');
    expect(api.tries()).toBe(1);
  });
});
