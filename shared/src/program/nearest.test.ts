import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maybeMeant, nearest } from './nearest.ts';

const KNOWN = ['DRONE_RUNNER_NAME', 'DRONE_RUNNER_CAPACITY', 'DRONE_DEBUG'];

describe('nearest', () => {
  it.each([
    ['a letter too few', 'DRONE_RUNER_NAME', 'DRONE_RUNNER_NAME'],
    ['a letter too many', 'DRONE_DEBUGS', 'DRONE_DEBUG'],
    ['two swapped letters', 'DRONE_RUNNER_CAPACTIY', 'DRONE_RUNNER_CAPACITY'],
    ['three differing letters', 'DRONE_RUN_NAME', 'DRONE_RUNNER_NAME'],
    ['four differing letters', 'DRONE_RU_NAME', undefined],
    ['an unrelated word', 'DRONE_GITHUB_CLIENT_ID', undefined],
    ['nothing', '', undefined],
  ])('finds the nearest word for %s', (_sentence, word, want) => {
    expect(nearest(word, KNOWN)).toBe(want);
  });

  it('prefers an exact match, and finds a word with one letter missing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), fc.nat({ max: 10 }), (word, at) => {
        expect(nearest(word, KNOWN)).toBe(word);
        expect(nearest(word.slice(0, at) + word.slice(at + 1), KNOWN)).toBe(word);
      }),
    );
  });
});

describe('maybeMeant', () => {
  it.each([
    ['lnt', 'lint'],
    ['demon', 'daemon'],
    ['fly', undefined],
    ['', undefined],
  ])('of %s is %s', (word, want) => {
    expect(maybeMeant(word, ['daemon', 'lint'])).toBe(want);
  });
});
