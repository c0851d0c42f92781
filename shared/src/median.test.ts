import { describe, expect, it } from 'vitest';
import { medianOf } from './median.ts';

describe('medianOf', () => {
  it.each([
    ['the middle value, in any order', [10, 9, 100], 10],
    ['the lower one of two in the middle', [4, 1, 3, 2], 2],
    ['a single value', [7], 7],
    ['undefined without values', [], undefined],
  ])('is %s', (_, values, expected) => {
    expect(medianOf(values)).toBe(expected);
  });
});
