import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachArea } from './areas.ts';
import { WorkCounter } from './counted-work.ts';
import { feedGenerated, MOST_GENERATED_MS } from './run-area.ts';

/** Large enough that fixed work is negligible, small enough for coverage counters. */
const CHARS = 5_000;
/** Linear work doubles with its input; quadratic work quadruples. */
const MAX_GROWTH = 2.3;
const INPUTS = 1_500;
const SEED = 20_261_130;
/** Far above the usual duration, so that the tests pass on a busy machine. */
const TIMEOUT_MS = 120_000;

forEachArea((area) => {
  describe(`untrusted input: ${area.name}`, { timeout: TIMEOUT_MS }, () => {
    describe('the work grows in proportion to the input', () => {
      const counter = new WorkCounter();
      beforeAll(() => counter.start());
      afterAll(() => counter.stop());

      it.each(area.adversaries)('$name', async ({ make }) => {
        const once = (chars: number): Promise<number> => counter.count(() => area.feed(make(chars)));
        // Other code of this process, such as the test runner's, may run meanwhile and is counted, too.
        const workOf = async (chars: number): Promise<number> =>
          Math.min(await once(chars), await once(chars));
        const work = await workOf(CHARS);

        expect((await workOf(2 * CHARS)) / work).toBeLessThanOrEqual(MAX_GROWTH);
      });
    });

    it(`${INPUTS} generated inputs cause no defect, and none needs a second`, async () => {
      const { inputs, failure, slowestMs } = await feedGenerated(area, INPUTS, SEED);
      process.stdout.write(
        `${area.name}: ${inputs} generated inputs, the slowest ${slowestMs.toFixed(0)} ms\n`,
      );

      expect(failure).toBeUndefined();
      expect(slowestMs).toBeLessThan(MOST_GENERATED_MS);
    });
  });
});
