import { describe, expect, it } from 'vitest';
import { fakeContext } from '../testing/fake-context.ts';
import { type CommandSpec, command, runCommand } from './command.ts';
import { CommandError, ConfigError, UsageError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';
import { asText, asWhole, flag, grouped, type Options, option, pairs } from './options.ts';

const SPEC: CommandSpec<Options> = {
  name: 'prog lint',
  words: 'FILE...',
  summary: 'says what is wrong with files',
  examples: ['prog lint a.yml    the file'],
  options: {
    trusted: flag('trust it'),
    timeout: option('SPAN', 'not longer than this:\n90s, 15m, 2h', asText),
    ...grouped('Repository', {
      'repo-id': option('N', 'its number', asWhole(), 404),
      env: pairs('a variable'),
    }),
  },
  notes: 'It asks nobody.',
  exits: { ok: 'nothing is wrong', failed: 'something is' },
  run: () => EXIT.ok,
};

async function run(args: readonly string[], own: Partial<CommandSpec<Options>> = {}) {
  const context = fakeContext();
  const code = await runCommand(command({ ...SPEC, ...own }), args, context);
  return { code, printed: context.printed.join('\n'), complained: context.complained.join('\n') };
}

describe('the help of a command', () => {
  it('has usage, examples, options by groups with their defaults, notes and exit codes', async () => {
    expect((await run(['a.yml', '--help', '--nonsense'])).printed.split('\n')).toEqual([
      'Usage: prog lint [options] FILE...',
      '',
      'says what is wrong with files',
      '',
      'Examples:',
      '  prog lint a.yml    the file',
      '',
      'Options:',
      '  --trusted        trust it',
      '  --timeout SPAN   not longer than this:',
      '                   90s, 15m, 2h',
      '',
      'Repository:',
      '  --repo-id N      its number (404)',
      '  --env KEY=VALUE  a variable',
      '',
      'It asks nobody.',
      '',
      'Exit codes:',
      '  0  nothing is wrong',
      '  1  something is',
      '  2  the command line is invalid, or a file that it names cannot be read',
    ]);
  });

  it('has no sections for options and arguments if there are none', async () => {
    const { printed } = await run(['-h'], { options: {}, words: '' });
    expect(printed).toContain('Usage: prog lint\n');
    expect(printed).not.toContain('Options:');
  });
});

describe('a command', () => {
  it.each([
    ['one or more', 'FILE...', [], 'name at least one FILE'],
    ['exactly one, and none is there', 'FILE', [], 'FILE is missing'],
    ['exactly one', 'FILE', ['a', 'b'], 'one FILE at a time, not a b'],
    ['one at most', '[FILE]', ['a', 'b'], 'one FILE at a time, not a b'],
    ['none', '', ['a', 'b'], 'unexpected argument "a b": prog lint takes only options'],
  ])('checks the number of arguments: %s', async (_, words, args, problem) => {
    const { code, complained } = await run(args, { words });
    expect(code).toBe(2);
    expect(complained).toBe(`prog lint: ${problem}\nSee: prog lint --help`);
  });

  it.each([
    ['any number', '[FILE...]', []],
    ['any number', '[FILE...]', ['a', 'b']],
    ['one at most', '[FILE]', []],
    ['one', 'FILE', ['a']],
  ])('accepts %s: %s %j', async (_, words, args) => {
    expect(await run(args, { words })).toEqual({ code: 0, printed: '', complained: '' });
  });

  it.each([
    [
      'wrong usage, with a reference to the help',
      new UsageError('no'),
      2,
      'prog lint: no\nSee: prog lint --help',
    ],
    ['a command error', new CommandError(EXIT.failed, 'no'), 1, 'prog lint: no'],
    [
      'a wrong configuration, all of it',
      new ConfigError(['A is wrong', 'B too']),
      78,
      'prog lint: 2 things are wrong with the configuration:\n  - A is wrong\n  - B too',
    ],
  ])('reports %s', async (_, error, code, complained) => {
    expect(await run(['a'], { run: () => Promise.reject(error) })).toEqual({ code, complained, printed: '' });
  });

  it('rethrows unexpected errors', async () => {
    await expect(run(['a'], { run: () => Promise.reject(new TypeError('oh')) })).rejects.toThrow('oh');
  });
});
