import type { FieldPath, PipelineStep } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** Codes with which the compiler refuses a stage. */
export type Refusal =
  | 'invalid-pipeline'
  | 'unknown-volume'
  | 'invalid-image'
  | 'pipeline-too-large'
  | 'unsupported-platform'
  | 'refused-choice'
  | 'invalid-settings';

/** Throws an error for the pipeline's author: problem, place and remedy. @param at the value that is refused */
export function refuse(code: Refusal, message: string, at: FieldPath = []): never {
  const blame = code === 'invalid-settings' ? 'operator' : 'pipeline';
  throw new PipelineError(code, message, { blame, at });
}

/** The path of a step's field. */
export const stepField = ({ at = [] }: Pick<PipelineStep, 'at'>, ...field: FieldPath): FieldPath => [
  ...at,
  ...field,
];

/** How a message refers to a step: by its name, or by its line if it has none. */
export function stepTitle(step: { readonly name: string; readonly line: number }): string {
  if (step.name !== '') return `step ${JSON.stringify(step.name)}`;
  return step.line > 0 ? `the nameless step in line ${step.line}` : 'a nameless step';
}
