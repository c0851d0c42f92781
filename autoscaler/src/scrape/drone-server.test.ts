import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { queryDrone } from './drone-server.ts';
import type { TargetAnswer } from './metrics-source.ts';

const URL = 'https://drone.acme.test/metrics';
const never = new AbortController().signal;

async function reported(answer: Partial<TargetAnswer> | Error, clock = new FakeClock()) {
  const source = {
    get: (): Promise<TargetAnswer> =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve({ status: 200, contentType: 'text/plain', body: '', ...answer }),
  };
  return queryDrone({ clock, source, deadlineMs: 5_000 }, URL, never);
}
const METRICS = [
  '# HELP drone_pending_jobs Total number of pending jobs.',
  '# TYPE drone_pending_jobs gauge',
  'drone_pending_jobs 7',
  'drone_running_jobs 3',
  '',
].join('\n');

describe("the Drone server's own metrics", () => {
  it('contain the pending stages, including zero', async () => {
    expect(await reported({ body: METRICS })).toEqual({ pendingJobs: 7, problem: '' });
    expect(await reported({ body: 'drone_pending_jobs 0\n' })).toEqual({ pendingJobs: 0, problem: '' });
  });

  it.each<[string, Partial<TargetAnswer> | Error, RegExp]>([
    ['that require a token', { status: 401 }, /answers 401 .*TOKEN_FILE/],
    ['of another program', { body: 'up 1\n' }, /has no drone_pending_jobs/],
    ['with a sign-in page in their place', { contentType: 'text/html', body: '<html>' }, /has no drone/],
    ['that are cut off', { body: 'drone_pending_jobs 1' }, /ends within a line/],
    ['that are not numbers', { body: 'drone_pending_jobs NaN\n' }, /drone_pending_jobs NaN/],
    ['that are negative', { body: 'drone_pending_jobs -1\n' }, /drone_pending_jobs -1/],
    [
      'that cannot be fetched',
      new Error('connection refused'),
      /connection refused .*check that it is running/,
    ],
  ])('%s are reported as missing with the reason, not as zero', async (_sentence, answer, problem) => {
    const reading = await reported(answer);
    expect(reading.pendingJobs).toBeUndefined();
    expect(reading.problem).toMatch(problem);
  });

  it('that hang are reported as missing at the deadline', async () => {
    const clock = new FakeClock();
    const source = {
      get: (_url: string, signal: AbortSignal) =>
        new Promise<TargetAnswer>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        ),
    };
    const asked = queryDrone({ clock, source, deadlineMs: 5_000 }, URL, never);
    await settle();
    await clock.step(5_000);
    expect((await asked).problem).toContain('no answer within 5000 ms');
  });
});
