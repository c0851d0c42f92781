import { describe, expect, it } from 'vitest';
import { readRan } from './gate-line.ts';

describe('readRan', () => {
  it('reads what a gate leaves, with its newline or without', () => {
    const want = { code: 2, startMs: 1768383013000, endMs: 1768383088000 };
    expect(readRan('ran 2 1768383013000 1768383088000\n')).toEqual(want);
    expect(readRan('ran 2 1768383013000 1768383088000')).toEqual(want);
  });

  it.each([undefined, '', 'failed-before 0 1 1\n', 'ran 0 1\n', 'ran 0 1 2 3\n', 'it ran 0 1 2\n'])(
    'takes %j for no step that ran',
    (message) => {
      expect(readRan(message)).toBeUndefined();
    },
  );
});
