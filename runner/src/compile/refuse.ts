import { PipelineError } from '../pipeline/pipeline-error.ts';

/** Words under which the compiler refuses a stage. */
export type Refusal =
  | 'invalid-pipeline'
  | 'unknown-volume'
  | 'invalid-image'
  | 'pipeline-too-large'
  | 'unsupported-platform'
  | 'invalid-settings';

/** Ends the compilation with a text for the pipeline's author: what is wrong, where, and the cure. */
export function refuse(code: Refusal, message: string): never {
  throw new PipelineError(code, message, { blame: code === 'invalid-settings' ? 'operator' : 'pipeline' });
}

/** How a message names a step: by its name, or by its line when it has none. */
export function stepTitle(step: { readonly name: string; readonly line: number }): string {
  if (step.name !== '') return `step ${JSON.stringify(step.name)}`;
  return step.line > 0 ? `the nameless step in line ${step.line}` : 'a nameless step';
}
