import { describe, expect, it } from 'vitest';
import { leastThat } from '../least-that.ts';
import { type BoundCell, holds } from './bound.ts';
import { boundMarkdown, boundText } from './bound-report.ts';

describe('leastThat', () => {
  it.each([1, 2, 7, 64, 65])('finds the least number for which something is true: %i', (least) => {
    expect(leastThat(1, (count) => count >= least)).toBe(least);
  });

  it('begins with the first one', () => {
    const tried: number[] = [];
    leastThat(20, (count) => tried.push(count) > 0);

    expect(tried).toEqual([20]);
    expect(leastThat(20, (count) => count >= 33)).toBe(33);
  });
});

describe('the report of bounds', () => {
  const run = (lateShare: number) => ({ lateShare, nodeHours: 100 });
  const cell: BoundCell = {
    ...{ trace: 'nightly', seed: 1, boundSeconds: 30, fixedNodes: 7 },
    ...{ fixed: run(0.04), unbounded: run(0.5), bounded: run(0.05), tight: run(0.051) },
  };

  it('says of each run whether it holds the bound, and how many do', () => {
    expect([0.05, 0.0501].map((share) => holds(run(share)))).toEqual([true, false]);
    const text = boundText([cell]);

    expect(text).toContain('50.0 % (not held), 100 h');
    expect(text).toContain('5.0 %, 100 h');
    expect(text).toContain('held in 1 of 1 cells, and in 0 of 1 with no more nodes');
    expect(boundMarkdown([cell])).toContain('| nightly | 1 | 30 s | 7 |');
  });

  it('is empty where no bound was played', () => {
    expect(boundText([])).toBe('');
  });
});
