import { findingsIn, misplaced, starts, substituted } from '@hangar/runner/lint-testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { generatedPipelines } from './generated.ts';

/** Far above the usual duration, so that the test passes on a busy machine. */
const TIMEOUT_MS = 120_000;

it('lint and the runner agree on each generated file, and every finding has a place in it', {
  timeout: TIMEOUT_MS,
}, () => {
  const seen = { starts: 0, refused: 0 };
  fc.assert(
    fc.property(generatedPipelines, fc.boolean(), ({ yaml, variables }, trusted) => {
      const text = substituted(yaml, variables);
      if (text === undefined || text.trim() === '') return;
      const findings = findingsIn(text, trusted);
      const expected = starts(text, trusted);

      expect(findings.some(({ severity }) => severity === 'error')).toBe(!expected);
      expect(misplaced(text, findings)).toEqual([]);
      seen[expected ? 'starts' : 'refused'] += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(seen.starts, seen.refused)).toBeGreaterThan(50);
});
