import { findingsIn } from '@hangar/runner/lint-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkCounter } from '../counted-work.ts';
import { LARGE_FILES } from './large-files.ts';

/** Far above the usual duration, so that the tests pass on a busy machine. */
const TIMEOUT_MS = 120_000;

describe('the work of lint', { timeout: TIMEOUT_MS }, () => {
  const counter = new WorkCounter();
  beforeAll(() => counter.start());
  afterAll(() => counter.stop());

  it.each(LARGE_FILES)('grows in proportion to the file: $what', async ({ make }) => {
    const once = (chars: number): Promise<number> =>
      counter.count(() => {
        const findings = findingsIn(make(chars), false);
        expect(findings).toEqual([]);
        return Promise.resolve();
      });
    // Other code of this process may run meanwhile and is counted, too.
    const workOf = async (chars: number): Promise<number> => Math.min(await once(chars), await once(chars));

    expect((await workOf(100_000)) / (await workOf(50_000))).toBeLessThanOrEqual(2.3);
  });
});
