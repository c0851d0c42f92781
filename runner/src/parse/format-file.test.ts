import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { pipelines } from '../compile/testing/arbitrary-pipelines.ts';
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
