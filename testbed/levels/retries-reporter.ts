import { appendFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';

/**
 * Writes down which tests passed only at a second try, one a line, so that the levels' summary can name them: on two shared cores a
 * real kubelet may miss any time limit once, but nobody should have to guess how often that happens.
 */
export class RetriesReporter implements Reporter {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, '');
  }

  onTestCaseResult(test: TestCase): void {
    if ((test.diagnostic()?.retryCount ?? 0) > 0) appendFileSync(this.#file, `${test.fullName}\n`);
  }
}
