import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type EndedTest, RetriesReporter } from './retries-reporter.ts';

const test = (fullName: string, passed: boolean, retryCount: number): EndedTest => ({
  fullName,
  module: { relativeModuleId: 'testbed/suites/flows/a.test.ts' },
  ok: () => passed,
  diagnostic: () => ({ retryCount }),
});

it('writes down what passed at its second try: not what passed at once, nor what failed at both', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-retries-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'retries');
  const reporter = new RetriesReporter(file);
  expect(readFileSync(file, 'utf8')).toBe('');

  for (const one of [test('at once', true, 0), test('late', true, 1), test('never', false, 1)])
    reporter.onTestCaseResult(one);

  expect(readFileSync(file, 'utf8')).toBe('testbed/suites/flows/a.test.ts: late\n');
});
