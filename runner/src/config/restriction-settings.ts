import { type Setting, type Settings, type SettingValues, setting } from '@hangar/shared/config';
import {
  type AmountRule,
  ANY,
  type Levels,
  type Most,
  type NameRule,
  type Names,
  type RulesByLevel,
  TRUSTED_ONLY,
} from '../restrict/restrictions.ts';
import { AMOUNT_RULES, NAME_RULES, type RuleInfo } from '../restrict/rule-table.ts';
import { AMOUNT_KINDS, formatRule, NAME_KINDS, parseRule } from '../restrict/rule-values.ts';
import { NEW } from './hangar-settings.ts';

const about = ({ subject, details }: RuleInfo): { section: string; description: string; note: string } => ({
  section: 'restrictions',
  description: `${subject.charAt(0).toUpperCase()}${subject.slice(1)}.${details === '' ? '' : ` ${details}`}`,
  note: NEW,
});

const typeOf = (written: string): string => `comma-separated \`level:value\` pairs; each value ${written}`;

function names(rule: NameRule): Setting<Levels<Names>> {
  const info = NAME_RULES[rule];
  const { written, read } = NAME_KINDS[info.kind];
  const kind = {
    type: typeOf(written),
    read: (text: string) => parseRule<Names>(read, text),
    show: (value: Levels<Names>) => formatRule(info.kind, value),
  };
  return setting<Levels<Names>>(
    info.setting,
    kind,
    info.sinceHangar === 'closed' ? TRUSTED_ONLY : ANY,
    about(info),
  );
}

function most(rule: AmountRule): Setting<Levels<Most>> {
  const info = AMOUNT_RULES[rule];
  const { written, read } = AMOUNT_KINDS[info.kind];
  const kind = {
    type: typeOf(written),
    read: (text: string) => parseRule<Most>(read, text),
    show: (value: Levels<Most>) => formatRule(info.kind, value),
  };
  return setting<Levels<Most>>(info.setting, kind, ANY, about(info));
}

/** What pipelines may choose, by trust level; each setting is a rule of `restrict/rule-table.ts`. */
export const restrictions = {
  ruleServiceAccounts: names('serviceAccounts'),
  ruleNamespaces: names('namespaces'),
  ruleNodes: names('nodes'),
  ruleNodeSelectors: names('nodeSelectors'),
  ruleTolerations: names('tolerations'),
  rulePodAffinity: names('podAffinity'),
  ruleTopologySpread: names('topologySpread'),
  rulePriorityClasses: names('priorityClasses'),
  ruleRuntimeClasses: names('runtimeClasses'),
  ruleExtendedResources: names('extendedResources'),
  ruleLabels: names('labels'),
  ruleAnnotations: names('annotations'),
  ruleRoot: names('root'),
  ruleCapabilities: names('capabilities'),
  ruleSecurityProfiles: names('securityProfiles'),
  ruleCaches: names('caches'),
  ruleHostAccess: names('hostAccess'),
  rulePrivilegedImages: names('privilegedImages'),
  rulePrivilegedEnvironment: names('privilegedEnvironment'),
  ruleRequestCpu: most('requestCpu'),
  ruleRequestMemory: most('requestMemory'),
  ruleVolumeSize: most('volumeSize'),
  ruleEphemeralStorage: most('ephemeralStorage'),
} satisfies Settings;

type Values = SettingValues<typeof restrictions>;

/**
 * The namespaces that may be named. With fresh namespaces the runner's rights are cluster-wide: without a setting, only those of the
 * namespace rules may be, which the linter compares with the repository.
 */
function namespacesOf(given: Levels<Names>, { isFresh, ruled }: NamespaceDefaults): Levels<Names> {
  const isSet = given !== restrictions.ruleNamespaces.fallback;
  return isSet || !isFresh ? given : { fork: ruled, ordinary: ruled, trusted: 'any' };
}

/** What the default of the rule for namespaces depends on. */
export interface NamespaceDefaults {
  /** Whether pipelines that name no namespace get a fresh one. */
  readonly isFresh: boolean;
  /** Namespaces of the namespace rules. */
  readonly ruled: readonly string[];
}

/** The rules as the settings have them. */
export function rulesOf(values: Values, defaults: NamespaceDefaults): RulesByLevel {
  return {
    serviceAccounts: values.ruleServiceAccounts,
    namespaces: namespacesOf(values.ruleNamespaces, defaults),
    nodes: values.ruleNodes,
    nodeSelectors: values.ruleNodeSelectors,
    tolerations: values.ruleTolerations,
    podAffinity: values.rulePodAffinity,
    topologySpread: values.ruleTopologySpread,
    priorityClasses: values.rulePriorityClasses,
    runtimeClasses: values.ruleRuntimeClasses,
    extendedResources: values.ruleExtendedResources,
    labels: values.ruleLabels,
    annotations: values.ruleAnnotations,
    root: values.ruleRoot,
    capabilities: values.ruleCapabilities,
    securityProfiles: values.ruleSecurityProfiles,
    caches: values.ruleCaches,
    hostAccess: values.ruleHostAccess,
    privilegedImages: values.rulePrivilegedImages,
    privilegedEnvironment: values.rulePrivilegedEnvironment,
    requestCpu: values.ruleRequestCpu,
    requestMemory: values.ruleRequestMemory,
    volumeSize: values.ruleVolumeSize,
    ephemeralStorage: values.ruleEphemeralStorage,
  };
}
