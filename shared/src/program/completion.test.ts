import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { command } from './command.ts';
import { completionScript, SHELLS } from './completion.ts';
import { EXIT } from './exit-codes.ts';
import { asText, asWord, flag, option } from './options.ts';

const one = (name: string, options: Parameters<typeof command>[0]['options']) =>
  command({
    name: `a-prog ${name}`,
    summary: `does the ${name}'s work: all of it`,
    examples: [],
    options,
    exits: {},
    run: () => EXIT.ok,
  });
const program = {
  name: 'a-prog',
  commands: [
    one('serve', {}),
    one('lint', {
      json: flag("prints it's JSON"),
      file: option('FILE', 'a file', asText),
      level: option('LEVEL', 'how much', asWord(['low', 'high'])),
    }),
  ],
};

/** What bash offers for a command line whose last word is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=(a-prog ${line}); COMP_CWORD=${words.length}; _a_prog; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion in bash', () => {
  it.each([
    ['commands, first', [''], ['serve', 'lint', 'completion', 'help']],
    ['the options of the program itself, first', ['-'], ['--help', '--version']],
    ['a command that is complete', ['lint'], ['lint']],
    ['a command by its beginning', ['li'], ['lint']],
    ['the options of the command', ['lint', '--'], ['--json', '--file', '--level', '--help']],
    ['the values of an option', ['lint', '--level', ''], ['low', 'high']],
    ['a value after =, which bash takes for a word of its own', ['lint', '--level', '=', 'h'], ['high']],
    ['all values right after =', ['lint', '--level', '='], ['low', 'high']],
    ['no values of an option of another command', ['serve', '--level', ''], ['']],
    ['an option by its beginning', ['lint', 'x', '--f'], ['--file']],
    ['only --help where a command has none', ['serve', '--'], ['--help']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['commands after help', ['help', 's'], ['serve']],
    ['nothing of its own for a file, so that bash offers files', ['lint', 'a'], ['']],
  ])('offers %s', (_, words, want) => {
    expect(offered(...words)).toEqual(want);
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  const script = completionScript(program, shell);

  it('contains each command and each option', () => {
    for (const word of ['serve', 'lint', 'json', 'file']) expect(script).toContain(word);
  });

  it('shows how to load it', () => {
    expect(script).toContain(`a-prog completion ${shell}`);
  });
});

describe('completion in zsh', () => {
  const script = completionScript(program, 'zsh');

  it('is a function with the name of the file in which zsh looks for it, so that the first completion works', () => {
    expect(script).toMatch(/^#compdef a-prog\n/);
    expect(script).toContain('\n_a-prog() {\n');
    expect(script.split('\n').at(-1)).toBe(
      'if [ "$funcstack[1]" = "_a-prog" ]; then _a-prog "$@"; else compdef _a-prog a-prog; fi',
    );
  });

  it('hides no parameter of zsh from the functions that it calls', () => {
    const [, names = ''] = /local -a (.*)/.exec(script) ?? [];
    // zshmodules(1), zsh/parameter; zshcompwid(1)
    const own = ['commands', 'options', 'functions', 'parameters', 'aliases', 'words', 'history', 'modules'];
    expect(names.split(' ').filter((name) => own.includes(name))).toEqual([]);
  });

  it('offers the options of the program itself beside its commands', () => {
    expect(script).toContain(`'--version:show the version'`);
  });
});

describe('completion in fish', () => {
  const lines = completionScript(program, 'fish').split('\n');

  it('offers the options of the program itself before a command, and those of a command after it', () => {
    const first = 'complete -c a-prog -n __fish_use_subcommand';
    expect(lines).toContain(`${first} -l version -d 'show the version'`);
    expect(lines).toContain(`${first} -l help -d 'show all commands'`);
    expect(lines.filter((line) => line.includes('-l json'))).toEqual([
      `complete -c a-prog -n 'contains -- lint (commandline -opc)[2]' -l json -d 'prints it\\'s JSON'`,
    ]);
  });
});

describe('descriptions', () => {
  it('end no quotes of zsh, and no description at a colon', () => {
    expect(completionScript(program, 'zsh')).toContain(`'lint:does the lint'\\''s work\\: all of it'`);
  });

  it('end no quotes of fish', () => {
    expect(completionScript(program, 'fish')).toContain(`-l json -d 'prints it\\'s JSON'`);
    expect(completionScript(program, 'fish')).toContain(`-l file -r -d 'a file'`);
  });
});
