import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import type { Pool } from '../capacity/pools.ts';
import { compareInThread } from '../edges/compare-in-thread.ts';
import { playCurve } from '../replay/play-curve.ts';
import { aService } from '../replay/testing/a-service.ts';
import { CurveKeeper, type CurvePlayer } from './curve-keeper.ts';
import type { CurveQuestion, PriceCurve } from './price-curve.ts';

const NOW = 1_768_383_000_000;
const spec = { allocatable: { cpuMillicores: 4000, memoryBytes: 2 ** 33, pods: 110 } };
const pool: Pool = {
  ...{ name: 'builds', owner: 'unknown', spec, nodes: [] },
  shape: { name: 'builds', allocatable: spec.allocatable, source: 'a test' },
};
const service = aService();
const settings = { ...service.policy.settings, emptyForMs: 0, lowerPaceMs: 0 };
const jobs = (count: number): readonly Job[] =>
  Array.from({ length: count }, (_, nth) => ({
    arrivedAt: NOW / 1000 + nth * 300,
    durationSeconds: 60,
    request: { cpuMillicores: 1000, memoryBytes: 2 ** 30 },
  }));
const CURVE: PriceCurve = { days: 1, builds: 600, waitPrice: 30, points: [] };

function aKeeper(answer: () => Promise<PriceCurve>) {
  const questions: CurveQuestion[] = [];
  const player: CurvePlayer = {
    curve: (question) => {
      questions.push(question);
      return answer();
    },
  };
  const clock = new FakeClock(NOW);
  const keeper = new CurveKeeper({ clock, log: silentLogger, player }, settings);
  const consider = async (builds: number): Promise<void> => {
    keeper.consider([pool], { bootSeconds: 180, jobs: () => jobs(builds) }, new AbortController().signal);
    await keeper.idle;
  };
  return { keeper, clock, questions, consider };
}

describe('the kept curve of cost against waiting', () => {
  it('is played on the remembered builds, and anew after six hours', async () => {
    const { keeper, clock, questions, consider } = aKeeper(() => Promise.resolve(CURVE));
    await consider(600);
    await consider(600);

    expect(keeper.curve).toEqual({ ...CURVE, atMs: NOW });
    expect(questions).toEqual([expect.objectContaining({ node: spec, bootSeconds: 180 })]);
    await clock.step(6 * 3_600_000);
    await consider(600);
    expect(questions.length).toBe(2);
  });

  it('is none with a few builds', async () => {
    const { keeper, questions, consider } = aKeeper(() => Promise.resolve(CURVE));
    await consider(499);

    expect([keeper.curve, questions.length]).toEqual([undefined, 0]);
  });

  it('stays as it was when it cannot be played', async () => {
    const { keeper, consider } = aKeeper(() => Promise.reject(new Error('no memory')));
    await consider(600);

    expect(keeper.curve).toBeUndefined();
  });

  it('is the same in a thread', { timeout: 60_000 }, async () => {
    const question = { jobs: jobs(40), node: spec, bootSeconds: 180, settings };

    expect(await compareInThread.curve(question, new AbortController().signal)).toEqual(playCurve(question));
  });
});
