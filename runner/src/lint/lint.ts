import type { Pipeline } from '../pipeline/pipeline.ts';
import { laterChecks } from './later-checks.ts';
import { originalChecks } from './original-checks.ts';
import type { LintContext, LintProblem } from './problem.ts';
import { sizeChecks } from './size-checks.ts';

export type { LintContext, LintProblem } from './problem.ts';

function* problems(pipeline: Pipeline, context: LintContext): Generator<LintProblem> {
  yield* originalChecks(pipeline, context);
  yield* laterChecks(pipeline, context);
  yield* sizeChecks(pipeline);
}

/**
 * The first reason why a pipeline may not run, or undefined: the old runner's checks in its order and with its messages
 * (previous-runner §3.12), then those that it lacked (known issues 26, 29, 46 and 50).
 */
export function lintPipeline(pipeline: Pipeline, context: LintContext): LintProblem | undefined {
  for (const problem of problems(pipeline, context)) return problem;
  return undefined;
}

/** All reasons, in the same order, for the command line. */
export function lintAll(pipeline: Pipeline, context: LintContext): readonly LintProblem[] {
  return [...problems(pipeline, context)];
}
