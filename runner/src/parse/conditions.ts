import type { Condition, Conditions } from '../pipeline/pipeline.ts';
import type { RunPolicy } from '../pipeline/run-plan.ts';
import type { GlobMatcher } from './glob-matcher.ts';

/** Build values that conditions are matched against (previous-runner §3.8.2); empty text if the build has none. */
export interface ConditionFacts {
  readonly action: string;
  /** Target branch. */
  readonly branch: string;
  readonly cron: string;
  readonly event: string;
  /** Host of the Drone server. */
  readonly instance: string;
  readonly ref: string;
  /** Slug. */
  readonly repo: string;
  /** Deploy target. */
  readonly target: string;
}

/** The conditions that are matched; `paths` never is, and `status` determines the run policy instead. */
const COMPARED = ['action', 'branch', 'cron', 'event', 'instance', 'ref', 'repo', 'target'] as const;

/** Whether no exclude glob matches the value and, if there are include globs, one of them does. Absent = yes. */
function passes(condition: Condition | undefined, value: string, globs: GlobMatcher): boolean {
  if (condition === undefined) return true;
  if (condition.exclude.some((glob) => globs.matches(glob, value))) return false;
  return condition.include.length === 0 || condition.include.some((glob) => globs.matches(glob, value));
}

/** Whether a step's `when` or a policy's `match` matches a build (previous-runner §3.8.2). */
export const matchesConditions = (
  conditions: Conditions,
  facts: ConditionFacts,
  globs: GlobMatcher,
): boolean => COMPARED.every((name) => passes(conditions[name], facts[name], globs));

/** The results of earlier steps for which a step runs, from `when.status` (previous-runner §4.11). */
export function runPolicyOf(when: Conditions, globs: GlobMatcher): RunPolicy {
  if (when.status === undefined || isEmpty(when.status) || !passes(when.status, 'failure', globs))
    return 'on-success';
  return passes(when.status, 'success', globs) ? 'always' : 'on-failure';
}

const isEmpty = (condition: Condition): boolean =>
  condition.include.length === 0 && condition.exclude.length === 0;
