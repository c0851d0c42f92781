import { describe, expect, it } from 'vitest';
import { type Measured, rowOf } from './row.ts';
import { markdownTable, shown, textTable } from './table.ts';

describe('shown', () => {
  it.each([
    [999.4, 'ms', '999 ms'],
    [1000, 'ms', '1.00 s'],
    [4, 'count', '4'],
    [1.0649, 'ratio', '1.06'],
  ] as const)('%s %s is %s', (value, unit, want) => {
    expect(shown(value, unit)).toBe(want);
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

describe('textTable', () => {
  it('aligns numbers to the right, with targets beside and notes beneath', () => {
    expect(textTable(rows)).toBe(
      [
        'what          n   p50    p99    max                    target  reached  load',
        'step to step  2  5 ms  60 ms  60 ms  p50 ≤ 10 ms, p99 ≤ 50 ms   missed   5.3',
        'writes        1     4      4      4                                      0.0',
        '    POST 2 | PATCH 1',
      ].join('\n'),
    );
  });
});

describe('markdownTable', () => {
  it('keeps notes in the first column, and no bar of theirs makes a column', () => {
    expect(markdownTable(rows).split('\n').slice(1)).toEqual([
      '| --- | --: | --: | --: | --: | --: | --: | --: |',
      '| step to step | 2 | 5 ms | 60 ms | 60 ms | p50 ≤ 10 ms, p99 ≤ 50 ms | missed | 5.3 |',
      '| writes (POST 2 \\| PATCH 1) | 1 | 4 | 4 | 4 |  |  | 0.0 |',
    ]);
  });
});
