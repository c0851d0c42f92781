import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { BuildProgress } from './build-progress.ts';

function begin() {
  const clock = new FakeClock();
  const said: string[] = [];
  const work = Promise.withResolvers<string>();
  const outcome = new BuildProgress(clock, (line) => said.push(line)).during(
    'build etcd',
    () => work.promise,
  );
  return { clock, said, work, outcome };
}

describe('progress of a long build', () => {
  it('is reported at once and every 15 seconds, with the elapsed time, until it ends', async () => {
    const { clock, said, work, outcome } = begin();
    await clock.step(44_999);
    expect(said).toEqual(['build etcd ...', 'build etcd, 15 s', 'build etcd, 30 s']);
    work.resolve('built');
    expect(await outcome).toBe('built');
    await clock.step(60_000);
    expect([said.length, clock.pending]).toEqual([3, 0]);
  });

  it('ends with a build that fails, whose error is passed on', async () => {
    const { clock, said, work, outcome } = begin();
    work.reject(new Error('no such package'));
    await expect(outcome).rejects.toThrow('no such package');
    await clock.step(60_000);
    expect([said.length, clock.pending]).toEqual([1, 0]);
  });
});
