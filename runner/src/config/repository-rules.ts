import {
  type AmountRule,
  eachRule,
  type Levels,
  type Most,
  type NameRule,
  type Names,
  type RepositoryRules,
  type RuleName,
} from '../restrict/restrictions.ts';
import { AMOUNT_RULES, fileKey, NAME_RULES, RULE_NAMES } from '../restrict/rule-table.ts';
import { AMOUNT_KINDS, NAME_KINDS, type ReadRuleValue } from '../restrict/rule-values.ts';
import { TRUST_LEVELS } from '../restrict/trust-level.ts';
import { ConfigFileError, conditionAt, mapAt, textAt, textListAt, unknownKeys } from './yaml-values.ts';

type Raw = Readonly<Record<string, unknown>>;

/**
 * One document `kind: restrictions` of a policy file. A key that isn't known is an error here: a misspelt one would leave something open.
 *
 * @throws {ConfigFileError} with the place of the first problem
 */
export function repositoryRulesOf(raw: Raw, place: string): RepositoryRules {
  const match = mapAt(raw['match'], `${place}.match`);
  known(raw, place, ['kind', 'name', 'match', ...RULE_NAMES.map(fileKey)]);
  known(match, `${place}.match`, ['repo']);
  const names = (rule: NameRule): Partial<Levels<Names>> =>
    levelsOf<Names>(raw, rule, place, NAME_KINDS[NAME_RULES[rule].kind]);
  const most = (rule: AmountRule): Partial<Levels<Most>> =>
    levelsOf<Most>(raw, rule, place, AMOUNT_KINDS[AMOUNT_RULES[rule].kind]);
  return Object.freeze({
    repositories: conditionAt(match['repo'], `${place}.match.repo`),
    rules: eachRule(names, most),
  });
}

function known(raw: unknown, place: string, keys: readonly string[]): void {
  const [odd] = unknownKeys(raw, place, keys);
  if (odd !== undefined) throw new ConfigFileError(odd);
}

/** How the values of a rule are written and parsed. */
interface Kind<T> {
  readonly written: string;
  readonly read: ReadRuleValue<T>;
}

function levelsOf<T>(raw: Raw, rule: RuleName, place: string, kind: Kind<T>): Partial<Levels<T>> {
  const key = fileKey(rule);
  const values = mapAt(raw[key], `${place}.${key}`);
  known(values, `${place}.${key}`, TRUST_LEVELS);
  const given = TRUST_LEVELS.filter((level) => Object.hasOwn(values, level));
  return Object.fromEntries(
    given.map((level) => [level, valueAt(values[level], `${place}.${key}.${level}`, kind)]),
  );
}

/** A text as in the settings, or a list of globs. */
function valueAt<T>(raw: unknown, place: string, { written, read }: Kind<T>): T {
  const text = Array.isArray(raw) ? textListAt(raw, place).join(' ') || 'none' : textAt(raw, place);
  const result = read(text);
  if ('value' in result) return result.value;
  throw new ConfigFileError(`${place} ${result.wrong}; write ${written.replaceAll('`', '')}`);
}
