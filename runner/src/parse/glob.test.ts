import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atStart, matcherOf, parseGlob, reach } from './glob.ts';

const piece = fc.constantFrom('*', '?', 'a', 'b', '[ab]', '[^a]', '\\*', '*a', '**');

describe('a matcher', () => {
  it('agrees with the set of positions, whatever the order of the stars', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '*'), { maxLength: 12 }).map((all) => all.join(''));
    const pattern = fc.array(piece, { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        const nodes = parseGlob(glob, { choices: true }) ?? [];
        const chars = Array.from(value);
        const reached = reach(nodes, chars, atStart(chars.length), false)[chars.length] === 1;

        expect(matcherOf(nodes)(value)).toBe(reached);
      }),
      { numRuns: 5_000 },
    );
  });
});
