import { globSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { citationsOf, issueNumbers, sectionNumbers, type Targets } from './citations.ts';
import { ROOT, readDocument } from './pages.ts';

const FILES = '**/*.{ts,js,mjs,go,css,html,md,yaml,yml,tpl,sh,json}';
/** Not ours, or generated from files that are checked. */
const LEFT_OUT = [
  '**/node_modules',
  '**/dist',
  '**/coverage',
  'charts/hangar/{dashboards,rules}',
  'package-lock.json',
];
/** The rules themselves name what they refuse. */
const isOwn = (path: string): boolean =>
  /^testbed\/suites\/docs\/(?:citations|conformance)(?:\.test)?\.ts$/.test(path);

const files = globSync(FILES, { cwd: ROOT, exclude: LEFT_OUT })
  .filter((path) => !isOwn(path))
  .sort();

const referencePages = readdirSync(`${ROOT}/docs/reference`)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''));
/** Generated pages have no numbered sections. */
const numberedPages = referencePages.filter(
  (page) => !readDocument(`docs/reference/${page}.md`).includes('; do not edit.'),
);
const sectionsOf = (page: string): readonly string[] =>
  sectionNumbers(readDocument(`docs/reference/${page}.md`));
const issues = issueNumbers(readDocument('docs/known-issues.md'));

const TARGETS: Targets = {
  sections: new Map(referencePages.map((page) => [page, new Set(sectionsOf(page))])),
  issues: new Set(issues),
  decisions: new Set(readdirSync(`${ROOT}/docs/decisions`).map((name) => name.slice(0, 4))),
};

const twice = (all: readonly string[]): readonly string[] => all.filter((one, n) => all.indexOf(one) !== n);

describe('citations', () => {
  it('lead somewhere, in every file', () => {
    const all = files.map((path) => citationsOf(path, readDocument(path), TARGETS));
    expect(all.flatMap(({ problems }) => problems)).toEqual([]);
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(300);
  });

  it.each(numberedPages)('find each section of %s once', (page) => {
    expect(sectionsOf(page).length).toBeGreaterThan(0);
    expect(twice(sectionsOf(page))).toEqual([]);
  });

  it('find each known issue once, and all from 1 on', () => {
    expect(issues.map(Number).toSorted((a, b) => a - b)).toEqual(issues.map((_, n) => n + 1));
  });
});

describe('the rules above', () => {
  const targets: Targets = {
    sections: new Map([
      ['gate', new Set(['1', '2'])],
      ['drone-rpc', new Set(['2', '2.4', '2.5', '2.6'])],
    ]),
    issues: new Set(['5', '6', '46']),
    decisions: new Set(['0003']),
  };
  const problemsOf = (text: string, path = 'a.ts'): readonly string[] =>
    citationsOf(path, text, targets).problems;

  it.each<[string, string, readonly string[]]>([
    ['a section', '/** (gate §2) */', []],
    ['a section that is not there', '/** (gate §3) */', ['a.ts:1: gate has no §3']],
    ['a part that is not there', '/** drone-rpc §2.7 */', ['a.ts:1: drone-rpc has no §2.7']],
    ['a section at the end of a sentence', '/** See drone-rpc §2. */', []],
    ['several', '// drone-rpc §2.4, §2.5 and §2.6', []],
    ['several, one of which is not there', '// drone-rpc §2.4, §9', ['a.ts:1: drone-rpc has no §9']],
    ['a range', '// drone-rpc §2.4–2.7', ['a.ts:1: drone-rpc has no §2.7']],
    ['two pages', '// drone-rpc §2; gate §3 for more', ['a.ts:1: gate has no §3']],
    ['no page', '// (§2.4)', ['a.ts:1: §2.4 names no page of docs/reference']],
    ['an unknown page', '// spec §2.4', ['a.ts:1: §2.4 names no page of docs/reference']],
    ['a line later', '/**\n * as in drone-rpc\n * §2.7 */', ['a.ts:3: drone-rpc has no §2.7']],
    ['a known issue', '// known issue 46', []],
    ['one that is not there', '// known issue 47', ['a.ts:1: docs/known-issues.md has no row 47']],
    ['several issues', '// Known issues 5,\n// 6 and 7', ['a.ts:1: docs/known-issues.md has no row 7']],
    ['issues without a number', '// known issues of 2022', []],
    ['a decision', '// (docs/decisions/0003), decision 0003', []],
    ['one that is not there', '// decision 0004', ['a.ts:1: docs/decisions has no record 0004']],
    ['a decision that is no record', '// decision 4 of the policy', []],
    ['a page', '// docs/reference/gate.md', []],
    ['one that is not there', '// docs/reference/gates.md', ['a.ts:1: docs/reference has no page gates.md']],
  ])('take %s', (_, text, want) => {
    expect(problemsOf(text)).toEqual(want);
  });

  it.each<[string, readonly string[]]>([
    ['// runner-spec 6.4', ['"runner-spec" is an old form']],
    ['// drone-rpc-spec, and more', ['"drone-rpc-spec" is an old form']],
    ['// see capacity.md', []],
    ['// weaknesses\n// 3 and 31', ['"weaknesses 3" is an old form']],
    ['// a weakness', []],
    ['// its Appendix C', ['"Appendix C" is an old form']],
    ['// the appendix', []],
  ])('know old forms: %s', (text, want) => {
    expect(problemsOf(text)).toEqual(want.map((problem) => `a.ts:1: ${problem}`));
  });

  it.each<[string, boolean]>([
    ["it('asks again (17)', () => {", false],
    ["it('asks again (known issue 46)', () => {", true],
    ["['goes on (13, 18)', 1],", false],
    ["it('24: goes to the clone step', () => {", false],
    ["it('known issue 46: goes', () => {", true],
    ["it('is not there (404)', () => {", true],
    ["it('calls exit(3)', () => {", true],
    ['// Without it nobody could cancel (16).', false],
    ['// what `base64` (76) prints.', true],
    ['// flock(1).', true],
  ])('take %s: %s', (text, isFine) => {
    expect(problemsOf(text, 'a.test.ts').length === 0).toBe(isFine);
  });

  it('let a page of docs/reference cite its own sections by number alone', () => {
    expect(problemsOf('as in §2', 'docs/reference/gate.md')).toEqual([]);
    expect(problemsOf('as in §3', 'docs/reference/gate.md')).toEqual([
      'docs/reference/gate.md:1: gate has no §3',
    ]);
    expect(problemsOf('as in §2', 'docs/gate.md')).toHaveLength(1);
  });

  it('read sections off headings and rows, and issues off rows', () => {
    const page = '# 9 Title\n## 1. One\n### 1.2 Two\n## Three\n| 8.1 | row |\n| 5 | no |\n';
    expect(sectionNumbers(page)).toEqual(['1', '1.2', '8.1']);
    expect(issueNumbers('| # | before |\n| 5 | a |\n| 46 | b |\n| 4.7 | c |\n')).toEqual(['5', '46']);
  });
});
