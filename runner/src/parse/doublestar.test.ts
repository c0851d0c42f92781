import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doublestarMatch } from './doublestar.ts';

// The expected results are those of doublestar 1.1.1.
describe('doublestarMatch', () => {
  it.each([
    ['*', ''],
    ['**', ''],
    ['**', 'a/b'],
    ['feature/*', 'feature/a'],
    ['feature/**', 'feature/a/b'],
    ['refs/heads/**', 'refs/heads/x'],
    ['refs/**/x', 'refs/x'],
    ['refs/**/x', 'refs/a/b/x'],
    ['**/x', 'x'],
    ['[a-c]?', 'bz'],
    ['[^a]', 'b'],
    ['{main,dev}', 'dev'],
    ['v{1,2}.*', 'v2.0'],
    ['\\*', '*'],
    ['a**b', 'axxb'],
    ['a/', 'a'],
    ['ö?', 'öä'],
  ])('%s matches %j', (pattern, value) => {
    expect(doublestarMatch(pattern, value)).toBe(true);
  });

  it.each([
    ['feature/*', 'feature/a/b'],
    ['*', 'a/b'],
    ['master', ''],
    ['refs/heads/**', 'refs/heads'],
    ['[!a]', 'b'],
    ['a**b', 'a/b'],
    ['{main,dev}', 'maindev'],
    ['Main', 'main'],
    ['[', '['],
    ['[a', 'a'],
    ['{a', 'a'],
    ['a\\', 'a'],
    ['[]a]', 'a'],
    ['', 'a'],
  ])('%s does not match %j', (pattern, value) => {
    expect(doublestarMatch(pattern, value)).toBe(false);
  });

  it('terminates on patterns that cause exponential backtracking elsewhere', { timeout: 120_000 }, () => {
    expect(doublestarMatch(`${'*a'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false);
    expect(doublestarMatch(`${'{a,aa}'.repeat(500)}b`, 'a'.repeat(1000))).toBe(false);
    expect(doublestarMatch(`${'**/a/'.repeat(100)}b`, 'a/'.repeat(500))).toBe(false);
    expect(doublestarMatch('{'.repeat(50_000), 'a')).toBe(false);
  });

  it('compares a value of more segments than a call may have arguments', () => {
    const value = 'a/'.repeat(200_000);
    expect(doublestarMatch('**/**/b', value)).toBe(false);
    expect(doublestarMatch('**/a/**', value)).toBe(true);
  });

  it('matches every plain value literally, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pattern, value) => {
        doublestarMatch(pattern, value);
        const literal = value.replace(/[\\*?[\]{}]/g, '');

        expect(doublestarMatch(literal, literal)).toBe(true);
      }),
    );
  });
});
