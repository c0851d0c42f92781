import type { NamespaceRules } from './namespace-rules.ts';

/** Something that keeps a pipeline from running. `line` is the place in the YAML text, from 1; 0 when not known. */
export interface LintProblem {
  readonly message: string;
  readonly line: number;
}

/** For whom the pipeline is judged: whether the repository is trusted, its slug, and the operator's rules on namespaces. */
export interface LintContext {
  readonly trusted: boolean;
  readonly slug: string;
  readonly namespaceRules: NamespaceRules;
}
