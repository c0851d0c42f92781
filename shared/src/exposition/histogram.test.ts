import { describe, expect, it } from 'vitest';
import type { Family } from './exposition.ts';
import { histogramsOf } from './histogram.ts';
import { parseExposition } from './parse.ts';

function family(lines: string): Family {
  const found = parseExposition(`# TYPE w histogram\n${lines}`).families.get('w');
  if (found === undefined) throw new Error('no family');
  return found;
}

describe('histogramsOf', () => {
  it('builds one histogram per set of labels, with bounds in order', () => {
    const { histograms, problems } = histogramsOf(
      family(
        'w_bucket{le="+Inf",k="a"} 3\nw_bucket{k="a",le="1"} 2\nw_sum{k="a"} 7\nw_count{k="a"} 3\nw_bucket{k="b",le="+Inf"} 0',
      ),
    );

    expect(problems).toEqual([]);
    expect(histograms).toEqual([
      {
        labels: new Map([['k', 'a']]),
        buckets: [
          { upTo: 1, count: 2 },
          { upTo: Infinity, count: 3 },
        ],
        sum: 7,
        count: 3,
      },
      { labels: new Map([['k', 'b']]), buckets: [{ upTo: Infinity, count: 0 }], sum: Number.NaN, count: 0 },
    ]);
  });

  it.each([
    { lines: 'w_bucket{le="1"} 1\nw_count 1', want: '+Inf' },
    { lines: 'w_bucket{le="1"} 2\nw_bucket{le="+Inf"} 1', want: 'not cumulative' },
    { lines: 'w_bucket{le="+Inf"} NaN', want: 'not cumulative' },
    { lines: 'w_bucket{le="+Inf"} 1\nw_count 2', want: 'differs' },
    { lines: 'w_bucket 1', want: 'no bound' },
    { lines: 'w_bucket{le="x"} 1', want: 'no bound' },
  ])('reports inconsistent series: $want', ({ lines, want }) => {
    const { histograms, problems } = histogramsOf(family(lines));

    expect(histograms).toEqual([]);
    expect(problems[0]).toContain(want);
  });
});
