import { isRecord, parseJson } from '@hangar/shared/json';
import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { Conclusion } from '../pipeline/stage-state.ts';

/** The end of a stage whose Pod is stopped by its owner; it is recorded on the Pod until the server has it. */
export type CutShort = Exclude<Conclusion, { readonly kind: 'completed' }>;

/** Whether the stage ended before all its steps had. */
export function isCutShort(conclusion: Conclusion): conclusion is CutShort {
  return conclusion.kind !== 'completed';
}

/** The annotation for a replica that takes over before the end was reported to the server. */
export const conclusionAnnotation = (conclusion: CutShort): Readonly<Record<string, string>> => ({
  [ANNOTATION.conclusion]: JSON.stringify(conclusion),
});

/** How a former owner ended the stage; undefined: it did not, or the annotation is invalid. Pure. */
export function recordedConclusion({ metadata }: V1Pod): CutShort | undefined {
  return read(parseJson(metadata?.annotations?.[ANNOTATION.conclusion] ?? ''));
}

function read(value: unknown): CutShort | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, text, step } = value;
  if (kind === 'timed-out' || kind === 'cancelled') return { kind };
  if (kind !== 'broken' || typeof text !== 'string') return undefined;
  return { kind, text, step: typeof step === 'number' ? step : undefined };
}
