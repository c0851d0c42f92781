import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainYaml } from './plain-yaml.ts';
import { parseAnyYaml } from './yaml-tree.ts';

/** Texts of scalars, and what could be mistaken for one. */
const GOOD = [
  'x',
  'go test ./... -run "A b"',
  'a:b',
  "'q # r'",
  '"d: e"',
  '[a, b]',
  '[ push, tag ]',
  '{}',
  '[]',
  'echo $HOME',
  '1.5',
  'x # comment',
  'x#y',
  "it's",
  'a,b',
  '',
  'x  ',
  '[a] # c',
  '["a", \'b\']',
  '{ from_secret: x }',
  '{a: b, c: "d"}',
  'a — b ‘c’ 😀',
  '"a"  # c',
];
const ODD = [
  'http://x',
  "'it''s'",
  '"e\\n"',
  '|',
  '|+',
  '>',
  '{a: b}',
  '[a, ]',
  '[a',
  '# c',
  '-',
  '- ',
  '*x',
  '&x',
  '!!t',
  '<<',
  '?',
  ':',
  '%',
  '=',
  '<x>',
  '.',
  '/',
  '"a',
  "'a",
  'é',
  '\u1680',
  'a]',
  '{}x',
  '--',
  '...x',
  '@',
  '`',
  '[a,b]x',
  '[a: b]',
  '[]# c',
  '{a: b, a: c, }',
  '{a:b}',
  '{a: }',
  '{a}',
  '["a"b]',
  '["a" ]',
  '{a: "b"c}',
  '{a: [b]}',
  '{ a: b }x',
  '\u2028',
  '\u00a0x',
  'a: b',
  'a:',
  'a\\b',
  '\t',
];
const texts = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...GOOD) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);

/** Lines of all kinds without regard to each other. */
const line = fc.oneof(
  fc.tuple(
    fc.constantFrom('', '  ', '  ', '    ', ' '),
    fc.constantFrom('a', 'b', 'k-1', 'x.y/z'),
    fc.constantFrom(': ', ':', ':  '),
    texts,
  ),
  fc.tuple(
    fc.constantFrom('', '  ', '    '),
    fc.constantFrom('- ', '-', '-  '),
    fc.constantFrom('', '', 'a: ', 'b:'),
    texts,
  ),
  fc.tuple(fc.constantFrom('', '  ', '     '), texts),
);
const soup = fc
  .array(line, { minLength: 1, maxLength: 9 })
  .map((lines) => lines.map((parts) => parts.join('')).join('\n'));

/** A node of a document that is valid, but for its odd texts. */
type Node =
  | { readonly kind: 'scalar'; readonly text: string }
  | {
      readonly kind: 'literal';
      readonly head: string;
      readonly lines: readonly string[];
      readonly by: number;
    }
  | {
      readonly kind: 'map';
      readonly entries: readonly (readonly [string, Node])[];
      readonly by: number;
      readonly gap: string;
    }
  | { readonly kind: 'seq'; readonly items: readonly Node[]; readonly by: number; readonly gap: string };

const gap = fc.constantFrom('', '', '', '', '', '\n', '# c\n', '   # d\n', '  \n');
const node = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ kind: fc.constant('scalar' as const), text: texts }),
    fc.record({
      kind: fc.constant('literal' as const),
      head: fc.constantFrom('|', '|', '|-', '|-', '|+', '>'),
      lines: fc.array(fc.constantFrom('x', '  y', '# z', '', '', '   ', 'a: b', '- c'), { maxLength: 4 }),
      by: fc.constantFrom(1, 2, 2, 4),
    }),
    fc.record({
      kind: fc.constant('map' as const),
      entries: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'key_1', 'x.y/z', '1', 'd', 'a b'), tie('node')), {
        minLength: 1,
        maxLength: 4,
      }),
      ...{ by: fc.constantFrom(1, 2, 2, 4), gap },
    }),
    fc.record({
      kind: fc.constant('seq' as const),
      items: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      ...{ by: fc.constantFrom(0, 0, 2, 1), gap },
    }),
  ),
})).node;

const spaces = (count: number): string => ' '.repeat(count);

/** Behind a colon or a dash at that column. */
function behind(value: Node, column: number): string {
  if (value.kind === 'scalar') return `${value.text === '' ? '' : ' '}${value.text}\n`;
  if (value.kind !== 'literal') return `\n${value.gap}${block(value, column + value.by)}`;
  const lines = value.lines.map((text) => `${text === '' ? '' : spaces(column + value.by)}${text}\n`);
  return ` ${value.head}\n${lines.join('')}`;
}

function item(value: Node, column: number): string {
  if (value.kind === 'map') return `${spaces(column)}- ${block(value, column + 2).slice(column + 2)}`;
  return `${spaces(column)}-${behind(value.kind === 'seq' ? { ...value, by: 2 } : value, column)}`;
}

function block(value: Node, column: number): string {
  switch (value.kind) {
    case 'map':
      return value.entries
        .map(([key, one]) => `${spaces(column)}${key}:${behind(one, column)}`)
        .join(value.gap);
    case 'seq':
      return value.items.map((one) => item(one, column)).join(value.gap);
    default:
      return spaces(column) + behind(value, column).slice(1);
  }
}

const added = fc.constantFrom('', '', '', '', '', '', ' ', '\n', '#', ':', '-', '  ', 'x', "'", '\t');
/** A valid document, now and then with something added or removed at one place, or without its last line feed. */
const nearlyValid = fc
  .tuple(node, fc.nat(400), added, fc.constantFrom(0, 0, 0, 0, 0, 1), fc.constantFrom('\n', '\n', '\n', ''))
  .map(([value, at, more, less, end]) => {
    const text = block(value, 0);
    const place = at % (text.length + 1);
    return (text.slice(0, place) + more + text.slice(place + less)).replace(/\n$/, end);
  });

/** Compares both readers; the document is one that the fast one declines, or they agree. */
function isRead(text: string): boolean {
  const document = { text, firstLine: 3 };
  const plain = readPlainYaml(document);
  if (plain === undefined) return false;
  expect(plain).toEqual(parseAnyYaml(document));
  return true;
}

describe('what the fast reader accepts is exactly what the library reads, places included', () => {
  it.each([
    ['lines of all kinds', soup, 300],
    ['documents that are nearly valid', nearlyValid, 1_000],
  ])('for %s', (_what, documents, least) => {
    let read = 0;
    fc.assert(
      fc.property(documents, (text) => {
        read += isRead(text) ? 1 : 0;
      }),
      { numRuns: 15_000 },
    );
    // Else it would be right by declining everything.
    expect(read).toBeGreaterThan(least);
  });

  it.each([
    [
      'a pipeline',
      'kind: pipeline\ntype: kubernetes\n\n# all\nsteps:\n- name: a\n  image: golang:1.26 # latest\n  commands:\n  - |\n    go build\n\n    go test ./...\n  when:\n    event: [ push, "tag" ]\nvolumes:\n  - name: c\n    temp: {}\n'.replace(
        '"tag"',
        'tag',
      ),
    ],
    ['a key twice', 'a: 1\nb: 2\na: 3\n'],
    ['an empty value', 'a:\nb: 1\n'],
    ['a list beside its key', 'a:\n- b\n- c\nd: e\n'],
  ])('%s is read by it', (_what, text) => {
    expect(isRead(text)).toBe(true);
  });

  it.each([
    ['an anchor', 'a: &x 1\nb: *x\n'],
    ['a merge', '<<: 1\n'],
    ['a scalar of several lines', 'a: b\n  c\n'],
    ['a folded scalar', 'a: >\n  b\n'],
    ['an escape', 'a: "\\n"\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a tab', 'a:\tb\n'],
    ['an error', 'a: b: c\n'],
    ['nothing', '# nothing\n'],
    [
      'deep nesting',
      Array.from({ length: 41 }, (_, n) => `${spaces(n)}a:\n`).join('') + `${spaces(41)}a: 1\n`,
    ],
  ])('%s is left to the library', (_what, text) => {
    expect(isRead(text)).toBe(false);
  });
});
