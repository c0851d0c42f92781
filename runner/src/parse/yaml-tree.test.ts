import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { resolveScalar } from './yaml-scalar.ts';
import { parseYamlTree, TokenBudget } from './yaml-tree.ts';

const parse = (text: string): ReturnType<typeof parseYamlTree> => parseYamlTree({ text, firstLine: 1 });

const resolve = (text: string): unknown => {
  const node = parse(text);
  return node.kind === 'scalar' ? resolveScalar(node) : node;
};

// The expected values are those of buildkite/yaml 2.1.0.
describe('scalars (previous-runner §3.3)', () => {
  it.each<[string, string, unknown]>([
    ['y', 'bool', true],
    ['On', 'bool', true],
    ['NO', 'bool', false],
    ['yEs', 'text', 'yEs'],
    ['0644', 'int', 420n],
    ['0o17', 'int', 15n],
    ['0b11', 'int', 3n],
    ['-0x1F', 'int', -31n],
    ['1_000', 'int', 1000n],
    ['_1', 'text', '_1'],
    ['08', 'float', 8],
    ['1e3', 'text', '1e3'],
    ['1e+3', 'float', 1000],
    ['.5', 'float', 0.5],
    ['._5', 'text', '._5'],
    ['1.', 'text', '1.'],
    ['18446744073709551616', 'float', 18446744073709551616],
    ['1e+999', 'text', '1e+999'],
    ['-.Inf', 'float', Number.NEGATIVE_INFINITY],
    ['.nan', 'float', Number.NaN],
    ['12:30:45', 'text', '12:30:45'],
    ['2001-01-01', 'text', '2001-01-01'],
    ['"12"', 'text', '12'],
    ['! 12', 'text', '12'],
    ['!!str 12', 'text', '12'],
    ['!!int "12"', 'int', 12n],
    ['!!binary aGk=', 'text', 'hi'],
    ['!own 12', 'text', '12'],
  ])('%s is %s %s', (text, kind, value) => {
    expect(resolve(text)).toEqual({ kind, value });
  });

  it.each(['', '~', 'null', 'NULL', '# only a comment'])('%j is null', (text) => {
    expect(resolve(text)).toEqual({ kind: 'null' });
  });

  it.each([
    ['!!int x', 'cannot decode !!str `x` as a !!int'],
    ['!!float x', 'cannot decode !!str `x` as a !!float'],
    ['!!binary "@@"', '!!binary value contains invalid base64 data'],
  ])('%s is an error', (text, message) => {
    expect(() => resolve(text)).toThrow(message);
  });
});

describe('structure', () => {
  const textsOf = (text: string): unknown => {
    const node = parse(text);
    if (node.kind !== 'map') return node.kind;
    return node.entries.map(([key, value]) =>
      [key, value].map((part) => (part.kind === 'scalar' ? part.text : part.kind)),
    );
  };

  it.each<[string, string, readonly (readonly string[])[]]>([
    ['of equal keys the last wins', '{a: 1, a: 2}', [['a', '2']]],
    [
      'merges come in',
      '{<<: {a: 1}, b: 2}',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a key after a merge overrides it', '{<<: {a: 1}, a: 2}', [['a', '2']]],
    ['and so does a merge written last', '{a: 2, <<: {a: 1}}', [['a', '1']]],
    [
      'of several merged maps the first wins',
      '{<<: [{a: 1}, {a: 2, b: 3}]}',
      [
        ['a', '1'],
        ['b', '3'],
      ],
    ],
    ['a quoted << is a key', '{"<<": 1}', [['<<', '1']]],
    [
      'aliases refer to their anchor',
      'x: &a 1\ny: *a',
      [
        ['x', '1'],
        ['y', '1'],
      ],
    ],
    [
      'an anchor may be set again',
      'x: &a 1\ny: &a 2\nz: *a',
      [
        ['x', '1'],
        ['y', '2'],
        ['z', '2'],
      ],
    ],
  ])('%s', (_, text, want) => {
    expect(textsOf(text)).toEqual(want);
  });

  it.each([
    ['at the column of its key', 'a:\n  b: "{\n  x\n  }"\n  c: 1', '{ x }'],
    ['at a column before its key', 'a:\n  b: "{\n x\n}"\n  c: 1', '{ x }'],
    ['at a column before its key, in single quotes', "a:\n  b: '{\n x\n}'\n  c: 1", '{ x }'],
    ['deeper than its key', 'a:\n  b: "{\n    x\n    }"\n  c: 1', '{ x }'],
  ])('continues a quoted text %s, and requires indentation again after it', (_, text, want) => {
    const tree = parse(text);
    const inner = tree.kind === 'map' ? tree.entries[0]?.[1] : undefined;

    expect(inner?.kind === 'map' && inner.entries.map(([, value]) => value)).toMatchObject([
      { text: want },
      { text: '1' },
    ]);
  });

  it('continues a quoted text of a list at any column', () => {
    const tree = parse('- "a\nb"\n- c');

    expect(tree.kind === 'seq' && tree.items).toMatchObject([{ text: 'a b' }, { text: 'c' }]);
  });

  it.each([
    ['[tar, -xf, -]', ['tar', '-xf', '-']],
    ['[-]', ['-']],
    ['[\n  -\n]', ['-']],
  ])('reads a dash alone in brackets as a text: %j', (text, want) => {
    const node = parse(text);
    expect(
      node.kind === 'seq' && node.items.map((item) => (item.kind === 'scalar' ? item.text : item.kind)),
    ).toEqual(want);
  });

  it.each(['[- a]', '- -\n- [- ]x'])('refuses a list by dashes in brackets: %j', (text) => {
    expect(() => parse(text)).toThrow();
  });

  it('requires indentation again after the last bracket', () => {
    const tree = parse('- k: [\n  a,\nb\n  ]\n  l: "["\n- k: 1');

    expect(
      tree.kind === 'seq' && tree.items.map((item) => item.kind === 'map' && item.entries.length),
    ).toEqual([2, 1]);
  });

  it('counts lines in the whole file', () => {
    const tree = parseYamlTree({ text: '# c\na:\n  b: 1', firstLine: 10 });

    expect(tree.kind === 'map' && tree.entries[0]?.[1].line).toBe(12);
  });
});

describe('errors', { timeout: 120_000 }, () => {
  it.each([
    ['an open list', 'a: [', 'yaml: line 1: '],
    ['tabs as indentation', 'a:\n\tb: c', 'yaml: line 2: Tabs are not allowed as indentation'],
    ['an unknown anchor', '[*x]', "yaml: unknown anchor 'x' referenced"],
    ['an anchor in itself', '&a [*a]', "yaml: anchor 'a' value contains itself"],
    ['a merge of no map', '{<<: 3}', 'yaml: map merge requires map or sequence of maps as the value'],
    ['deep flow', '['.repeat(2_000), 'yaml: exceeded max depth of 100'],
    ['deep blocks', '- '.repeat(2_000), 'yaml: exceeded max depth of 100'],
    ['deep keys', '{a: '.repeat(2_000), 'yaml: exceeded max depth of 100'],
    ['a chain of aliases that is deep', deepAliases(), 'exceeded max depth of 100'],
    ['an alias bomb', aliasBomb('[*%,*%,*%]'), 'yaml: document contains excessive aliasing'],
    ['a merge bomb', aliasBomb('{<<: [*%, *%]}'), 'yaml: document contains excessive aliasing'],
    ['a wide alias bomb', `a: &a ${'x'.repeat(10_000)}\nb: [${'*a,'.repeat(1000)}]`, 'excessive aliasing'],
  ])('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(PipelineError);
    expect(() => parse(text)).toThrow(message);
  });

  it('accepts a hundred aliases of a large text', () => {
    expect(parse(`a: &a ${'x'.repeat(10_000)}\nb: [${'*a,'.repeat(100)}]`).kind).toBe('map');
  });

  it('accepts depth 50', () => {
    expect(parse('['.repeat(50) + ']'.repeat(50)).kind).toBe('seq');
  });

  it('accepts a megabyte of short lines', () => {
    const tree = parse(`a:\n${'- ls -l\n'.repeat(125_000)}`);
    const list = tree.kind === 'map' ? tree.entries[0]?.[1] : undefined;

    expect(list?.kind === 'seq' && list.items.length).toBe(125_000);
  });

  it('refuses too many tokens, counted over all documents of a file', () => {
    const budget = new TokenBudget();
    const half = { text: `[${'a,'.repeat(250_000)}]`, firstLine: 1 };
    parseYamlTree(half, budget);

    expect(() => parseYamlTree(half, budget)).toThrow('yaml: file has more than 1000000 tokens');
  });
});

function deepAliases(): string {
  const lines = ['a0: &a0 []'];
  for (let n = 1; n < 150; n += 1) lines.push(`a${n}: &a${n} [*a${n - 1}]`);
  return lines.join('\n');
}

function aliasBomb(form: string): string {
  const lines = ['a0: &a0 {x: y}'];
  for (let n = 1; n < 40; n += 1) lines.push(`a${n}: &a${n} ${form.replaceAll('%', `a${n - 1}`)}`);
  return lines.join('\n');
}
