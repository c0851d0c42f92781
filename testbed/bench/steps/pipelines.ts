import { pipeline, step } from '../../suites/flows/pipelines.ts';

/** That many steps of no work in a chain, after a clone step or without one. */
export function idleSteps(count: number, more = ''): string {
  return pipeline(
    Array.from({ length: count }, (_, index) => step(`s${index + 1}`, ['true'])).join(''),
    more,
  );
}

/** For {@link idleSteps}: no clone step. */
export const WITHOUT_CLONE = 'clone: { disable: true }\n';
