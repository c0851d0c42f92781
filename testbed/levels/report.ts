import type { LevelResult } from './summary.ts';

const SLOW_SECONDS = 60;
const MOST_SLOW = 8;

/** What vitest's JSON reporter writes, as far as it is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    /** Milliseconds since 1970. */
    readonly startTime?: number;
    readonly endTime?: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** How a run of vitest ended. */
export interface VitestRun {
  readonly level: string;
  readonly exitCode: number;
  readonly report: VitestReport;
  /** Tests that passed at their second try. */
  readonly retried: readonly string[];
}

/**
 * The result of a level. A file that could not even be loaded or not be tidied up, an error outside of tests, and a skipped test are
 * failures too.
 *
 * @param root the folder that files are named from
 */
export function levelResultOf({ level, exitCode, report, retried }: VitestRun, root: string): LevelResult {
  const pathOf = (file: string): string => file.replace(`${root}/`, '');
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: pathOf(file.name) })),
  );
  const bad = tests
    .filter((test) => test.status !== 'passed')
    .map((test) => `${test.file}: ${test.fullName} (${test.status})`);
  const broken = report.testResults
    .filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status === 'passed'),
    )
    .map((file) => `${pathOf(file.name)}: ${(file.message || 'could not be run').split('\n')[0]}`);
  const failures = [...bad, ...broken];
  if (exitCode !== 0 && failures.length === 0)
    failures.push(`${level}: vitest ended with code ${exitCode} though its tests passed`);
  const slow = slowFiles(report, pathOf);
  return { name: level, passed: tests.length - bad.length, failed: failures.length, retried, failures, slow };
}

/** The slowest files of those that take longer than a minute. */
function slowFiles({ testResults }: VitestReport, pathOf: (file: string) => string): readonly string[] {
  const timed = testResults.map(({ name, startTime = 0, endTime = 0 }) => {
    return { path: pathOf(name), seconds: Math.round((endTime - startTime) / 1000) };
  });
  return timed
    .filter(({ seconds }) => seconds >= SLOW_SECONDS)
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, MOST_SLOW)
    .map(({ path, seconds }) => `${path}: ${seconds} s`);
}
