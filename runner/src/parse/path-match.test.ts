import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathMatch } from './path-match.ts';

// The expected results are those of Go's path.Match.
describe('pathMatch', () => {
  it.each([
    ['octocat/*', 'octocat/hello'],
    ['*/*', 'a/b'],
    ['*', ''],
    ['a?c', 'abc'],
    ['[a-c]*d', 'bxxd'],
    ['a[^b]c', 'a/c'],
    ['pull_request', 'pull_request'],
    ['\\[a]', '[a]'],
    ['{a,b}', '{a,b}'],
    ['*b*d', 'abcbd'],
  ])('%s matches %j', (pattern, text) => {
    expect(pathMatch(pattern, text)).toBe(true);
  });

  it.each([
    ['octocat/*', 'octocat/a/b'],
    ['*', 'a/b'],
    ['a?c', 'a/c'],
    ['**[^a]*', 'c*/aba'],
    ['[', 'a'],
    ['[]', ']'],
    ['[-]', '-'],
    ['a[', 'a'],
    ['\\', '\\'],
    ['', 'a'],
    ['ab', 'abc'],
  ])('%s does not match %j', (pattern, text) => {
    expect(pathMatch(pattern, text)).toBe(false);
  });

  it('terminates on patterns that provoke backtracking, and never throws', { timeout: 120_000 }, () => {
    expect(pathMatch(`${'*a'.repeat(500)}b`, 'a'.repeat(5000))).toBe(false);
    fc.assert(
      fc.property(fc.string(), fc.string(), (pattern, text) => {
        expect(typeof pathMatch(pattern, text)).toBe('boolean');
      }),
    );
  });
});
