import { describe, expect, it } from 'vitest';
import { CiServerError } from '../ports/ci-server.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const HOUR_MS = 3_600_000;
const NO_ANSWER = new CiServerError('detail', 500, 'the database is away');
const apart = aPlan([aPlannedStep(1), aPlannedStep(2)], { timeoutMs: 10 * HOUR_MS });

/** A stage that was taken over; its first step has a version that no guess matches. Details fail while that is so. */
async function takenOver(): Promise<TestStageRun & { fails: boolean }> {
  const stageRun = Object.assign(new TestStageRun({ plan: apart, adoptions: 1 }), { fails: true });
  const { server } = stageRun;
  server.register([1], 9);
  const detail = server.detail.bind(server);
  server.detail = (id, signal) => (stageRun.fails ? Promise.reject(NO_ANSWER) : detail(id, signal));
  await stageRun.clock.step(0);
  stageRun.logs.of(2).start(stageRun.clock.now());
  return stageRun;
}

describe('a conflict while the details can’t be read, although the server answers pings', () => {
  it('stops nothing, and keeps no other step from being reported', async () => {
    const stageRun = await takenOver();
    await stageRun.run(1);
    await stageRun.clock.step(HOUR_MS);
    expect([stageRun.concluded, stageRun.reports]).toEqual([[], ['2 running']]);

    stageRun.fails = false;
    await stageRun.clock.step(30_000);
    expect(stageRun.reports).toEqual(['2 running', '1 success']);
    await stageRun.run(2);
    expect(stageRun.reports.slice(-2)).toEqual(['2 success', 'stage success']);
  });

  it('is not waited for once all steps have ended: the end of the stage shows that it was open', async () => {
    const stageRun = await takenOver();
    await stageRun.run(1);
    await stageRun.clock.step(HOUR_MS);
    await stageRun.run(2);
    await stageRun.clock.step(60_000);
    expect(stageRun.reports).toEqual(['2 running', '2 success', 'stage success', '1 success']);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['completed']);
  });

  it('is a cancel once they can be read and show that', async () => {
    const stageRun = await takenOver();
    await stageRun.run(1);
    stageRun.server.cancel();
    stageRun.fails = false;
    await stageRun.clock.step(30_000);
    expect(stageRun.concluded.map(({ conclusion }) => conclusion.kind)).toEqual(['cancelled']);
  });
});
