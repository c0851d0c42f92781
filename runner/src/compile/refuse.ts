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

/**
 * Converts every item, and throws one error for all that are refused with the code of the first: an author sees them together. Others are
 * left for the next attempt.
 */
export function each<T, U>(items: readonly T[], convert: (item: T, index: number) => U): U[] {
  const refused: PipelineError[] = [];
  const converted = items.flatMap((item, index) => {
    try {
      return [convert(item, index)];
    } catch (error) {
      if (!isRefusal(error)) throw refused.length > 0 ? together(refused) : error;
      refused.push(error);
      return [];
    }
  });
  if (refused.length > 0) throw together(refused);
  return converted;
}

/** Runs all checks; as {@link each}. */
export const checkAll = (...checks: readonly (() => void)[]): void => {
  each(checks, (check) => check());
};

/** Those with a title are complete. */
const isRefusal = (error: unknown): error is PipelineError =>
  error instanceof PipelineError && error.refused?.title === '';

function together(errors: readonly PipelineError[]): PipelineError {
  const [first] = errors;
  if (first === undefined) throw new Error('nothing was refused');
  const { code, blame } = first;
  const values = errors.filter((one) => one.code === code).flatMap(({ refused }) => refused?.values ?? []);
  // A value of the pipeline may be refused for each of its steps.
  const unique = new Map(values.map((one) => [JSON.stringify(one), one]));
  return PipelineError.refusing(code, { title: '', values: [...unique.values()] }, blame);
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
