import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { LOAD_LEVELS } from '../capacity/shape.ts';
import { type ModelParameters, PUBLISHED } from '../model/parameters.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { checkedPools } from './checked.ts';
import { modelledJobs, placesFor, waitP95With } from './fixed-pool.ts';
import { recommendForPrs } from './for-prs.ts';

const request = { cpuMillicores: 1, memoryBytes: 1 };
const aJob = (arrivedAt: number, durationSeconds: number): Job => ({ arrivedAt, durationSeconds, request });

/** Each build takes the place that is free first, one place after the other. */
function waitsByHand(places: number, jobs: readonly Job[]): readonly number[] {
  const freeAt = new Array<number>(places).fill(0);
  return jobs.map(({ arrivedAt, durationSeconds }) => {
    const place = freeAt.indexOf(Math.min(...freeAt));
    const startedAt = Math.max(arrivedAt, freeAt[place] ?? 0);
    freeAt[place] = startedAt + durationSeconds;
    return startedAt - arrivedAt;
  });
}

describe('a fixed pool', () => {
  const anyJobs = fc
    .array(fc.tuple(fc.nat(1000), fc.nat(300)), { minLength: 1, maxLength: 60 })
    .map((all) =>
      all.map(([at, run]) => aJob(at, run)).sort((one, other) => one.arrivedAt - other.arrivedAt),
    );

  it('lets builds wait as in a queue with so many places', () => {
    fc.assert(
      fc.property(anyJobs, fc.integer({ min: 1, max: 9 }), (jobs, places) => {
        const waits = waitsByHand(places, jobs).toSorted((one, other) => one - other);

        expect(waitP95With(places, jobs)).toBe(waits[Math.ceil(waits.length * 0.95) - 1]);
      }),
    );
  });

  it('has the fewest places that meet the objective: one place fewer misses it', () => {
    const jobs = modelledJobs(100, PUBLISHED) ?? [];
    const places = placesFor(10, jobs);

    expect(waitP95With(places, jobs)).toBeLessThanOrEqual(10);
    expect(waitP95With(places - 1, jobs)).toBeGreaterThan(10);
  });
});

describe('the builds of the model', () => {
  const pod = { cpuMillicores: 3000, memoryBytes: 4 * 2 ** 30 };

  it('request what each Pod of the model requests', () => {
    const requests = (parameters: ModelParameters) =>
      new Set(modelledJobs(10, parameters)?.map((job) => job.request));

    expect(requests(PUBLISHED)).toEqual(new Set([PUBLISHED.pod]));
    expect(requests({ ...PUBLISHED, pod })).toEqual(new Set([pod]));
  });
});

describe('a recommendation', () => {
  const checkedFor = (prsPerDay: number) => {
    const answer = recommendForPrs({ prsPerDay, shapes: PUBLISHED_SHAPES, levels: LOAD_LEVELS });
    return { answer, checked: checkedPools(answer, 10, () => ({ nodeHours: 48, waitP95Seconds: 3 })) };
  };

  it.each([10, 100, 500])(
    'for %d PRs a day has one number for capacity and quota: the places of its nodes',
    (prs) => {
      const { runnerCapacity, quota } = checkedFor(prs).answer.assumed;
      const places = (level: 'low' | 'high') =>
        checkedFor(prs).answer.shapes.map(({ nodes, podsThatFit }) => (nodes[level] ?? 0) * podsThatFit);

      expect(quota.pods).toEqual(runnerCapacity);
      expect(runnerCapacity).toEqual({ low: Math.max(...places('low')), high: Math.max(...places('high')) });
    },
  );

  it.each([10, 100, 500])(
    'for %d PRs a day meets the objective with nodes, capacity and quota together',
    (prs) => {
      const { answer, checked } = checkedFor(prs);
      const jobs = modelledJobs(prs, PUBLISHED) ?? [];
      const places = checked?.shapes.map(
        ({ objectiveNodes }, nth) => objectiveNodes * (answer.shapes[nth]?.podsThatFit ?? 0),
      );

      for (const own of places ?? [])
        expect(waitP95With(Math.min(own, checked?.objectivePlaces ?? 0), jobs)).toBeLessThanOrEqual(10);
    },
  );

  it('holds the objective with the nodes of a small load; the former capacity of 6 did not', () => {
    const { checked } = checkedFor(10);

    expect(checked?.shapes[0]?.waitP95Seconds.low).toBeLessThanOrEqual(10);
    expect(waitP95With(6, modelledJobs(10, PUBLISHED) ?? [])).toBeGreaterThan(100);
  });

  it('says what a fixed pool costs against an elastic one', () => {
    expect(checkedFor(10).checked?.cost).toEqual({
      shape: '4cpu-8gb',
      fixedNodeHoursPerDay: 96,
      elasticNodeHoursPerDay: 24,
      elasticWaitP95Seconds: 3,
    });
  });

  it('is not checked where there are too many builds to simulate', () => {
    expect(checkedFor(1_000_000).checked).toBeUndefined();
    expect(checkedFor(5_000).checked?.cost).toBeUndefined();
  });
});
