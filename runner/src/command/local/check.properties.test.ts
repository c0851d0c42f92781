import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { compile } from '../../compile/compile.ts';
import { aDetail, anImage, aPreparation, someSettings } from '../../compile/testing/a-pipeline.ts';
import { pipelines } from '../../compile/testing/arbitrary-pipelines.ts';
import { lintPipeline } from '../../lint/lint.ts';
import { parseManifest } from '../../parse/manifest.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { check } from './check.ts';

const NOW_MS = Date.parse('2026-01-14T10:30:00Z');
const RULES = { slug: 'acme/widget', namespaceRules: { prod: ['other/*'] } };
const SUBJECT = { detail: aDetail(), settings: someSettings(), nowMs: NOW_MS };

/** As the daemon, which stops at the first problem: whether a build of each pipeline of the file would start. */
function starts(text: string, trusted: boolean): boolean {
  const startsOne = (pipeline: Pipeline): boolean => {
    if (lintPipeline(pipeline, { ...RULES, trusted }) !== undefined) return false;
    // No image is without a command of its own.
    const images = new Proxy(
      {},
      {
        get: () => anImage(),
        has: () => true,
        getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: anImage() }),
      },
    );
    const prepared = aPreparation({ images });
    compile({ pipeline, ...SUBJECT, prepared, name: () => 'drone-0123456789abcdefghij', nonce: 'abcd1234' });
    return true;
  };
  try {
    return parseManifest(text).pipelines.map(startsOne).every(Boolean);
  } catch (error) {
    if (error instanceof PipelineError) return false;
    throw error;
  }
}

it('lint finds an error if, and only if, a build would be refused; and every finding has a place in the file', () => {
  const seen = { starts: 0, refused: 0 };
  fc.assert(
    fc.property(pipelines, fc.boolean(), fc.boolean(), (value, trusted, isJson) => {
      const text = isJson ? JSON.stringify(value) : stringify(value);
      const findings = check(text, { ...RULES, trusted, compile: SUBJECT });
      const expected = starts(text, trusted);

      expect(findings.some(({ severity }) => severity === 'error')).toBe(!expected);
      const lines = text.split('\n');
      for (const { line, column } of findings)
        expect(column <= (lines[line - 1]?.length ?? -1) + 1 && column > 0).toBe(true);
      seen[expected ? 'starts' : 'refused'] += 1;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(seen.starts, seen.refused)).toBeGreaterThan(5);
}, 120_000);
