import type { FieldPath, PipelineStep } from '../pipeline/pipeline.ts';
import { PipelineError, type RefusedValue } from '../pipeline/pipeline-error.ts';

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
  throw PipelineError.refusing(code, { title: '', values: [{ message, at }] }, blame);
}

/** Throws one error for several values. @param title what holds for all of them */
export function refuseAll(code: Refusal, title: string, values: readonly RefusedValue[]): never {
  throw PipelineError.refusing(code, { title, values }, 'pipeline');
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
