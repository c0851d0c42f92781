import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { conclusionAnnotation, isCutShort, recordedConclusion } from './recorded-conclusion.ts';

const podWith = (text: string) => ({ metadata: { annotations: { [ANNOTATION.conclusion]: text } } });

describe('the end that a Pod keeps', () => {
  it.each([
    { kind: 'timed-out' },
    { kind: 'cancelled' },
    { kind: 'broken', text: 'no image', step: 2 },
    { kind: 'broken', text: 'x' },
  ] as const)('is read as it was written: %j', (conclusion) => {
    const metadata = { annotations: { ...conclusionAnnotation(conclusion) } };
    expect(recordedConclusion({ metadata })).toEqual(conclusion);
  });

  it.each(['', 'no JSON', 'null', '"timed-out"', '{"kind":"completed"}', '{"kind":"broken"}'])(
    'is none where somebody wrote %j',
    (text) => {
      expect(recordedConclusion(podWith(text))).toBeUndefined();
    },
  );

  it('is none on a Pod that runs', () => {
    expect(recordedConclusion({ metadata: {} })).toBeUndefined();
  });

  it('is for what was stopped: not for a success', () => {
    const kinds = [{ kind: 'completed' }, { kind: 'cancelled' }, { kind: 'timed-out' }] as const;
    expect(kinds.map((one) => isCutShort(one))).toEqual([false, true, true]);
  });
});
