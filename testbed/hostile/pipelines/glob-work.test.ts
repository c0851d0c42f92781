import { doublestarMatch } from '@hangar/runner/doublestar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkCounter } from '../counted-work.ts';

/** Far above the usual duration, so that the tests pass on a busy machine. */
const TIMEOUT_MS = 120_000;
const SEGMENTS = 2_000;

describe('the work of comparing a glob', { timeout: TIMEOUT_MS }, () => {
  const counter = new WorkCounter();
  beforeAll(() => counter.start());
  afterAll(() => counter.stop());

  it.each(['**/a/**/b', '**/**/**', `${'**/a/'.repeat(20)}b`, '**/{a,b}/*', '**/?/[a-c]/b', 'a/**/*a*'])(
    'with %s grows in proportion to the segments of the value',
    async (glob) => {
      const once = (segments: number): Promise<number> =>
        counter.count(() => Promise.resolve(void doublestarMatch(glob, 'a/'.repeat(segments))));
      // Other code of this process may run meanwhile and is counted, too.
      const workOf = async (segments: number): Promise<number> =>
        Math.min(await once(segments), await once(segments));

      expect((await workOf(2 * SEGMENTS)) / (await workOf(SEGMENTS))).toBeLessThanOrEqual(2.3);
    },
  );
});
