import { describe, expect, it } from 'vitest';
import { isRecord, listOf, parseJson, recordOf, recordsOf, textMapOf, textOf, textsOf } from './json.ts';

const VALUES = [{ a: 1 }, [{ a: 1 }, 'b', null], 'text', 7, null, undefined];

describe('untrusted JSON values', () => {
  it('are objects only if they are JSON objects', () => {
    expect(VALUES.map(isRecord)).toEqual([true, false, false, false, false, false]);
    expect(VALUES.map(recordOf)).toEqual([{ a: 1 }, {}, {}, {}, {}, {}]);
  });

  it('are lists only if they are arrays', () => {
    expect(VALUES.map(listOf)).toEqual([[], VALUES[1], [], [], [], []]);
    expect(VALUES.map(recordsOf)).toEqual([[], [{ a: 1 }], [], [], [], []]);
    expect(VALUES.map(textsOf)).toEqual([[], ['b'], [], [], [], []]);
  });

  it('are read as a record of texts, without members of other types', () => {
    expect(textMapOf({ a: '1', b: 2, c: null, d: '' })).toEqual({ a: '1', d: '' });
    expect(VALUES.map(textMapOf)).toEqual([{}, {}, {}, {}, {}, {}]);
  });

  it('are texts only if they are strings', () => {
    expect(VALUES.map(textOf)).toEqual(['', '', 'text', '', '', '']);
  });

  it.each([
    ['{"a":1}', { a: 1 }],
    ['null', null],
    ['', undefined],
    ['{"a":', undefined],
  ])('parses %j to %j', (text, want) => {
    expect(parseJson(text)).toEqual(want);
  });
});
