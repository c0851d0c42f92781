import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OneOfEquals } from './one-of-equals.ts';

describe('OneOfEquals', () => {
  it('returns the first of equal values, and any other value itself', () => {
    const one = new OneOfEquals();
    const first = one.of({ cpu: 1, memory: 2 });

    expect(one.of({ cpu: 1, memory: 2 })).toBe(first);
    expect(one.of({ cpu: 1, memory: 3 })).not.toBe(first);
    expect(one.of('1')).toBe('1');
    expect(one.of(1)).toBe(1);
  });

  it('changes no value, however many it has seen', () => {
    const one = new OneOfEquals();
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        expect(values.map((value) => one.of(value))).toEqual(values);
      }),
    );
  });

  it('forgets old values: its memory is bounded', () => {
    const one = new OneOfEquals();
    const first = one.of({ nth: 0 });
    for (let nth = 1; nth <= 20_000; nth += 1) one.of({ nth });

    expect(one.of({ nth: 0 })).not.toBe(first);
  });
});
