import type { Restrictions, RuleName } from './restrictions.ts';
import { RULE_NAMES, RULES } from './rule-table.ts';
import { formatRule, openLevels } from './rule-values.ts';
import type { TrustLevel } from './trust-level.ts';

/** A rule as the settings have it, for an operator. */
export interface ReviewedRule {
  readonly name: RuleName;
  readonly setting: string;
  /** As the setting is written. */
  readonly value: string;
  readonly subject: string;
  /** The levels that may choose whatever they like. */
  readonly open: readonly TrustLevel[];
  /** The chart's default, if it differs; undefined if it doesn't, or if the chart derives it. */
  readonly chartDefault: string | undefined;
}

/** Every rule of the settings, in the order of the documents. Pure. */
export function reviewRules({ rules }: Restrictions): readonly ReviewedRule[] {
  return RULE_NAMES.map((name) => {
    const { setting, kind, subject, chartDefault } = RULES[name];
    const value = formatRule(kind, rules[name]);
    return {
      name,
      setting,
      value,
      subject,
      open: openLevels(rules[name]),
      chartDefault: value === chartDefault ? undefined : chartDefault,
    };
  });
}

/** Images of the operator's old list that a rule, or else the chart's default, would not run privileged. Pure. */
export function privilegeLosses(settings: {
  readonly restrictions: Restrictions;
  readonly privilegedImages: readonly string[];
}): readonly string[] {
  const images = settings.privilegedImages.join(' ');
  const { setting, chartDefault } = RULES.privilegedImages;
  if (images === '') return [];
  return openLevels(settings.restrictions.rules.privilegedImages).length > 0
    ? [
        `DRONE_RUNNER_PRIVILEGED_IMAGES: with the chart's default ${setting}=${chartDefault} these images run unprivileged in untrusted builds; to keep them, set ${setting}=${images}`,
      ]
    : [`DRONE_RUNNER_PRIVILEGED_IMAGES has no effect on untrusted builds: ${setting} is the list there`];
}

/** One sentence for the log at start, if untrusted builds may choose whatever they like by some rule. Pure. */
export function openWarning(restrictions: Restrictions): string | undefined {
  const all = reviewRules(restrictions).filter(({ name }) => RULES[name].sinceHangar !== 'open');
  const open = all.filter((rule) => rule.open.length > 0);
  if (open.length === 0) return undefined;
  return `${open.length} of ${all.length} rules (such as ${open[0]?.setting}) do not restrict untrusted pipelines, as in the previous runner; "hangar-runner doctor" lists them, docs/security.md explains them`;
}

/** A setting with a value, and a comment on it. */
export interface CommentedSetting {
  readonly name: string;
  readonly value: string;
  readonly comment: string;
}

/** Values that leave pipelines as free as the previous runner did, for an upgrade to the chart. Pure. */
export function openSettings(): readonly CommentedSetting[] {
  return RULE_NAMES.filter((name) => RULES[name].sinceHangar === undefined).map((name) => {
    const { setting, subject, chartDefault } = RULES[name];
    const usual = chartDefault ?? 'jobs.otherNamespaces, for repositories only';
    return { name: setting, value: 'any', comment: `Open: ${subject}. The chart's default: ${usual}` };
  });
}

/** The same as lines for `runner.config` of the chart's values, without indentation. Pure. */
export function renderOpenSettings(): string {
  return openSettings()
    .map(({ name, value, comment }) => `# ${comment}\n${name}: ${value}\n`)
    .join('');
}
