import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotenvError, parseDotenv, withDotenv } from './dotenv.ts';

describe('parseDotenv', () => {
  it.each<[string, string, Record<string, string>]>([
    ['plain', 'A=1', { A: '1' }],
    ['colon form', 'A: 1', { A: '1' }],
    ['a colon after the equals sign belongs to the value', 'A=http://x', { A: 'http://x' }],
    ['export and blanks', '  export A = 1  ', { A: '1' }],
    ['comments and blank lines', '# no\n\nA=1 # yes\n', { A: '1' }],
    ['a hash without a space before it belongs to the value', 'A=1#2', { A: '1#2' }],
    ['a hash inside quotes', 'A="1 # 2" # c', { A: '1 # 2' }],
    ['only a comment as value', 'A= # c', { A: '' }],
    ['single quotes are literal', "A='$B\\n'", { A: '$B\\n' }],
    ['double quotes with escapes', 'A="x\\ny\\"z\\q"', { A: 'x\ny"zq' }],
    ['expansion of earlier keys', 'A=1\nB=${A}2\nC="$A"', { A: '1', B: '12', C: '1' }],
    ['unknown keys expand to nothing', 'A=x$NO', { A: 'x' }],
    ['later keys too', 'A=$B\nB=1', { A: '', B: '1' }],
    ['an escaped dollar stays', 'A=\\$B\nC="\\${B}"', { A: '$B', C: '${B}' }],
    ['lower case is not expanded', 'A=$b', { A: '$b' }],
    ['an escaped dollar stays before lower case too', 'A=ab\\$cd', { A: 'ab$cd' }],
    ['quotes within quotes', `A="{"a": "b"}"\nB='it's'`, { A: '{"a": "b"}', B: "it's" }],
    ['two quoted words are two', 'A="x" y "z', { A: '"x" y "z' }],
    ['Windows line ends', 'A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['a byte order mark', '\ufeffA=1\r\n', { A: '1' }],
    ['export and a tab', 'export\tA=1\nexported=2', { A: '1', exported: '2' }],
    ['a quote that is not closed is a character', 'A="x\nB=\'y', { A: '"x', B: "'y" }],
    ['quotes of the other kind', `A='"x" # y' # c\nB="it's \\$5"`, { A: '"x" # y', B: "it's $5" }],
    ['a comment of Windows line ends', '# no\r\nA=1 # yes\r\n', { A: '1' }],
    ['a later line wins', 'A=1\nA=2', { A: '2' }],
  ])('%s', (_, text, want) => {
    expect(parseDotenv(text)).toEqual(want);
  });

  it.each([
    ['no separator', 'A=1\nsecret-value', /^line 2 has neither/],
    ['the rest of a value over several lines', 'A="x\nsecret-value"', /^line 2 has neither/],
    ['no name', '=1', /^line 1 has no name/],
  ])('refuses a line with %s, without quoting it', (_, text, want) => {
    expect(() => parseDotenv(text)).toThrow(want);
    expect(() => parseDotenv(text)).not.toThrow(/secret-value/);
  });

  it('parses or refuses any text, and throws no other error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', '=', ':', '"', "'", '\\', '$', '{', '}', '#', ' ', '\n') }),
        (text) => {
          try {
            parseDotenv(text);
          } catch (error) {
            expect(error).toBeInstanceOf(DotenvError);
          }
        },
      ),
    );
  });
});

describe('withDotenv', () => {
  it('never overrides a variable that is set, even if empty', () => {
    expect(withDotenv({ A: 'env', B: '', C: undefined }, { A: 'file', B: 'file', C: 'file' })).toEqual({
      A: 'env',
      B: '',
      C: 'file',
    });
  });
});
