import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Automaton } from './automaton.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

function find(words: readonly string[], text: string): [number, string][] {
  const found: [number, string][] = [];
  new Automaton(words).scan(text, 0, 0, (end, length) => found.push([end, text.slice(end - length, end)]));
  return found;
}

describe('Automaton', () => {
  it('reports the longest word that ends at each place', () => {
    expect(find(['he', 'she', 'hers', 'his'], 'ushers')).toEqual([
      [4, 'she'],
      [6, 'hers'],
    ]);
  });

  it('finds nothing without words', () => {
    expect(new Automaton([]).empty).toBe(true);
    expect(find([], 'abc')).toEqual([]);
  });

  it('finds what a plain search finds, for any words and text', () => {
    const letters = (maxLength: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', '\uffff'), minLength: 1, maxLength });
    fc.assert(
      fc.property(fc.uniqueArray(letters(6), { maxLength: 8 }), letters(60), (words, text) => {
        const want = [...text].flatMap((_, index): [number, string][] => {
          const ending = words
            .filter((word) => text.slice(0, index + 1).endsWith(word))
            .sort((a, b) => b.length - a.length)[0];
          return ending === undefined ? [] : [[index + 1, ending]];
        });
        expect(find(words, text)).toEqual(want);
      }),
      { numRuns: 1000 },
    );
  });
});
