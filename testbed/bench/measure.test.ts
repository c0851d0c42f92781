import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaps, type Measured, quantile, rowOf, summarize } from './measure.ts';
import { measureText, rowsMarkdown, rowsText } from './table.ts';

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

  it('is an error without values', () => {
    expect(() => quantile([], 0.5)).toThrow('nothing');
  });
});

describe('summarize', () => {
  it('formats counts as plain numbers', () => {
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

const measured = (values: readonly number[], targets: Required<Measured>['targets']): Measured => ({
  name: 'gap',
  unit: 'ms',
  values,
  targets,
  note: '',
});

describe('rowOf', () => {
  const both = [
    { of: 'p50', atMost: 10 },
    { of: 'max', atMost: 50 },
  ] as const;
  it.each([
    {
      title: 'all targets are met, to the last millisecond',
      values: [10, 10, 50],
      targets: both,
      want: 'met',
    },
    { title: 'one of two is missed', values: [10, 10, 51], targets: both, want: 'missed' },
    { title: 'there is nothing to reach', values: [1e9], targets: [], want: 'none' },
  ])('$title: $want', ({ values, targets, want }) => {
    expect(rowOf('gate', measured(values, targets), 0).verdict).toBe(want);
  });

  it('carries the load under which it was measured', () => {
    expect(rowOf('gate', measured([3, 1], []), 4.5)).toMatchObject({
      bench: 'gate',
      n: 2,
      min: 1,
      max: 3,
      loadAverage: 4.5,
    });
  });

  it('names what was never measured', () => {
    expect(() => rowOf('gate', measured([], []), 0)).toThrow('"gap" was never measured');
  });
});

describe('measureText', () => {
  it.each([
    [999.4, 'ms', '999 ms'],
    [1000, 'ms', '1.00 s'],
    [4, 'count', '4'],
    [1.0649, 'ratio', '1.06'],
  ] as const)('%s %s is %s', (value, unit, want) => {
    expect(measureText(value, unit)).toBe(want);
  });
});

const gap: Measured = {
  name: 'step to step',
  unit: 'ms',
  values: [5, 60],
  targets: [
    { of: 'p50', atMost: 10 },
    { of: 'p99', atMost: 50 },
  ],
  note: '',
};
const writes: Measured = {
  name: 'writes',
  unit: 'count',
  values: [4],
  targets: [],
  note: 'POST 2 | PATCH 1',
};
const rows = [rowOf('gate', gap, 5.26), rowOf('writes', writes, 0)];

describe('rowsText', () => {
  it('aligns numbers to the right, with targets beside and notes beneath', () => {
    expect(rowsText(rows)).toBe(
      [
        'what          n   p50    p99    max                    target  reached  load',
        'step to step  2  5 ms  60 ms  60 ms  p50 ≤ 10 ms, p99 ≤ 50 ms   missed   5.3',
        'writes        1     4      4      4                                      0.0',
        '    POST 2 | PATCH 1',
      ].join('\n'),
    );
  });
});

describe('rowsMarkdown', () => {
  it('keeps notes in the first column, and no bar of theirs makes a column', () => {
    expect(rowsMarkdown(rows).split('\n').slice(1)).toEqual([
      '| --- | --: | --: | --: | --: | --: | --: | --: |',
      '| step to step | 2 | 5 ms | 60 ms | 60 ms | p50 ≤ 10 ms, p99 ≤ 50 ms | missed | 5.3 |',
      '| writes (POST 2 \\| PATCH 1) | 1 | 4 | 4 | 4 |  |  | 0.0 |',
    ]);
  });
});
