import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildName, type Job } from '../capacity/job.ts';
import { HOUR_SHARES, shareAt } from './daily-profile.ts';
import { parseTrace } from './gather.ts';
import { FIRST_MONDAY, generateLoad } from './generate.ts';
import { formatTraceLine, parseTraceLine } from './trace-line.ts';

const line = (more: object = {}): string =>
  JSON.stringify({ arrivedAt: 100, durationSeconds: 5, cpuMillis: 1150, memoryMiB: 1700, ...more });

describe('parseTraceLine', () => {
  it('reads seconds and RFC 3339, and ignores other fields', () => {
    const written = parseTraceLine(
      line({ arrivedAt: '2026-01-31T08:15:00.5Z', repo: 'a/b', build: 7, other: [] }),
      1,
    );

    expect(written).toEqual({
      arrivedAt: Date.UTC(2026, 0, 31, 8, 15) / 1000 + 0.5,
      durationSeconds: 5,
      request: { cpuMillicores: 1150, memoryBytes: 1700 * 2 ** 20 },
      repo: 'a/b',
      build: '7',
    });
    expect(parseTraceLine(line({ arrivedAt: '2026-01-31T09:15:00+01:00' }), 1)).toMatchObject({
      arrivedAt: Date.UTC(2026, 0, 31, 8, 15) / 1000,
    });
  });

  it.each([
    ['2026-01-31T08:15:00-00:30', '2026-01-31T08:45:00Z'],
    ['2026-01-31t08:15:00z', '2026-01-31T08:15:00Z'],
    ['2026-01-31 08:15:00+01:00', '2026-01-31T07:15:00Z'],
    ['2026-01-31T08:15:00.123456789012Z', '2026-01-31T08:15:00.123Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'],
  ])('reads %s as %s', (written, same) => {
    const read = parseTraceLine(line({ arrivedAt: written }), 1);

    expect(read !== undefined && 'arrivedAt' in read && read.arrivedAt).toBeCloseTo(
      Date.parse(same) / 1000,
      3,
    );
  });

  it.each([
    { text: '{', want: 'not JSON' },
    { text: '[1]', want: 'not a JSON object' },
    { text: 'null', want: 'not a JSON object' },
    { text: line({ arrivedAt: '31.1.2026' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-02-30T08:15:00Z' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-02-29T08:15:00Z' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-13-01T08:15:00Z' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-01-31T08:15:00' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-01-31T25:15:00Z' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: '2026-01-31' }), want: 'arrivedAt must be a time' },
    { text: line({ arrivedAt: 1_769_847_300_000 }), want: 'arrivedAt must be a time' },
    { text: line({ durationSeconds: -1 }), want: 'durationSeconds' },
    { text: line({ durationSeconds: '5' }), want: 'durationSeconds' },
    { text: line({ cpuMillis: null }), want: 'cpuMillis' },
    { text: line({ memoryMiB: 1e300 }), want: 'memoryMiB' },
    { text: line({ knownAt: 101 }), want: 'knownAt must not be later' },
  ])('skips $text: $want', ({ text, want }) => {
    const found = parseTraceLine(text, 7);

    expect(found).toMatchObject({ line: 7 });
    expect(found !== undefined && 'problem' in found ? found.problem : '').toContain(want);
  });

  it('reads back what was written', () => {
    const job = fc.record(
      {
        arrivedAt: fc.double({ min: 0, max: 4e9, noNaN: true }),
        durationSeconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
        request: fc.record({ cpuMillicores: fc.nat(100_000), memoryBytes: fc.nat(2 ** 31 - 1) }),
        build: fc.string(),
        repo: fc.string(),
        stage: fc.string(),
        event: fc.string(),
      },
      { requiredKeys: ['arrivedAt', 'durationSeconds', 'request'] },
    );
    fc.assert(
      fc.property(job, (one) => {
        const clean: Job = { ...one, arrivedAt: one.arrivedAt + 0, durationSeconds: one.durationSeconds + 0 };
        expect(parseTraceLine(formatTraceLine(clean), 1)).toEqual(clean);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseTraceLine(text, 1) !== null));
  });
});

describe('parseTrace', () => {
  it('sorts, skips empty lines, names damaged ones and reads the rest', () => {
    const trace = parseTrace(
      ['', line({ arrivedAt: 300 }), 'damaged', line({ arrivedAt: 200 }), ''].join('\n'),
    );

    expect(trace.jobs.map(({ arrivedAt }) => arrivedAt)).toEqual([200, 300]);
    expect(trace).toMatchObject({ problemCount: 1, problems: [{ line: 3 }] });
  });

  it('keeps the first problems and counts all', () => {
    const { problems, problemCount, otherLines } = parseTrace('x\n'.repeat(100));

    expect([problems.length, problemCount, otherLines]).toEqual([20, 100, ['21 to 100']]);
  });

  it('names the lines of the other problems, up to a limit', () => {
    const damaged = (lines: number): string => Array<string>(lines).fill('x\n').join('\n');

    expect(parseTrace(damaged(22)).otherLines).toEqual(['41', '43']);
    expect(parseTrace(damaged(1000)).otherLines).toHaveLength(51);
    expect(parseTrace(damaged(1000)).otherLines.at(-1)).toBe('and others');
  });
});

describe('generateLoad', () => {
  const week = generateLoad({ load: 'table-like', seed: 3, days: 7 });
  const dayOf = ({ arrivedAt }: Job): number => Math.floor((arrivedAt - FIRST_MONDAY) / 86_400);

  it('generates 15,000 jobs on a weekday and an eighth of that on weekends', () => {
    const days = Array.from({ length: 7 }, (_, day) => week.filter((job) => dayOf(job) === day).length);

    for (const count of days.slice(0, 5)) expect(Math.abs(count - 15_000)).toBeLessThan(1500);
    for (const count of days.slice(5)) expect(Math.abs(count - 1875)).toBeLessThan(500);
  });

  it('has a fifth of the day in its busiest hour, and run times with a mean of 603 s and as large a spread', () => {
    const busiest = week.filter(({ arrivedAt }) => Math.floor((arrivedAt / 3600) % 24) === 14).length;
    const mean = week.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / week.length;
    const spread = Math.sqrt(
      week.reduce((sum, { durationSeconds }) => sum + (durationSeconds - mean) ** 2, 0) / week.length,
    );

    expect(Math.abs(busiest / week.length - 0.2)).toBeLessThan(0.02);
    expect(Math.abs(mean - 603)).toBeLessThan(15);
    expect(Math.abs(spread / mean - 1)).toBeLessThan(0.1);
  });

  it('is the same for the same seed, sorted, and differs for another seed', () => {
    const again = generateLoad({ load: 'harder', seed: 3, days: 2 });

    expect(again).toEqual(generateLoad({ load: 'harder', seed: 3, days: 2 }));
    expect(again).not.toEqual(generateLoad({ load: 'harder', seed: 4, days: 2 }));
    expect(again.every((job, index) => job.arrivedAt >= (again[index - 1]?.arrivedAt ?? 0))).toBe(true);
  });

  it('can name its builds: they arrive as without names, run as long on average, and alike within a pipeline', () => {
    const named = generateLoad({ load: 'table-like', seed: 3, days: 7, named: true });
    const logs = (jobs: readonly Job[]): number[] => jobs.map((job) => Math.log(job.durationSeconds));
    const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
    const sigma = (all: readonly number[]): number => {
      const middle = mean(all);
      return Math.sqrt(mean(all.map((one) => (one - middle) ** 2)));
    };
    const pipelines = [...Map.groupBy(named, buildName).values()].map(logs);

    expect(named.map(({ arrivedAt }) => arrivedAt)).toEqual(week.map(({ arrivedAt }) => arrivedAt));
    expect(pipelines).toHaveLength(500);
    expect(mean(pipelines.map(sigma))).toBeCloseTo(0.42, 1);
    expect(sigma(logs(named))).toBeCloseTo(sigma(logs(week)), 1);
    expect(new Set(week.map(buildName))).toEqual(new Set(['']));
  });

  it('can announce a share of the pushes in advance', () => {
    const jobs = generateLoad({ load: 'table-like', seed: 3, days: 1, knownSeconds: 180, knownShare: 0.3 });
    const known = jobs.filter(({ knownAt }) => knownAt !== undefined);

    expect(Math.abs(known.length / jobs.length - 0.3)).toBeLessThan(0.05);
    expect(known.every(({ knownAt, arrivedAt }) => knownAt === arrivedAt - 180)).toBe(true);
  });

  it('has hours that add up to a day, in both profiles', () => {
    const sum = (profile: 'hourly' | 'smooth'): number => {
      const steps = Array.from(
        { length: 24 * 60 },
        (_, minute) => shareAt((minute + 0.5) / 60, profile) / 60,
      );
      return steps.reduce((total, share) => total + share, 0);
    };

    expect(HOUR_SHARES).toHaveLength(24);
    expect(sum('hourly')).toBeCloseTo(1, 6);
    expect(sum('smooth')).toBeCloseTo(1, 3);
  });
});
