import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { pipelines } from '../../compile/testing/arbitrary-pipelines.ts';
import { findingsIn, misplaced, refusalParts, startsInEachBuild } from './testing/agreement.ts';

it('lint finds an error if, and only if, some build would be refused: all that the runner says then, and every finding has a place', () => {
  const seen = { starts: 0, refused: 0 };
  fc.assert(
    fc.property(pipelines, fc.boolean(), fc.boolean(), (value, trusted, isJson) => {
      const text = isJson ? JSON.stringify(value) : stringify(value);
      const findings = findingsIn(text, trusted);
      const expected = startsInEachBuild(text, trusted);

      expect(findings.some(({ severity }) => severity === 'error')).toBe(!expected);
      expect(misplaced(text, findings)).toEqual([]);
      const said = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      expect(refusalParts(text, trusted).filter((part) => !said.includes(part))).toEqual([]);
      seen[expected ? 'starts' : 'refused'] += 1;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(seen.starts, seen.refused)).toBeGreaterThan(5);
}, 120_000);
