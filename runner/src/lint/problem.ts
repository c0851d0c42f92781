import type { NamespaceRules } from './namespace-rules.ts';

/** A reason why a pipeline may not run. `line` is the line in the YAML text, from 1; 0 if unknown. */
export interface LintProblem {
  readonly message: string;
  readonly line: number;
}

/** The context of a lint: whether the repository is trusted, its slug, and the operator's namespace rules. */
export interface LintContext {
  readonly trusted: boolean;
  readonly slug: string;
  readonly namespaceRules: NamespaceRules;
}
