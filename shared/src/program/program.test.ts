import { describe, expect, it } from 'vitest';
import { fakeContext } from '../testing/fake-context.ts';
import { command } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { flag } from './options.ts';
import { type Program, runProgram } from './program.ts';

async function say(words: readonly string[], own: Partial<Program> = {}) {
  const ran: string[] = [];
  const one = (name: string) =>
    command({
      name: `prog ${name}`,
      words: '[FILE...]',
      summary: `does ${name}`,
      examples: [`prog ${name} a.yml`],
      options: { trusted: flag('trusts') },
      exits: { failed: 'it did not' },
      run: ({ options, words: files }) => {
        ran.push([name, ...files, ...(options.trusted ? ['trusted'] : [])].join(' '));
        return EXIT.failed;
      },
    });
  const program: Program = {
    name: 'prog',
    summary: 'Does things.',
    commands: [one('daemon'), one('lint')],
    standard: 'daemon',
    notes: 'Begin with lint.',
    ...own,
  };
  const context = fakeContext();
  const code = await runProgram(program, words, context);
  return { code, ran, printed: context.printed, complained: context.complained };
}

describe('a program', () => {
  it.each([
    ['without arguments, the default command runs', [], 'daemon'],
    ['a command gets the arguments after it', ['lint', '.drone.yml', '--trusted'], 'lint .drone.yml trusted'],
  ])('%s', async (_sentence, words, ran) => {
    expect(await say(words)).toMatchObject({ ran: [ran], code: 1, complained: [] });
  });

  it.each([[['--help']], [['-h']], [['help']], [['help', 'help']]])(
    'prints the help of all commands for %j',
    async (words) => {
      const { printed, code, ran } = await say(words);

      expect([code, ran]).toEqual([0, []]);
      expect(printed.join('\n')).toContain('Usage: prog [COMMAND]\n');
      expect(printed.join('\n')).toContain('  daemon [FILE...]  does daemon\n  lint [FILE...]    does lint');
      expect(printed.join('\n')).toMatch(/^Exit codes:\n {2}0 {4}done.*\n {2}1 {4}.*\n {2}2 {4}.*\n {2}70 /m);
    },
  );

  it.each([[['lint', '--help']], [['lint', 'x', '-h']], [['help', 'lint']], [['--help', 'lint']]])(
    'prints the help of one command for %j, and does not run it',
    async (words) => {
      const { printed, code, ran } = await say(words);

      expect([code, ran]).toEqual([0, []]);
      expect(printed.join('\n')).toContain('Usage: prog lint [options] [FILE...]\n\ndoes lint\n\nExamples:');
    },
  );

  it.each([['--version'], ['-v'], ['-V'], ['version']])(
    'known issue 54: prints its version for %s',
    async (word) => {
      expect(await say([word])).toMatchObject({ printed: ['prog 1.2.3'], code: 0 });
    },
  );

  it.each([[['demon']], [['help', 'demon']]])(
    'lists the commands for the unknown command %j',
    async (words) => {
      const { complained, code, printed } = await say(words);

      expect([code, printed]).toEqual([2, []]);
      expect(complained.join('\n')).toContain('no command "demon". There are: daemon, lint.');
      expect(complained.join('\n')).toContain('Did you mean daemon?\nSee: prog --help');
    },
  );

  it('suggests a command for its beginning', async () => {
    expect((await say(['dae'])).complained.join()).toContain('Did you mean daemon?');
  });

  it.each([
    ['--versio', "prog: unknown option '--versio'; did you mean --version?"],
    ['-x', "prog: unknown option '-x'"],
  ])('takes %s for an option, not for a command', async (word, line) => {
    const { code, complained } = await say([word]);

    expect([code, complained]).toEqual([2, [`${line}\nSee: prog --help`]]);
  });

  it('suggests nothing for a word that is not similar to any command', async () => {
    const { complained, code } = await say(['/etc/env']);

    expect(code).toBe(2);
    expect(complained.join('\n')).not.toContain('Did you mean');
  });

  it('reports a missing command if there is no default command', async () => {
    const { code, complained } = await say([], { commands: [command(ONE)], standard: undefined });

    expect([code, complained]).toEqual([2, ['prog: name a command: one\nSee: prog --help']]);
  });

  it.each([['bash'], ['zsh'], ['fish']])('prints a completion script for %s', async (shell) => {
    const { code, printed, ran } = await say(['completion', shell]);
    expect([code, ran]).toEqual([0, []]);
    expect(printed.join('\n')).toContain(`# ${shell} completion for prog`);
  });

  it('of npm has no completion: shells complete commands in PATH', async () => {
    const own = { name: 'npm run prog --', commands: [command({ ...ONE, name: 'npm run prog -- one' })] };

    expect((await say(['--help'], own)).printed.join()).not.toContain('completion');
    expect((await say(['--help'])).printed.join()).toContain('prog completion SHELL');
    expect((await say(['completion', 'bash'], own)).code).toBe(2);
  });

  it.each([
    [[], 'SHELL is missing'],
    [['tcsh'], 'SHELL is bash, zsh, fish, not "tcsh"'],
    [['bash', 'zsh'], 'one SHELL at a time'],
  ])('refuses completion for %j', async (words, problem) => {
    const { code, complained } = await say(['completion', ...words]);
    expect(code).toBe(2);
    expect(complained.join()).toContain(`prog completion: ${problem}`);
  });

  it.each([[['completion', '--help']], [['help', 'completion']]])(
    'shows for %j how each shell loads its script',
    async (words) => {
      const { code, printed } = await say(words);
      expect(code).toBe(0);
      expect(printed.join()).toContain('source <(prog completion bash)');
      expect(printed.join()).toContain('source <(prog completion zsh)');
      expect(printed.join()).toContain('prog completion fish | source');
    },
  );
});

const ONE = {
  name: 'prog one',
  summary: 'the only one',
  examples: [],
  options: {},
  exits: {},
  run: () => EXIT.ok,
};
