import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeList, decodeObject, GoJsonError, parseGoJson } from './go-json.ts';
import { WIRE_SHAPES } from './wire.ts';

const step = (text: string) => decodeObject(parseGoJson(text), WIRE_SHAPES.step, 'Step');

describe('decoding as Go does (drone-rpc §1.3, §8.15)', () => {
  it('takes any integer that is written as one', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(step(`{"started":${value}}`).started).toBe(value);
      }),
    );
  });

  it('refuses every fraction', () => {
    fc.assert(
      fc.property(fc.double({ noInteger: true, noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(() => step(`{"started":${value}}`)).toThrow(GoJsonError);
      }),
    );
  });

  it.each(['1.0', '1e3', '"1"', 'true', '[1]', '{}'])('refuses %s as an integer', (text) => {
    expect(() => step(`{"version":${text}}`)).toThrow(/Step\.version of type int64/);
  });

  it('never fails in another way than by its own error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          decodeObject(parseGoJson(text), WIRE_SHAPES.stageUpdate, 'Stage');
        } catch (error) {
          expect(error).toBeInstanceOf(GoJsonError);
        }
      }),
    );
  });

  it('matches names in any case, the last one counts', () => {
    expect(step('{"NAME":"a","Exit_Code":2,"name":"b"}')).toMatchObject({ name: 'b', exit_code: 2 });
  });

  it('reads missing and null members as zero', () => {
    expect(step('{"name":null,"depends_on":null}')).toMatchObject({
      name: '',
      depends_on: [],
      version: 0,
      detached: false,
    });
  });

  it('ignores unknown members, whatever they are called', () => {
    const decoded = step('{"__proto__":{"name":"x"},"constructor":1,"colour":1.5}');

    expect(decoded.name).toBe('');
    expect(Object.hasOwn(decoded, 'colour')).toBe(false);
  });

  it.each([
    ['a number as text', '{"name":5}', 'Step.name of type string'],
    ['a text as truth', '{"errignore":"true"}', 'Step.errignore of type boolean'],
    ['a text as list', '{"depends_on":"clone"}', 'Step.depends_on of type []string'],
    ['a number in a list of strings', '{"depends_on":[1]}', 'Step.depends_on of type string'],
    ['an array as object', '[]', 'Step of type object'],
  ])('refuses %s', (_name, text, message) => {
    expect(() => step(text)).toThrow(message);
  });

  it('names the place in a list', () => {
    expect(() => decodeList(parseGoJson('[{"pos":0},{"pos":0.5}]'), WIRE_SHAPES.line, 'Line')).toThrow(
      'cannot unmarshal number 0.5 into Go struct field Line[1].pos',
    );
  });

  it('maps hold texts only, and any name', () => {
    const filter = (text: string) => decodeObject(parseGoJson(text), WIRE_SHAPES.filter, 'Filter');

    expect(Object.entries(filter('{"labels":{"__proto__":"x","a":null}}').labels)).toEqual([
      ['__proto__', 'x'],
      ['a', ''],
    ]);
    expect(() => filter('{"labels":{"a":1}}')).toThrow('Filter.labels');
  });
});
