import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finderOf, splitLinear } from './find-text.ts';

/** Few letters, so that texts occur in each other, partly and wholly. */
const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 });
const wanted = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 12 });

describe('finderOf', () => {
  it('finds what indexOf finds', () => {
    fc.assert(
      fc.property(text, wanted, fc.nat(70), (within, one, from) => {
        expect(finderOf(one)(within, from)).toBe(within.indexOf(one, from));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['x'.repeat(20) + 'x'.repeat(7), 'xxxxxxx', 0],
    ['abababababc', 'ababababc', 2],
    ['abcabcabd', 'abcabcabe', -1],
    ['é€😀é€😀é€x', '😀é€xx'.slice(0, -1), 6],
    ['short', 'longer than that', -1],
  ])('%s: %s', (within, one, at) => {
    expect(finderOf(one)(within, 0)).toBe(at);
  });
});

describe('splitLinear', () => {
  it('splits as split does', () => {
    fc.assert(
      fc.property(text, wanted, (whole, one) => {
        expect(splitLinear(whole, one)).toEqual(whole.split(one));
      }),
      { numRuns: 500 },
    );
  });
});
