import { formatCpuMillicores, formatMemoryBytes } from '@hangar/shared/quantity';
import type { FieldPath } from '../pipeline/pipeline.ts';
import type { RefusedValue } from '../pipeline/pipeline-error.ts';
import { type AmountRule, allowsName, type NameRule, type Rules } from './restrictions.ts';
import { RULES } from './rule-table.ts';
import { formatRuleValue } from './rule-values.ts';
import type { TrustLevel } from './trust-level.ts';

/** A name that a pipeline chose, and how a message calls the choice. */
export interface NameChoice {
  readonly rule: NameRule;
  readonly value: string;
  readonly what: string;
  /** Where the pipeline has it. */
  readonly at: FieldPath;
}

/** An amount that a pipeline chose. */
export interface AmountChoice {
  readonly rule: AmountRule;
  readonly amount: number;
  readonly what: string;
  /** Where the pipeline has it. */
  readonly at: FieldPath;
}

/** What no rule can allow. */
export interface ForbiddenChoice {
  readonly what: string;
  readonly why: string;
  /** Where the pipeline has it. */
  readonly at: FieldPath;
}

/** What the author of one pipeline chose for its Pod; what operators chose is not among it. */
export interface Choices {
  readonly names: readonly NameChoice[];
  readonly amounts: readonly AmountChoice[];
  readonly forbidden: readonly ForbiddenChoice[];
}

/** Every refused choice, and those that are only warned of; one sentence each. */
export interface CheckResult {
  readonly refusals: readonly RefusedValue[];
  readonly warnings: readonly string[];
}

/** Whom a level means, as messages and documents say it. */
export const LEVEL_TEXTS: Readonly<Record<TrustLevel, string>> = {
  fork: 'pull requests from forks',
  ordinary: 'untrusted repositories',
  trusted: 'trusted repositories',
};

const REMEDY = 'remove it, or ask the operator of the runner to allow it there';

function refusedName(
  { rule, value, what, at }: NameChoice,
  rules: Rules,
  level: TrustLevel,
): readonly RefusedValue[] {
  const allowed = rules[rule];
  const { setting, kind } = RULES[rule];
  if (allowsName(allowed, value)) return [];
  const allows = `${setting} allows ${formatRuleValue(kind, allowed)} for ${LEVEL_TEXTS[level]}`;
  return [{ message: `${what}: ${allows}; ${REMEDY}`, at }];
}

function refusedAmount(
  { rule, amount, what, at }: AmountChoice,
  rules: Rules,
  level: TrustLevel,
): readonly RefusedValue[] {
  const most = rules[rule];
  if (most === 'any' || amount <= most) return [];
  const { setting, kind } = RULES[rule];
  const format = kind === 'cpu' ? formatCpuMillicores : formatMemoryBytes;
  const allows = `${setting} allows at most ${format(most)} for ${LEVEL_TEXTS[level]}`;
  const cure = 'request less, or ask the operator of the runner to raise it';
  return [{ message: `${what} of ${format(amount)}: ${allows}; ${cure}`, at }];
}

/** Variables of privileged steps are the one choice that is warned of where it is allowed to all. */
function openWarning({ rule, what }: NameChoice, rules: Rules): readonly string[] {
  if (rule !== 'privilegedEnvironment' || rules[rule] !== 'any') return [];
  return [`${what} may change what a privileged step runs; ${RULES[rule].setting} would refuse it`];
}

/** Compares the choices of a pipeline with the rules of its build. Pure. */
export function checkRestrictions(choices: Choices, rules: Rules, level: TrustLevel): CheckResult {
  return {
    refusals: [
      ...choices.forbidden.map(({ what, why, at }) => ({ message: `${what}: ${why}; remove it`, at })),
      ...choices.names.flatMap((one) => refusedName(one, rules, level)),
      ...choices.amounts.flatMap((one) => refusedAmount(one, rules, level)),
    ],
    warnings: choices.names.flatMap((one) => openWarning(one, rules)),
  };
}
