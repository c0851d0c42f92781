import { describe, expect, it } from 'vitest';
import { RETRY_BUDGET, summary } from './summary.ts';

const passed = { name: 'unit', passed: 3, failed: 0, retried: [], failures: [] };

describe('summary', () => {
  it('closes with the line that machines read', () => {
    const { lines, ok } = summary([passed, { ...passed, name: 'flows', passed: 2 }], []);
    expect(lines).toContain('ok     flows: 2 passed, 0 failed');
    expect(lines.at(-1)).toBe('5 passed, 0 failed');
    expect(ok).toBe(true);
  });

  it('is not ok when one failed, nor when a level ran none, nor when there was no level', () => {
    expect(summary([{ ...passed, failed: 1, failures: ['a test'] }], []).ok).toBe(false);
    expect(summary([{ ...passed, passed: 0 }, passed], []).ok).toBe(false);
    expect(summary([], []).ok).toBe(false);
  });

  it('is ok when every level is left out, as planned', () => {
    expect(summary([], ['left out: real'])).toEqual({ lines: ['0 passed, 0 failed'], ok: true });
  });

  it('names slow files with their level', () => {
    const { lines } = summary([{ ...passed, slow: ['a.test.ts: 300 s'] }], []);
    expect(lines).toContain('slow: unit: a.test.ts: 300 s');
  });

  it('lists what was left out and what failed', () => {
    const { lines } = summary([{ ...passed, failed: 1, failures: ['a test'] }], ['left out: real: no root']);
    expect(lines).toContain('FAILED unit: 3 passed, 1 failed');
    expect(lines).toContain('failed: a test');
    expect(lines).toContain('left out: real: no root');
  });
});

describe('second tries', () => {
  const withRetried = (...counts: readonly number[]) =>
    counts.map((count, nth) => ({
      ...passed,
      name: `level-${nth}`,
      retried: Array.from({ length: count }, (_, which) => `test ${which}`),
    }));

  it('are named with their level, and up to two are borne', () => {
    const { lines, ok } = summary(withRetried(1, 1), []);

    expect(RETRY_BUDGET).toBe(2);
    expect(lines).toContain('passed at the second attempt: level-0: test 0');
    expect(lines).toContain('passed at the second attempt: level-1: test 0');
    expect(lines.join()).not.toContain('FAILED');
    expect(ok).toBe(true);
  });

  it.each([
    ['in one level', [3]],
    ['in several together', [1, 0, 2]],
  ])('of three tests %s fail the run, though all passed', (_, counts) => {
    const { lines, ok } = summary(withRetried(...counts), []);

    expect(lines.filter((line) => line.startsWith('passed at the second attempt'))).toHaveLength(3);
    expect(lines).toContainEqual(
      expect.stringMatching(/^FAILED: 3 tests needed a second attempt, and at most 2 are allowed/),
    );
    expect(lines.at(-1)).toMatch(/ passed, 0 failed$/);
    expect(ok).toBe(false);
  });
});
