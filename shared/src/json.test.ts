import { describe, expect, it } from 'vitest';
import { isRecord, listOf, parseJson, recordOf, recordsOf, textMapOf, textOf, textsOf } from './json.ts';

const VALUES = [{ a: 1 }, [{ a: 1 }, 'b', null], 'text', 7, null, undefined];

describe('what somebody else wrote', () => {
  it('is an object only where it is one', () => {
    expect(VALUES.map(isRecord)).toEqual([true, false, false, false, false, false]);
    expect(VALUES.map(recordOf)).toEqual([{ a: 1 }, {}, {}, {}, {}, {}]);
  });

  it('is a list only where it is one', () => {
    expect(VALUES.map(listOf)).toEqual([[], VALUES[1], [], [], [], []]);
    expect(VALUES.map(recordsOf)).toEqual([[], [{ a: 1 }], [], [], [], []]);
    expect(VALUES.map(textsOf)).toEqual([[], ['b'], [], [], [], []]);
  });

  it('is a table of texts as far as it is one', () => {
    expect(textMapOf({ a: '1', b: 2, c: null, d: '' })).toEqual({ a: '1', d: '' });
    expect(VALUES.map(textMapOf)).toEqual([{}, {}, {}, {}, {}, {}]);
  });

  it('is text only where it is one', () => {
    expect(VALUES.map(textOf)).toEqual(['', '', 'text', '', '', '']);
  });

  it.each([
    ['{"a":1}', { a: 1 }],
    ['null', null],
    ['', undefined],
    ['{"a":', undefined],
  ])('as JSON, %j says %j', (text, want) => {
    expect(parseJson(text)).toEqual(want);
  });
});
