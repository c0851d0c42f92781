import { describe, expect, it } from 'vitest';
import { COMPILE } from '../compile-flags.ts';
import { EXEC } from '../exec-flags.ts';
import { LINT } from '../lint-flags.ts';
import { readFlags, teaching, UsageError } from './flags.ts';

const exec = (...args: string[]) => readFlags(EXEC, args);

describe('flags', () => {
  it('are read by kind, files beside them', () => {
    const flags = exec('--namespace', 'ci', '--repo-id=7', '--include', 'a', '--include', 'b', 'one.yml');
    expect(flags.text('namespace')).toBe('ci');
    expect(flags.number('repo-id')).toBe(7);
    expect(flags.list('include')).toEqual(['a', 'b']);
    expect(flags.files).toEqual(['one.yml']);
  });

  it('that were not given are nothing', () => {
    const flags = exec();
    expect(flags.text('namespace')).toBeUndefined();
    expect(flags.number('repo-id')).toBeUndefined();
    expect(flags.yes('json')).toBeUndefined();
    expect(flags.list('include')).toEqual([]);
    expect(flags.map('secrets')).toEqual({});
  });

  it('have a no for every yes', () => {
    expect(exec('--color').yes('color')).toBe(true);
    expect(exec('--no-color').yes('color')).toBe(false);
  });

  it.each([
    ['an equals sign separates', 'K=V', { K: 'V' }],
    ['a colon does too', 'K:V', { K: 'V' }],
    ['only the first of either counts', 'K=a=b:c', { K: 'a=b:c' }],
    ['an address behind an equals sign keeps its colon', 'URL=http://x', { URL: 'http://x' }],
    ['a value may be empty', 'K=', { K: '' }],
  ])('in pairs, %s', (_, pair, map) => {
    expect(exec('--secrets', pair).map('secrets')).toEqual(map);
  });

  it.each([
    ['a pair without a key', ['--secrets', '=hidden-word']],
    ['a pair without a separator', ['--secrets', 'hidden-word']],
  ])('refuse %s, and do not repeat what may be a secret', (_, args) => {
    expect(() => exec(...args).map('secrets')).toThrow(UsageError);
    expect(() => exec(...args).map('secrets')).not.toThrow('hidden-word');
  });

  it.each([
    ['an unknown flag', ['--nonsense'], "unknown option '--nonsense'"],
    ['a flag without its value', ['--namespace'], "option '--namespace <value>' argument missing"],
    ['a value for a yes', ['--json=maybe'], "option '--json' does not take an argument"],
  ])('refuse %s, and say where the known ones are', (_, args, words) => {
    expect(() => exec(...args)).toThrow(words);
    expect(() => exec(...args)).toThrow('"hangar-runner exec --help" tells all flags');
    expect(() => exec(...args)).toThrow(UsageError);
  });

  it.each(['x', '-1', '1.5', '99999999999999999999'])('refuse %s where a whole number belongs', (value) => {
    expect(() => exec(`--repo-id=${value}`).number('repo-id')).toThrow('--repo-id takes a whole number');
  });

  it('are an error of the program when asked for by a wrong kind', () => {
    expect(() => exec().text('json')).toThrow('no flag of kind text');
  });
});

describe('the help', () => {
  it.each([EXEC, COMPILE, LINT])(
    'of $name names every flag once, with examples and exit codes',
    (command) => {
      const help = teaching(command);
      const named = help
        .split('\n')
        .map((line) => /^ {2}--([a-z0-9-]+)/.exec(line)?.[1])
        .filter((name) => name !== undefined);
      expect(named.toSorted()).toEqual(command.flags.map(({ name }) => name).toSorted());
      expect(new Set(named).size).toBe(named.length);
      expect(help).toContain(`Examples:\n  hangar-runner ${command.name} `);
      expect(help).toContain('Exit codes: 0 ');
    },
  );
});
