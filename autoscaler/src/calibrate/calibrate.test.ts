import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../simulate/random.ts';
import { calibrate, calibratedParameters, type QuantityName } from './calibrate.ts';
import { DayBook, type DaySummary, summariesOf } from './day-summary.ts';
import { ratioOfDays, studentT } from './ratio.ts';

const DAY = 86_400;
const SEEDS = 200;
const DAYS = 14;

const lognormal = (random: Random, mean: number, cv: number): number => {
  const variance = Math.log(1 + cv * cv);
  return mean * Math.exp(Math.sqrt(variance) * random.normal() - variance / 2);
};

/**
 * Whole days differ: each has its own load and its own bias, shared by all its builds. The true value of each ratio is the
 * expectation over days, weighted by their load.
 */
function dayOf(day: number, random: Random): DaySummary {
  const builds = Math.max(1, Math.round(60 * lognormal(random, 1, 0.5)));
  const sizes = Array.from({ length: builds }, () => 1 + random.below(5));
  const pods = sizes.reduce((sum, size) => sum + size, 0);
  const slow = lognormal(random, 1, 0.2);
  const meanSeconds = 600 * slow + (lognormal(random, 1, 1) - 1) * (300 / Math.sqrt(pods));
  const share = 0.15 + 0.1 * random.next();
  return {
    day,
    pods,
    builds,
    podSeconds: pods * meanSeconds,
    cpuMillicores: pods * 1000 * (0.8 + 0.4 * random.next()),
    memoryBytes: pods * 2 ** 30 * (0.8 + 0.4 * random.next()),
    peakHourPods: pods * share,
    pushSquares: sizes.reduce((sum, size) => sum + size * size, 0),
    boots: 1 + random.below(6),
    bootSeconds: 0,
    exhausted: false,
  };
}

function daysOf(seed: number): readonly DaySummary[] {
  const random = seededRandom(seed);
  return Array.from({ length: DAYS }, (_, day) => {
    const made = dayOf(day, random);
    return { ...made, bootSeconds: made.boots * 150 * lognormal(random, 1, 0.3) };
  });
}

/** Sizes from 1 to 5, uniform: mean 3, mean square 11. */
const TRUTH: Readonly<Record<QuantityName, number>> = {
  podsPerBuild: 3,
  podSeconds: 600,
  podCpuMillicores: 1000,
  podMemoryBytes: 2 ** 30,
  peakHourShare: 0.2,
  burstiness: 11 / 3,
  bootSeconds: 150,
};
const PRIORS = {
  podsPerBuild: 3.1,
  podSeconds: 620,
  podCpuMillicores: 1020,
  podMemoryBytes: 1.03 * 2 ** 30,
  burstiness: 3.8,
  bootSeconds: 160,
};

describe('intervals of calibration', () => {
  const runs = Array.from({ length: SEEDS }, (_, seed) => calibrate(daysOf(seed + 1), PRIORS));

  it.each(Object.entries(TRUTH))('hold the true %s in 80 to 97 of 100 cases', (name, truth) => {
    const held = runs.filter((one) => {
      const { low, high } = one[name as QuantityName];
      return low <= truth && truth <= high;
    }).length;

    expect(held / SEEDS).toBeGreaterThanOrEqual(0.8);
    expect(held / SEEDS).toBeLessThanOrEqual(0.97);
  });
});

describe('ratioOfDays', () => {
  it('returns nothing for a single day, and a narrow interval for days that are alike', () => {
    expect(ratioOfDays([{ over: 6, under: 2 }])).toBeUndefined();
    expect(ratioOfDays([])).toBeUndefined();
    expect(
      ratioOfDays([
        { over: 6, under: 2 },
        { over: 30, under: 10 },
        { over: 0, under: 0 },
      ]),
    ).toEqual({ value: 3, low: 3, high: 3, days: 2 });
  });

  it("uses Student's t: wide for few days, near the normal for many", () => {
    expect(studentT(1)).toBe(6.314);
    expect(studentT(13)).toBeCloseTo(1.771, 2);
    expect(studentT(1000)).toBeCloseTo(1.646, 2);
  });
});

describe('calibrate', () => {
  it('returns the assumption while there are no data, with its uncertainty', () => {
    const { podSeconds } = calibrate([]);

    expect(podSeconds).toMatchObject({ value: 603, days: 0, data: undefined, lowerBound: false });
    expect(podSeconds.low).toBeLessThan(300);
    expect(podSeconds.high).toBeGreaterThan(1200);
    expect(podSeconds.because).toContain('no data yet');
  });

  it('moves from the assumption to the data as days are added', () => {
    const [some, all] = [daysOf(7).slice(0, 3), daysOf(7)];
    const far = { podSeconds: 6000 };

    expect(calibrate(some, far).podSeconds.value).toBeGreaterThan(calibrate(all, far).podSeconds.value);
    expect(calibrate(all, far).podSeconds.because).toBe('14 of 14 days, against 2 days for the assumption');
  });

  it('marks the peak as a lower bound when runners were full on a day, and not the run times', () => {
    const days = daysOf(3).map((one, nth) => ({ ...one, exhausted: nth < 2 }));
    const { peakHourShare, podSeconds } = calibrate(days);

    expect(peakHourShare.lowerBound).toBe(true);
    expect(peakHourShare.because).toContain('on 2 days runners or quotas were full');
    expect(podSeconds.lowerBound).toBe(false);
  });

  it('lets days on which runners were full raise an estimate, and never lower it', () => {
    const days = daysOf(3);
    const free = calibrate(days).peakHourShare;
    const withFull = (peakShare: number) => {
      const full = days.map((one) => ({ ...one, peakHourPods: one.pods * peakShare, exhausted: true }));
      return calibrate([...days, ...full]).peakHourShare;
    };

    expect(withFull(0.05)).toMatchObject({ value: free.value, days: 14, lowerBound: true });
    expect(withFull(0.9).value).toBeGreaterThan(free.value);
    const onlyFull = calibrate(
      days.map((one) => ({ ...one, peakHourPods: one.pods * 0.05, exhausted: true })),
    );
    expect(onlyFull.peakHourShare).toMatchObject({ value: 0.2, days: 0, lowerBound: true });
  });

  it('updates the model with what can be observed, and leaves the rest as published', () => {
    const parameters = calibratedParameters(calibrate(daysOf(1)));

    expect(parameters.podsPerPr).toBeCloseTo(3 * calibrate(daysOf(1)).podsPerBuild.value);
    expect(parameters.surge).toBe(1.4);
    expect(parameters.pod.cpuMillicores).toBeLessThan(1150);
  });
});

const job = (arrivedAt: number, build: string) => ({
  arrivedAt,
  durationSeconds: 60,
  request: { cpuMillicores: 500, memoryBytes: 1000 },
  build,
});

describe('days in sums', () => {
  it('count Pods, builds, the busiest hour, and Pods that arrived together', () => {
    const [first, ...rest] = summariesOf([job(10, 'a'), job(12, 'a'), job(7200, 'b')]);

    expect(rest).toEqual([]);
    expect(first).toEqual({
      day: 0,
      pods: 3,
      builds: 2,
      podSeconds: 180,
      cpuMillicores: 1500,
      memoryBytes: 3000,
      peakHourPods: 2,
      pushSquares: 5,
      boots: 0,
      bootSeconds: 0,
      exhausted: false,
    });
  });

  it('exclude today, close old days, and drop the oldest', () => {
    const book = new DayBook(5);
    for (let day = 0; day < 10; day += 1) {
      book.add(job(day * DAY + 100, `b${day}`));
      book.wholeDays(day * DAY + 200);
    }

    expect(book.wholeDays(9 * DAY + 300).map(({ day }) => day)).toEqual([4, 5, 6, 7, 8]);
  });

  it('include a build of yesterday that ended today, and not one that ends a week late', () => {
    const book = new DayBook(30);
    book.add(job(100, 'a'));
    book.wholeDays(1 * DAY + 100);
    book.add(job(200, 'b'));
    expect(book.wholeDays(1 * DAY + 200)[0]?.pods).toBe(2);

    book.wholeDays(7 * DAY);
    book.add(job(300, 'c'));
    expect(book.wholeDays(7 * DAY)[0]?.pods).toBe(2);
  });
});
