import { describe, expect, it } from 'vitest';
import { afterSecondTry, LEVELS, summary } from './levels.ts';

const all = { linux: true, root: true, go: true, chromium: true, prometheus: true };
const passed = { name: 'unit', passed: 3, failed: 0, retried: [], failures: [], failedFiles: [] };

describe('levels', () => {
  it('are all run on Linux with root and Go', () => {
    expect(LEVELS.map((level) => level.missing(all))).toEqual(LEVELS.map(() => undefined));
  });

  it('say how to get what is missing', () => {
    const real = LEVELS.find((level) => level.name === 'real');
    expect(real?.missing({ ...all, root: false })).toContain('sudo');
    expect(real?.missing({ ...all, linux: false })).toContain('Linux');
    expect(real?.missing({ ...all, go: false })).toContain('Go');
    const browser = LEVELS.find((level) => level.name === 'browser');
    expect(browser?.missing({ ...all, chromium: false })).toContain('install-debian.sh chromium');
    const boards = LEVELS.find((level) => level.name === 'boards');
    expect(boards?.missing({ ...all, prometheus: false })).toContain('install-debian.sh prometheus');
  });
});

describe('summary', () => {
  it('closes with the line that machines read', () => {
    const { lines, ok } = summary([passed, { ...passed, name: 'flows', passed: 2 }], []);
    expect(lines.at(-1)).toBe('5 passed, 0 failed');
    expect(ok).toBe(true);
  });

  it('is not ok when one failed, nor when none ran', () => {
    expect(summary([{ ...passed, failed: 1, failures: ['a test'] }], []).ok).toBe(false);
    expect(summary([{ ...passed, passed: 0 }], []).ok).toBe(false);
    expect(summary([], []).ok).toBe(false);
  });

  it('tells what was left out and what needed a second try', () => {
    const { lines } = summary([{ ...passed, retried: ['slow one'] }], ['real: no root']);
    expect(lines).toContain('left out: real: no root');
    expect(lines).toContain('passed at a second try: slow one');
  });
});

describe('a second try of the failed files', () => {
  const first = { ...passed, passed: 7, failed: 1, failures: ['a: late'], failedFiles: ['a.test.ts'] };

  it('counts what passes then, and names it', () => {
    const both = afterSecondTry(first, { ...passed, passed: 4 });
    expect(both).toMatchObject({ passed: 8, failed: 0, failures: [], retried: ['a: late'] });
  });

  it('leaves failed what fails twice', () => {
    const both = afterSecondTry(first, { ...passed, passed: 3, failed: 1, failures: ['a: late'] });
    expect(both).toMatchObject({ passed: 7, failed: 1, failures: ['a: late'] });
    expect(summary([both], []).ok).toBe(false);
  });
});
