import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { type RunnerOptions, type RunnerParts, run } from './runner.ts';
import { StageRegistry } from './stage-registry.ts';

/** A runner that waits for its Lease. */
function waiting(stop: AbortSignal): {
  readonly running: Promise<void>;
  readonly refuse: (error: Error) => void;
} {
  const taken = Promise.withResolvers<never>();
  stop.addEventListener('abort', () => taken.reject(stop.reason));
  const lease = { take: () => taken.promise };
  const running = run({ lease, log: silentLogger } as unknown as RunnerParts, {} as RunnerOptions, stop);
  return { running, refuse: taken.reject };
}

describe('a runner that waits for its Lease', () => {
  it('returns when it is stopped', async () => {
    const stop = new AbortController();
    const { running } = waiting(stop.signal);
    stop.abort(new Error('SIGTERM'));
    await expect(running).resolves.toBeUndefined();
  });

  it('ends with the error of a Lease that it cannot have', async () => {
    const { running, refuse } = waiting(new AbortController().signal);
    refuse(new Error('another process holds it'));
    await expect(running).rejects.toThrow('another process holds it');
  });
});

/** A runner that has its Lease and lists the Pods, which it does before it polls for the first time. */
async function listing() {
  const stop = new AbortController();
  const terms: AbortController[] = [];
  const listed: PromiseWithResolvers<void>[] = [];
  let isReleased = false;
  const lease = {
    owner: 'ci/me',
    take: () => {
      terms.push(new AbortController());
      return Promise.resolve({ namespaces: [], intents: [] });
    },
    get lost(): AbortSignal {
      return terms.at(-1)?.signal ?? AbortSignal.abort();
    },
    keep: (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    release: () => Promise.resolve(void (isReleased = true)),
  };
  const podWatch = {
    listen: () => () => undefined,
    follow: (_namespace: string, signal: AbortSignal) => {
      const list = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => list.reject(signal.reason));
      listed.push(list);
      return list.promise;
    },
  };
  const parts = {
    ...{ lease, podWatch, log: silentLogger, clock: new FakeClock(), registry: new StageRegistry() },
    queue: { next: () => undefined },
  } as unknown as RunnerParts;
  const options = { namespaces: ['ci'] } as unknown as RunnerOptions;
  let end: unknown = 'runs';
  void run(parts, options, stop.signal).then(
    () => (end = 'over'),
    (error: unknown) => (end = error),
  );
  await settle();
  return { stop, terms, listed, end: () => end, isReleased: () => isReleased };
}

describe('a runner that has not polled yet', () => {
  it('acquires its Lease again if that is lost, which is no error of the program (issue 11, 1.12)', async () => {
    const { stop, terms, end, isReleased } = await listing();
    terms[0]?.abort(new Error('the Lease was not renewed in time'));
    await settle();
    expect([terms.length, end()]).toEqual([2, 'runs']);
    stop.abort(new Error('SIGTERM'));
    await settle();
    expect([terms.length, end(), isReleased()]).toEqual([2, 'over', true]);
  });

  it('ends with an error that is not a loss of its Lease', async () => {
    const { terms, listed, end } = await listing();
    // What follows needs parts that this runner does not have: that is a defect.
    listed[0]?.resolve();
    await settle();
    expect([terms.length, end()]).toEqual([1, expect.any(TypeError)]);
  });
});
