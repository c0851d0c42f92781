import { describe, expect, it } from 'vitest';
import { levelResultOf, type VitestReport, type VitestRun } from './report.ts';

type File = VitestReport['testResults'][number];

const file = (more: Partial<File> & { readonly tests?: readonly string[] } = {}): File => {
  const { tests = ['passed'], ...rest } = more;
  const assertionResults = tests.map((status, nth) => ({ status, fullName: `test ${nth}` }));
  return { name: '/root/a.test.ts', status: 'passed', assertionResults, ...rest };
};
const result = (files: readonly File[], more: Partial<VitestRun> = {}) =>
  levelResultOf(
    { level: 'flows', exitCode: 0, report: { testResults: files }, retried: [], ...more },
    '/root',
  );

describe('the result of a level', () => {
  it('counts what passed, and passes on what needed a second try', () => {
    expect(result([file(), file({ tests: ['passed', 'passed'] })], { retried: ['a'] })).toEqual({
      ...{ name: 'flows', passed: 3, failed: 0, failures: [], slow: [] },
      retried: ['a'],
    });
  });

  it('names the slowest files of those that take a minute or more', () => {
    const files = [59, 60, 300].map((seconds) =>
      file({ name: `/root/${seconds}.test.ts`, startTime: 1_000, endTime: 1_000 + seconds * 1_000 }),
    );
    expect(result(files).slow).toEqual(['300.test.ts: 300 s', '60.test.ts: 60 s']);
  });

  it.each<[string, readonly File[], string]>([
    [
      'a test that failed',
      [file({ status: 'failed', tests: ['passed', 'failed'] })],
      'a.test.ts: test 1 (failed)',
    ],
    ['a test that was skipped', [file({ tests: ['skipped'] })], 'a.test.ts: test 0 (skipped)'],
    [
      'a file that can not be loaded',
      [file({ status: 'failed', tests: [], message: 'no such\nat' })],
      'a.test.ts: no such',
    ],
    [
      'a file whose last hook failed',
      [file({ status: 'failed', message: 'left behind: Pod a' })],
      'a.test.ts: left behind: Pod a',
    ],
    ['a file that says nothing', [file({ status: 'failed', message: '' })], 'a.test.ts: could not be run'],
  ])('is a failure for %s', (_, files, failure) => {
    expect(result(files, { exitCode: 1 })).toMatchObject({ failed: 1, failures: [failure] });
  });

  it('is a failure for an error outside of tests', () => {
    expect(result([file()], { exitCode: 1 })).toMatchObject({
      failed: 1,
      failures: ['flows: vitest ended with code 1 though its tests passed'],
    });
  });
});
