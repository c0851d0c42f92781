import { describe, expect, it } from 'vitest';
import { issueNumbers, sectionNumbers } from './citations.ts';
import { renderConformance, testsOf } from './conformance.ts';
import { FINDINGS, RULES } from './conformance-verdicts.ts';
import { readDocument } from './pages.ts';

const RULE = 'previous-runner §';

describe('the table of conformance', () => {
  const files = [
    { path: 'a/x.ts', text: `/** (${RULE}1.2,\n * §1.3) */` },
    { path: 'a/x.test.ts', text: `import './x.ts'` },
    { path: 'a/other.test.ts', text: '' },
    { path: 'a/y.test.ts', text: `it('known issues 2 and 3: ...')` },
  ];
  const page = renderConformance({
    rules: '## 1. One\n### 1.2 Two\n### 1.3 Three\n### 1.4 Four\n',
    issues: '| 3 | c | now |\n| 2 | b | now |\n',
    files,
  });

  it('has a row for each section, with the tests beside the code that cites it', () => {
    expect(page).toContain('| 1.2 | Two | kept | [x.test.ts](../../a/x.test.ts) |');
    expect(page).toContain('| 1.3 | Three | kept | [x.test.ts](../../a/x.test.ts) |');
    expect(page).toMatch(/\| 1\.4 \| Four \| .* \| none \|/);
  });

  it('has a row for each known issue in order, with the tests that cite it', () => {
    expect(page).toMatch(/\| 2 \| b \| fixed \| \[y\.test\.ts\].*\n\| 3 \| c \| fixed \| \[y\.test\.ts\]/);
  });

  it('takes the tests that cite or import, and no other', () => {
    expect(testsOf(['a/z.ts', 'a/x.ts', 'a/y.test.ts'], files)).toEqual(['a/x.test.ts', 'a/y.test.ts']);
  });
});

describe('the verdicts', () => {
  it('are about sections and issues that exist', () => {
    const sections = sectionNumbers(readDocument('docs/reference/previous-runner.md'));
    const issues = issueNumbers(readDocument('docs/known-issues.md'));

    expect(Object.keys(RULES).filter((number) => !sections.includes(number))).toEqual([]);
    expect(Object.keys(FINDINGS).filter((number) => !issues.includes(number))).toEqual([]);
  });

  it('leave no known issue without a test, except those that a test cannot show', () => {
    const page = readDocument('docs/reference/conformance.md');
    const table = page.slice(page.indexOf('## Known issues'));
    const untested = [...table.matchAll(/^\| (\d+) \| .* \| none \|$/gm)];
    // One thread has all state.
    expect(untested.map(([, number]) => number)).toEqual(['66']);
  });
});
