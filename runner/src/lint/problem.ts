import type { FieldPath } from '../pipeline/pipeline.ts';
import type { NamespaceRules } from './namespace-rules.ts';

/** A reason why a pipeline may not run, and the value that is to blame. */
export interface LintProblem {
  readonly message: string;
  readonly at: FieldPath;
}

/** The context of a lint: whether the repository is trusted, its slug, and the operator's namespace rules. */
export interface LintContext {
  readonly trusted: boolean;
  readonly slug: string;
  readonly namespaceRules: NamespaceRules;
}
