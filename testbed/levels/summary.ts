/** The result of one level. */
export interface LevelResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests that passed only at their second try. */
  readonly retried: readonly string[];
  readonly failures: readonly string[];
  /** The slowest files, as `FILE: SECONDS s`. */
  readonly slow?: readonly string[];
}

/** How many tests of a whole run may need a second try: two shared cores and a real kubelet miss a limit now and then. */
export const RETRY_BUDGET = 2;

/** The summary of a run; programs read its last line. */
export interface RunSummary {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

function retryLines(retried: readonly string[]): readonly string[] {
  const named = retried.map((name) => `passed at the second attempt: ${name}`);
  if (retried.length <= RETRY_BUDGET) return named;
  return [
    ...named,
    `FAILED: ${retried.length} tests needed a second attempt, and at most ${RETRY_BUDGET} are allowed. Fix those that need one repeatedly`,
  ];
}

/** Sums up a run. A level that ran no test has failed; a run of which every level is left out has not. */
export function summary(results: readonly LevelResult[], leftOut: readonly string[]): RunSummary {
  const passed = results.reduce((sum, one) => sum + one.passed, 0);
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  const retried = results.flatMap((one) => one.retried.map((name) => `${one.name}: ${name}`));
  const isGood = (one: LevelResult): boolean => one.failed === 0 && one.passed > 0;
  const lines = [
    ...results.map(
      (one) => `${isGood(one) ? 'ok    ' : 'FAILED'} ${one.name}: ${one.passed} passed, ${one.failed} failed`,
    ),
    ...results.flatMap((one) => (one.slow ?? []).map((text) => `slow: ${one.name}: ${text}`)),
    ...retryLines(retried),
    ...results.flatMap((one) => one.failures.map((name) => `failed: ${name}`)),
    ...(results.length > 0 ? leftOut : []),
    `${passed} passed, ${failed} failed`,
  ];
  const hasAny = results.length + leftOut.length > 0;
  return { lines, ok: hasAny && results.every(isGood) && retried.length <= RETRY_BUDGET };
}
