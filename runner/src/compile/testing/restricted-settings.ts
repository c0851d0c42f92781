import { eachRule, type Rules } from '../../restrict/restrictions.ts';
import type { CompileSettings } from '../settings.ts';
import { someSettings } from './a-pipeline.ts';

/** The rules of a build that may choose nothing, but for the changes. */
export function closedRules(changes: Partial<Rules> = {}): Rules {
  const closed = eachRule(
    () => [],
    () => 1,
  );
  // Amounts are of no interest unless a test sets one.
  const amounts = {
    requestCpu: 'any',
    requestMemory: 'any',
    volumeSize: 'any',
    ephemeralStorage: 'any',
  } as const;
  return { ...closed, ...amounts, ...changes };
}

/** Settings by which forks and ordinary repositories have these rules, and trusted ones may choose everything. */
export function restrictedSettings(rules: Rules, changes: Partial<CompileSettings> = {}): CompileSettings {
  const levels = <T>(value: T) => ({ fork: value, ordinary: value, trusted: 'any' as const });
  const byLevel = eachRule(
    (name) => levels(rules[name]),
    (name) => levels(rules[name]),
  );
  return someSettings({ restrictions: { rules: byLevel, repositories: [] }, ...changes });
}
