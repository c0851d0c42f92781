import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaps, quantile, summarize } from './statistics.ts';

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it.each([
    { title: 'p99 of a hundred is the last but one', values: hundred, share: 0.99, want: 99 },
    { title: 'p99 of ninety-nine is the largest', values: hundred.slice(1), share: 0.99, want: 99 },
    { title: 'the middle of three is the second', values: [9, 1, 5], share: 0.5, want: 5 },
    {
      title: 'the middle of four is the lower one, which was measured',
      values: [4, 3, 2, 1],
      share: 0.5,
      want: 2,
    },
    { title: 'one value is every quantile', values: [7], share: 0.01, want: 7 },
    { title: 'share 0 is the smallest', values: [3, 2], share: 0, want: 2 },
  ])('$title', ({ values, share, want }) => {
    expect(quantile(values, share)).toBe(want);
  });

  it('is always one of the values, and grows with the share', () => {
    const values = fc.array(fc.integer(), { minLength: 1 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (given, a, b) => {
        const [low, high] = [quantile(given, Math.min(a, b)), quantile(given, Math.max(a, b))];
        expect(given).toContain(low);
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  it('says so when there is nothing', () => {
    expect(() => quantile([], 0.5)).toThrow('nothing');
  });
});

describe('summarize', () => {
  it('counts numbers as numbers, not as words', () => {
    expect(summarize([10, 9, 100])).toEqual({ n: 3, min: 9, p50: 10, p99: 100, max: 100 });
  });
});

describe('gaps', () => {
  it('lie between the end of one and the start of the next', () => {
    const spans = [
      { startMs: 10, endMs: 20 },
      { startMs: 23, endMs: 40 },
      { startMs: 40, endMs: 41 },
    ];
    expect(gaps(spans)).toEqual([3, 0]);
  });

  it('a single span has none', () => {
    expect(gaps([{ startMs: 1, endMs: 2 }])).toEqual([]);
  });
});
