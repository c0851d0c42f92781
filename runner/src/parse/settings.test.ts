import { describe, expect, it } from 'vitest';
import { SettingNames } from './setting-names.ts';
import { settingValue } from './settings.ts';
import { parseYamlTree } from './yaml-tree.ts';

const valueOf = (yaml: string): unknown => {
  const tree = parseYamlTree({ text: yaml, firstLine: 1 });
  const value = settingValue(tree);
  return value?.kind === 'text' ? value.text : value;
};

describe('SettingNames', () => {
  it('upper-cases the key and changes nothing else', () => {
    expect(new SettingNames().of('my-key')).toBe('PLUGIN_MY-KEY');
  });
});

describe('settingValue (previous-runner §3.10)', () => {
  it.each([
    ['text', 'hello', 'hello'],
    ['a quoted number', '"0644"', '0644'],
    ['a date', '2001-01-01', '2001-01-01'],
    ['an exponent without sign is text', '1e3', '1e3'],
    ['a block scalar with its newline', '|\n  a\n  b\n', 'a\nb\n'],
    ['a bool', 'yes', 'true'],
    ['another bool', 'Off', 'false'],
    ['an octal', '0644', '420'],
    ['a hex number', '0x10', '16'],
    ['a whole float', '1.0', '1'],
    ['a float', '1.10', '1.1'],
    ['a float below a million', '999999.5', '999999.5'],
    ['a float from a million on', '1234567.5', '1.2345675e+06'],
    ['a million as a float', '1000000.0', '1e+06'],
    ['a small float', '0.0001', '0.0001'],
    ['a smaller float', '-0.000012', '-1.2e-05'],
    ['a zero', '-0.0', '0'],
    ['a whole number of a million', '1000000', '1000000'],
    ['a float in a map', '{a: 1234567.5}', '{"a":1234567.5}'],
    ['a whole number with the tag of a float', '!!float 5', '5'],
    ['a huge unsigned number', '18446744073709551615', '18446744073709551615'],
    ['binary', '!!binary aGVsbG8=', 'hello'],
    ['a list of scalars', '[a, "b,c", 1.10, yes, 0644]', 'a,b,c,1.1,true,420'],
    ['a null item', '[a, ~, b]', 'a,,b'],
    ['an empty list', '[]', ''],
    ['a list with a map', '[1.0, {b: x}]', '[1,{"b":"x"}]'],
    ['a list with a list', '[[a], b]', '[["a"],"b"]'],
    ['a map', '{b: 1, a: <&>, 3: [x, ~]}', '{"3":["x",null],"a":"\\u003c\\u0026\\u003e","b":1}'],
    ['map keys of every kind', '{yes: 1, 1.50: 2}', '{"1.5":2,"true":1}'],
    ['an empty map', '{}', '{}'],
    ['keys are sorted by bytes', '{é: 1, z: 2, 😀: 3, ﬁ: 4}', '{"z":2,"é":1,"ﬁ":4,"😀":3}'],
    ['a merged map', '{<<: {a: 1}, b: 2}', '{"a":1,"b":2}'],
    ['a nested from_secret is plain JSON', '[{from_secret: x}]', '[{"from_secret":"x"}]'],
    ['an empty from_secret is a map', '{from_secret: ""}', '{"from_secret":""}'],
    ['line separators in JSON', '{a: "\\u2028"}', '{"a":"\\u2028"}'],
  ])('%s', (_, yaml, want) => {
    expect(valueOf(yaml)).toBe(want);
  });

  it.each(['~', '', 'null'])('leaves out null: %j', (yaml) => {
    expect(valueOf(yaml)).toBeUndefined();
  });

  it('uses the secret reference, whatever other keys there are', () => {
    expect(valueOf('{from_secret: token, other: x}')).toEqual({ kind: 'secret', secret: 'token' });
  });
});
