import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { pipelines } from '../compile/testing/arbitrary-pipelines.ts';
import { splitDocuments } from './documents.ts';
import { formatFile } from './format-file.ts';
import { parseManifest } from './manifest.ts';
import { parseYamlTree } from './yaml-tree.ts';

const UNTIDY = `# Builds and publishes.
kind:   pipeline
type: kubernetes
name: default   # the name


clone:
    disable: yes
steps:
- name: 'build'
  image: "golang:1.25"   # why
  # before the commands
  commands:
  - go build ./...  && echo "\${DRONE_TAG}"
  - |
      set -e
      make   all
  environment: {A: 010, B: {from_secret: b}}
`;

const TIDY = `# Builds and publishes.
kind: pipeline
type: kubernetes
name: default # the name

clone:
  disable: yes
steps:
  - name: 'build'
    image: "golang:1.25" # why
    # before the commands
    commands:
      - go build ./...  && echo "\${DRONE_TAG}"
      - |
        set -e
        make   all
    environment: { A: 010, B: { from_secret: b } }
`;

describe('a formatted pipeline file', () => {
  it('has its comments, quotes and scripts, and one style of indentation', () => {
    expect(formatFile(UNTIDY)).toBe(TIDY);
    expect(formatFile(TIDY)).toBe(TIDY);
  });

  it('keeps lines between documents, a document of comments, and what follows the end of the input', () => {
    const text = '---\n# nothing\n--- # second\nkind:  secret\n...\n  ignored:   text\n';
    expect(formatFile(text)).toBe('---\n# nothing\n--- # second\nkind: secret\n...\n  ignored:   text\n');
  });

  it('keeps line ends of Windows, but not a mixture', () => {
    expect(formatFile('kind:  a\r\nname: b\r\n')).toBe('kind: a\r\nname: b\r\n');
    expect(formatFile('kind:  a\r\nname: b\n')).toBe('kind: a\nname: b\n');
  });

  it('does not fold long lines', () => {
    const long = `a: ${'word '.repeat(100)}end\nb: "${'word '.repeat(100)}end"\n# ${'word '.repeat(100)}end\nc: d\n`;
    expect(formatFile(long)).toBe(long);
  });

  it.each([
    ['aliases and merges', 'a: &x { b: 1 }\nc: *x\nd:\n  <<: *x\n'],
    ['equal keys', 'a: 1\na: 2\n'],
    ['values without text', 'a:\nb: ~\nc: ""\n'],
    ['own tags', 'a: !!float 5\nb: !x y\n'],
    ['complex keys', '? [ a, b ]\n: c\n'],
  ])('keeps %s', (_what, text) => {
    expect(formatFile(text)).toBe(text);
  });

  it.each([
    ['nothing', ''],
    ['blank lines', '\n\n'],
    ['comments alone', '# a\n\n# b'],
    [
      'anchors and merges',
      'x: &a\n    image: b   # c\nsteps:\n- <<: *a\n  name: b # d\n- name: &n c\n  <<: [*a, {pull: always}]\n',
    ],
    ['comments around items', 'steps: # a\n# b\n- name: a\n\n  # c\n\n# d\n- name: c # e\n  image: d\n# f\n'],
    ['comments beside empty items', 'a:\n- #b\n- #c\n d: {e: f, #g\n   h: i}\n   #j\n'],
    [
      'comments in place of items',
      'steps:\n- name: a\n  commands:\n  - a\n  # - b\n  # - c\n- name: c\n#end',
    ],
    [
      'comments in brackets',
      'steps: [\n  {name: a, # a\n   image: b},   # b\n  # c\n  {name: c,\n  image: d}\n]\n',
    ],
    ['comments around documents', '# top\n---\n# a\nkind: b\n# c\n--- # d\n# e\n---\nkind: f\n...\n# g\n'],
    [
      'blocks with indentation indicators',
      'a:\n- |2\n    x\n  y\n- |2-\n    x\n- >+\n x\n y\n\n- |+\n x\n\n\n- b\n',
    ],
    ['a kept end before a document', 'a: |+\n  x\n\n\n---\nb: >+\n  y\n\n\n'],
    ['blanks and tabs in scripts', 'a:\n- |\n    cat <<EOF  \n    \tx\n      \n    EOF\n'],
    ['texts over several lines', 'a:\n- echo a\n    b\n    c\n- "d\n    e\n\n    f"\n- \'g\n    h\'\n'],
    ['quotes at the column of their key', 'a:\n  b: \'{\n    "c": 1\n  }\'\n'],
    ['tabs between values', 'steps:\n- name:\ta\t# c\n  commands: [\tb,\tc ]\n'],
    ['a byte order mark', '\ufeffkind: a\n'],
    ['no last line break', 'a: |\n  b'],
  ])('has the values and the comments of %s, and is formatted already', (_what, text) => {
    for (const written of [text, text.replaceAll('\n', '\r\n')]) {
      const formatted = formatFile(written);
      expect(formatFile(formatted)).toBe(formatted);
      expect(valuesOf(formatted)).toEqual(valuesOf(written));
      expect(commentsOf(formatted)).toEqual(commentsOf(written));
    }
  });

  it('is not made of invalid YAML', () => {
    expect(() => formatFile('kind: a\nsteps: [a: b: c]\n')).toThrow('yaml: line 2: ');
  });

  it('has the meaning of the file, and is formatted already', () => {
    const styles = fc.record({
      indent: fc.integer({ min: 1, max: 6 }),
      indentSeq: fc.boolean(),
      collectionStyle: fc.constantFrom('any' as const, 'flow' as const),
      lineWidth: fc.constantFrom(0, 20, 80),
    });
    fc.assert(
      fc.property(pipelines, styles, (value, style) => {
        const text = stringify(value, style);
        // The library folds control characters in quotes wrongly.
        fc.pre(isYaml(text));
        const formatted = formatFile(text);
        expect(withoutPlaces(formatted)).toEqual(withoutPlaces(text));
        expect(formatFile(formatted)).toBe(formatted);
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

const valuesOf = (text: string): readonly string[] =>
  splitDocuments(text).map((document) =>
    JSON.stringify(parseYamlTree(document), (key, value: unknown) =>
      key === 'line' || key === 'column' ? undefined : value,
    ),
  );
const commentsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:^|[ \t])(#.*)$/gm)].map(([, comment = '']) => comment.trim());

function isYaml(text: string): boolean {
  try {
    return parseYamlTree({ text, firstLine: 1 }).kind === 'map';
  } catch {
    return false;
  }
}

/** What the runner reads in the file, or why it refuses it, without numbers of lines. */
function withoutPlaces(text: string): unknown {
  try {
    const { warnings, ...manifest } = parseManifest(text);
    // Equal ones of one line are one.
    const said = [...new Set(warnings.map((warning) => warning.replace(/line \d+/g, '')))].sort();
    return [JSON.stringify(manifest).replace(/"(line|column)":\d+/g, ''), said];
  } catch (error) {
    // They are in the order of their lines, of which there may be one alone.
    return String(error).replace(/\d+/g, '').split('\n').sort();
  }
}
