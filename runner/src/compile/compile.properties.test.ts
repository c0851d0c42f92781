import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { aBuild, aDetail, aRepo } from './testing/a-pipeline.ts';
import {
  oddTexts as odd,
  pipelines as pipeline,
  compileSettings as settings,
} from './testing/arbitrary-pipelines.ts';
import { outcomes } from './testing/compiled-cases.ts';
import { objections } from './testing/kubernetes-rules.ts';

describe('any pipeline that parses', () => {
  it('compiles to objects that Kubernetes accepts, or is refused with a message for its author', () => {
    let compiled = 0;
    fc.assert(
      fc.property(pipeline, settings, (written, how) => {
        for (const result of outcomes(JSON.stringify(written), { settings: how })) {
          if (result instanceof PipelineError) {
            expect(result.message).not.toBe('');
            continue;
          }
          compiled += 1;
          expect(objections(result.pod, result.secrets)).toEqual([]);
        }
      }),
      { numRuns: 400, seed: 20260114 },
    );
    // If every input were refused, the property would prove nothing.
    expect(compiled).toBeGreaterThan(40);
  });

  it('compiles whatever the build’s texts contain', () => {
    const text = JSON.stringify({
      kind: 'pipeline',
      type: 'kubernetes',
      steps: [{ name: 'a', image: 'b', commands: ['c'] }],
    });
    fc.assert(
      fc.property(odd, odd, odd, fc.dictionary(odd, odd), (name, event, ref, params) => {
        const detail = aDetail({
          repo: aRepo({ name, namespace: event }),
          build: aBuild({ event, ref, params, message: name }),
        });
        for (const result of outcomes(text, { detail })) {
          if (result instanceof PipelineError) throw result;
          expect(objections(result.pod, result.secrets)).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('compiles to the same result twice', () => {
    fc.assert(
      fc.property(pipeline, (written) => {
        const text = JSON.stringify(written);
        expect(JSON.stringify(outcomes(text, {}))).toBe(JSON.stringify(outcomes(text, {})));
      }),
      { numRuns: 50 },
    );
  });
});
