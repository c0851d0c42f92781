import { silentLogger } from '@hangar/shared/logger';
import { describe, expect, it } from 'vitest';
import { type RunnerOptions, type RunnerParts, run } from './runner.ts';

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
