import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rampBuilds, risingBuilds } from '../../suites/real-flows/build-load.ts';

const RAMP = { seed: 1, spanSeconds: 1200, pushesPerMinute: [1, 5], meanRunSeconds: 150 } as const;
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

describe('the builds of a ramp', () => {
  it('come in pushes of five, in order, within the span, and run for a while', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (seed) => {
        const builds = rampBuilds({ ...RAMP, seed });
        const times = builds.map(({ atSeconds }) => atSeconds);
        expect(times).toEqual([...times].sort((one, other) => one - other));
        expect(builds.length).toBe(5 * new Set(times).size);
        expect(builds.every((one) => one.atSeconds < 1200 && one.runSeconds >= 5)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('come faster and faster, about three pushes a minute in all, and run for their mean', () => {
    const loads = Array.from({ length: 40 }, (_, seed) => rampBuilds({ ...RAMP, seed: seed + 1 }));
    const late = loads.flat().filter(({ atSeconds }) => atSeconds >= 600).length / loads.flat().length;

    // Of a rate from 1 to 5 the second half holds two thirds.
    expect(late).toBeGreaterThan(0.6);
    expect(late).toBeLessThan(0.73);
    expect(Math.abs(mean(loads.map(({ length }) => length)) / 300 - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(loads.flat().map(({ runSeconds }) => runSeconds)) / 150 - 1)).toBeLessThan(0.1);
  });

  it('are the same for the same seed, and others for another one', () => {
    expect(rampBuilds(RAMP)).toEqual(rampBuilds(RAMP));
    expect(rampBuilds({ ...RAMP, seed: 2 })).not.toEqual(rampBuilds(RAMP));
  });
});

describe('rising builds', () => {
  it('end with the span, three quarters of them in its second half', () => {
    const times = risingBuilds(100, 60, 10).map(({ atSeconds }) => atSeconds);

    expect(times.at(-1)).toBe(60);
    expect(times.filter((at) => at > 30)).toHaveLength(75);
  });
});
