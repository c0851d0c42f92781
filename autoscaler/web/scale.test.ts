import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestPoint, sampled, timeTicks, valueAt, valueTicks } from './scale.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe('ticks of values', () => {
  it.each([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [10, [0, 5, 10]],
    [230, [0, 100, 200, 300]],
  ])('for %d are %j', (most, want) => {
    expect(valueTicks(most)).toEqual(want);
  });

  it('start at zero, are few, and reach the maximum', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (most) => {
        const ticks = valueTicks(most);
        expect(ticks[0]).toBe(0);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

describe('ticks of time', () => {
  it('are evenly spaced, inside the range, and not too many', () => {
    const from = fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 });
    const length = fc.integer({ min: MINUTE_MS, max: DAY_MS });
    fc.assert(
      fc.property(from, length, fc.integer({ min: 2, max: 8 }), (fromMs, lengthMs, most) => {
        const ticks = timeTicks(fromMs, fromMs + lengthMs, most);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        expect(ticks.every((at) => at >= fromMs && at <= fromMs + lengthMs)).toBe(true);
        const gaps = new Set(ticks.slice(1).map((at, nth) => at - (ticks[nth] ?? at)));
        expect(gaps.size).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('reading a series', () => {
  it('returns the value at or last before a time, and nothing where it was not known', () => {
    const points = [
      [10, 1],
      [20, null],
      [30, 3],
    ] as const;
    expect([5, 10, 19, 20, 29, 30, 99].map((at) => valueAt(points, at))).toEqual([
      null,
      1,
      1,
      null,
      null,
      3,
      3,
    ]);
  });

  it('finds the time nearest to the pointer', () => {
    expect([0, 14, 16, 99].map((at) => nearestPoint([10, 20, 30], at))).toEqual([10, 10, 20, 30]);
    expect(nearestPoint([], 5)).toBeUndefined();
  });

  it('samples a table with the newest time first, few rows, and all of them where they are few', () => {
    expect(sampled([1, 2, 3], 5)).toEqual([3, 2, 1]);
    const thin = sampled(
      Array.from({ length: 100 }, (_, nth) => nth),
      24,
    );
    expect([thin[0], thin.length <= 24]).toEqual([99, true]);
  });
});
