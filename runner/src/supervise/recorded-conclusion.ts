import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { Conclusion } from '../pipeline/stage-state.ts';

/** The end of a stage whose Pod its owner stops: the Pod keeps it until the server has it. */
export type CutShort = Extract<Conclusion, { readonly kind: 'timed-out' | 'broken' }>;

/** Is it an end before all steps ended, and not by a cancel? */
export function isCutShort(conclusion: Conclusion): conclusion is CutShort {
  return conclusion.kind === 'timed-out' || conclusion.kind === 'broken';
}

/** What is written on the Pod, for whoever takes over before the server was told. */
export const conclusionAnnotation = (conclusion: CutShort): Readonly<Record<string, string>> => ({
  [ANNOTATION.conclusion]: JSON.stringify(conclusion),
});

/** How a former owner ended the stage; undefined: it did not, or what is written makes no sense. Pure. */
export function recordedConclusion({ metadata }: V1Pod): CutShort | undefined {
  const text = metadata?.annotations?.[ANNOTATION.conclusion];
  if (text === undefined) return undefined;
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function read(value: unknown): CutShort | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  if (value.kind === 'timed-out') return { kind: 'timed-out' };
  if (value.kind !== 'broken' || !('text' in value) || typeof value.text !== 'string') return undefined;
  const step = 'step' in value && typeof value.step === 'number' ? value.step : undefined;
  return { kind: 'broken', text: value.text, step };
}
