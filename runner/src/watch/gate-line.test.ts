import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGateLine } from './gate-line.ts';

describe('parseGateLine', () => {
  it('parses the line of a gate, with or without newline', () => {
    const line = { decision: 'ran', code: 2, startMs: 1768383013000, endMs: 1768383088000 };
    expect(parseGateLine('ran 2 1768383013000 1768383088000')).toEqual(line);
    expect(parseGateLine('failed-before 0 1 1\n')).toEqual({
      ...line,
      decision: 'failed-before',
      code: 0,
      startMs: 1,
      endMs: 1,
    });
  });

  it('parses the words of an end by timeout and of a service that was not ready', () => {
    expect(parseGateLine('timed-out 124 5 9\n')).toEqual({
      decision: 'timed-out',
      code: 124,
      startMs: 5,
      endMs: 9,
    });
    expect(parseGateLine('unready 1 5 9\n')).toEqual({ decision: 'unready', code: 1, startMs: 5, endMs: 9 });
  });

  it.each([
    ['nothing', ''],
    ['two words in front', 'timed out 124 5 9'],
    ['a text of its own failure', 'hangar gate: cannot read its files'],
    ['a code that is none', 'ran 1000 1 2'],
    ['a negative code', 'ran -1 1 2'],
    ['more than one line', 'ran 0 1 2\nran 0 1 2'],
    ['a line that was cut', 'ran 0 1768383'],
  ])('rejects %s as a line of a gate', (_, text) => {
    expect(parseGateLine(text)).toBeUndefined();
  });

  it('parses every line that a gate can write', () => {
    const times = fc.integer({ min: 0, max: 9_999_999_999_999 });
    const ends = ['ran', 'timed-out', 'unready'];
    const word = fc.constantFrom(
      ...ends,
      'failed-before',
      'passed-before',
      'fast',
      'ended-early',
      'stopping',
    );
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 255 }), times, times, (decision, code, startMs, endMs) => {
        const text = `${decision} ${code} ${startMs} ${endMs}`;
        expect(text.length).toBeLessThanOrEqual(60);
        expect(parseGateLine(text)).toEqual({ decision, code, startMs, endMs });
      }),
    );
  });
});
