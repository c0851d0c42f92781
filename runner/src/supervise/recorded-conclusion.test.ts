import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { conclusionAnnotation, isCutShort, recordedConclusion } from './recorded-conclusion.ts';

const podWith = (text: string) => ({ metadata: { annotations: { [ANNOTATION.conclusion]: text } } });

describe('the conclusion recorded on a Pod', () => {
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
    'is undefined for the invalid annotation %j',
    (text) => {
      expect(recordedConclusion(podWith(text))).toBeUndefined();
    },
  );

  it('is undefined on a Pod that runs', () => {
    expect(recordedConclusion({ metadata: {} })).toBeUndefined();
  });

  it('exists only for stages that were stopped, not for a success', () => {
    const kinds = [{ kind: 'completed' }, { kind: 'cancelled' }, { kind: 'timed-out' }] as const;
    expect(kinds.map((one) => isCutShort(one))).toEqual([false, true, true]);
  });
});
