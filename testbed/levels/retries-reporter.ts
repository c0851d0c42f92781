import { appendFileSync, writeFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';

/** A test that has ended, as far as it is read here. */
export interface EndedTest {
  readonly fullName: string;
  readonly module: { readonly relativeModuleId: string };
  /** Whether it passed, at whichever try. */
  ok(): boolean;
  diagnostic(): { readonly retryCount: number } | undefined;
}

/** Writes down which tests passed only at their second try, one a line, so that the levels' summary can name and count them. */
export class RetriesReporter implements Reporter {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, '');
  }

  onTestCaseResult(test: EndedTest): void {
    const needed = test.ok() && (test.diagnostic()?.retryCount ?? 0) > 0;
    if (needed) appendFileSync(this.#file, `${test.module.relativeModuleId}: ${test.fullName}\n`);
  }
}
