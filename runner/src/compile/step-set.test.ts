import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstIndexOf, indexesOf, onlyStep } from './step-set.ts';

describe('a set of steps', () => {
  it('has the indexes that were put into it, ascending', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(700), { maxLength: 50 }), (indexes) => {
        const set = indexes.reduce((all, index) => all | onlyStep(index), 0n);
        const sorted = indexes.toSorted((a, b) => a - b);
        expect(indexesOf(set)).toEqual(sorted);
        if (set > 0n) expect(firstIndexOf(set)).toBe(sorted[0]);
      }),
    );
  });

  it.each([0, 31, 32, 63, 64, 599])('of the step %i alone has this index', (index) => {
    expect([indexesOf(onlyStep(index)), firstIndexOf(onlyStep(index))]).toEqual([[index], index]);
  });
});
