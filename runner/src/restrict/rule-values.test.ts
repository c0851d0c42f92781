import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Most, Names } from './restrictions.ts';
import { AMOUNT_KINDS, formatRule, NAME_KINDS, openLevels, parseRule } from './rule-values.ts';

const names = (text: string) => parseRule<Names>(NAME_KINDS.names.read, text);
const cpu = (text: string) => parseRule<Most>(AMOUNT_KINDS.cpu.read, text);

describe('a rule in a setting', () => {
  it.each<[string, string, readonly [Names, Names, Names]]>([
    ['a value without a level is for all that is not trusted', 'none', [[], [], 'any']],
    ['each level has its own', 'fork:none,ordinary:a b-*,trusted:c', [[], ['a', 'b-*'], ['c']]],
    ['a level that is not named is like the next more trusted one', 'ordinary:a', [['a'], ['a'], 'any']],
    ['never like a less trusted one', 'fork:none', [[], 'any', 'any']],
    ['a value may have colons', 'plugins/docker:20', [['plugins/docker:20'], ['plugins/docker:20'], 'any']],
    ['also after a level', 'fork: plugins/docker:20', [['plugins/docker:20'], 'any', 'any']],
  ])('%s', (_sentence, text, [fork, ordinary, trusted]) => {
    expect(names(text)).toEqual({ value: { fork, ordinary, trusted } });
  });

  it.each([
    ['none,fork:a', 'combines a value without a level (fork, ordinary, trusted) with others'],
    ['fork:a,fork:b', 'names fork twice'],
    ['fork:', 'has an empty value'],
    ['any b', 'combines any or none with globs'],
  ])('%j is refused', (text, wrong) => {
    expect(names(text)).toEqual({ wrong });
  });

  it('has amounts of CPU and memory', () => {
    expect(cpu('fork:500m,ordinary:4')).toEqual({ value: { fork: 500, ordinary: 4000, trusted: 'any' } });
    expect(parseRule<Most>(AMOUNT_KINDS.bytes.read, '10Gi')).toMatchObject({ value: { fork: 10 * 2 ** 30 } });
  });

  it.each(['0', 'none', '-1', 'much'])('does not take %s as an amount', (text) => {
    expect(cpu(text)).toEqual({ wrong: 'is not an amount above 0' });
  });

  it('does not take globs where there is only all or nothing', () => {
    expect(parseRule<Names>(NAME_KINDS.switch.read, 'fork:a')).toEqual({ wrong: 'is neither any nor none' });
  });

  it('is the same after it was written and read again', () => {
    const value = fc.constantFrom('any', 'none', 'a', 'a b-*', 'plugins/docker:20');
    fc.assert(
      fc.property(value, value, value, (fork, ordinary, trusted) => {
        const first = names(`fork:${fork},ordinary:${ordinary},trusted:${trusted}`);
        if ('wrong' in first) throw new Error(first.wrong);
        expect(names(formatRule('names', first.value))).toEqual(first);
      }),
    );
  });

  it('is open for the levels that may choose everything, trusted ones left out', () => {
    const levels = (text: string) => {
      const rule = names(text);
      return 'value' in rule ? openLevels(rule.value) : rule;
    };
    expect([levels('any'), levels('fork:none'), levels('none')]).toEqual([
      ['fork', 'ordinary'],
      ['ordinary'],
      [],
    ]);
  });
});
