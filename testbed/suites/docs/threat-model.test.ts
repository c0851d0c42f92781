import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readDocument } from './pages.ts';

/** A test that a claim names: its file, and a part of its title if the claim is not about the whole file. */
interface NamedTest {
  readonly path: string;
  readonly title: string | undefined;
}

/** The claims, each with the tests that its row names. */
const [, SECTION = ''] = /\n## Claims\n([^]*?)\n## /.exec(readDocument('docs/threat-model.md')) ?? [];
const CLAIMS = [...SECTION.matchAll(/^\| (?!claim |---)(.+) \| (\[.+) \|$/gm)].map(
  ([, claim = '', tests = '']) => ({ claim, tests: testsIn(tests) }),
);

function testsIn(cell: string): readonly NamedTest[] {
  return [...cell.matchAll(/\]\(\.\.\/([^)]+)\)(?: "((?:\\\||[^"])+)")?/g)].map(([, path = '', title]) => ({
    path,
    title: title?.replaceAll('\\|', '|'),
  }));
}

/** Whether the file of a test has it. */
function exists({ path, title = '' }: NamedTest): boolean {
  const text = readFileSync(join(ROOT, path), 'utf8').replaceAll("\\'", "'");
  return text.includes(title);
}

describe('docs/threat-model.md', () => {
  it('has claims of every kind of attacker', () => {
    expect(CLAIMS.length).toBeGreaterThan(30);
    expect([...SECTION.matchAll(/^### /gm)].length).toBeGreaterThan(8);
  });

  it.each(CLAIMS)('$claim: its tests exist', ({ tests }) => {
    expect(tests).not.toEqual([]);
    expect(tests.filter((test) => !exists(test))).toEqual([]);
  });

  it('near miss: a title that no test has is found out', () =>
    expect(
      exists({ path: 'testbed/suites/docs/threat-model.test.ts', title: ['no such', 'title'].join(' ') }),
    ).toBe(false));
});
