import { describe, expect, it } from 'vitest';
import { UsageError } from './command-error.ts';
import {
  asNumber,
  asText,
  asWhole,
  asWord,
  flag,
  grouped,
  option,
  pairs,
  readOptions,
  repeated,
  textOr,
} from './options.ts';

const OPTIONS = {
  namespace: option('NAME', 'where', asText),
  image: textOr('alpine', 'IMAGE', 'what'),
  include: repeated('STEP', 'only these', asText),
  json: flag('as JSON'),
  color: flag('with colours'),
  secrets: pairs('a secret'),
  'boot-seconds': option('N', 'how long', asNumber([0, 7200]), 180),
  ...grouped('Repository', { 'repo-id': option('N', 'its number', asWhole()) }),
  level: option('LEVEL', 'which', asWord(['low', 'high'])),
};
const read = (...args: string[]) => readOptions(OPTIONS, args);

describe('options', () => {
  it('are parsed by type, with arguments beside them', () => {
    const line = ['--namespace', 'ci', '--repo-id=7', '--include', 'a', 'one.yml', '--include', 'b'];
    expect(read(...line)).toMatchObject({
      options: { namespace: 'ci', 'repo-id': 7, include: ['a', 'b'] },
      words: ['one.yml'],
    });
  });

  it('are undefined or their default when not given', () => {
    expect(read().options).toEqual({
      namespace: undefined,
      image: 'alpine',
      include: [],
      json: undefined,
      color: undefined,
      secrets: {},
      'boot-seconds': 180,
      'repo-id': undefined,
      level: undefined,
    });
  });

  it('of type flag have a --no- form, and the last one given wins', () => {
    expect(read('--color').options.color).toBe(true);
    expect(read('--no-color').options.color).toBe(false);
    expect(read('--color', '--no-color', '--namespace=a', '--namespace=b').options).toMatchObject({
      color: false,
      namespace: 'b',
    });
  });

  it.each([
    ['an equals sign separates', 'K=V', { K: 'V' }],
    ['a colon does too', 'K:V', { K: 'V' }],
    ['only the first of either counts', 'K=a=b:c', { K: 'a=b:c' }],
    ['an address behind an equals sign keeps its colon', 'URL=http://x', { URL: 'http://x' }],
    ['a value may be empty', 'K=', { K: '' }],
  ])('in pairs, %s', (_, pair, map) => {
    expect(read('--secrets', pair).options.secrets).toEqual(map);
  });

  it.each([
    ['a pair without a key', ['--secrets', '=hidden-word']],
    ['a pair without a separator', ['--secrets', 'hidden-word']],
  ])('refuse %s, without repeating what may be a secret', (_, args) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).not.toThrow('hidden-word');
  });

  it.each([
    ['an unknown option', ['--nonsense'], /^unknown option '--nonsense'$/],
    ['one with a slip, and name the near one', ['--namspace=ci'], "'--namspace'; did you mean --namespace?"],
    ['a slip behind a no', ['--no-colour'], "'--no-colour'; did you mean --no-color?"],
    ['a short one that is far from all', ['--xyz'], /^unknown option '--xyz'$/],
    ['an option without its value', ['--namespace'], "option '--namespace <value>' argument missing"],
    ['a value for a yes', ['--json=maybe'], "option '--json' does not take an argument"],
    ['a number below zero behind a yes', ['--json', '-1'], "unknown option '-1'"],
  ])('refuse %s', (_, args, words) => {
    expect(() => read(...args)).toThrow(words);
    expect(() => read(...args)).toThrow(UsageError);
  });

  it.each(['x', '-1', '1.5', '', '99999999999999999999'])(
    'refuse "%s" where a whole number is required',
    (value) => {
      expect(() => read(`--repo-id=${value}`)).toThrow(
        `--repo-id takes a whole number, 0 or more, not "${value}"`,
      );
    },
  );

  it.each(['many', '-1', '7201', ' '])('refuse "%s" where a number within bounds is required', (value) => {
    expect(() => read('--boot-seconds', value)).toThrow('takes a number from 0 to 7200, not "');
  });

  it('accept a number with a fraction, and the bounds themselves', () => {
    expect(read('--boot-seconds', '1.5').options['boot-seconds']).toBe(1.5);
    expect(read('--boot-seconds', '7200').options['boot-seconds']).toBe(7200);
  });

  it('accept one of their listed values, and list them in the error otherwise', () => {
    expect(read('--level', 'low').options.level).toBe('low');
    expect(() => read('--level', 'middle')).toThrow('--level takes low or high, not "middle"');
  });

  it('throw a programming error when read by a wrong name or type', () => {
    const { options } = read('--json');
    // @ts-expect-error a flag is no text
    const text: string | undefined = options.json;
    // @ts-expect-error there is no such option
    expect([text, options.nothing]).toEqual([true, undefined]);
  });
});
