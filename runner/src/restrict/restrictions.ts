import { doublestarMatch } from '../parse/doublestar.ts';
import type { Condition } from '../pipeline/pipeline.ts';
import { TRUST_LEVELS, type TrustLevel } from './trust-level.ts';

/** The names that a rule allows, as globs; an empty list allows none. */
export type Names = readonly string[] | 'any';
/** The largest amount that a rule allows. */
export type Most = number | 'any';

/** What a pipeline may name: each rule allows some names. */
export interface NameRules<T> {
  readonly serviceAccounts: T;
  readonly namespaces: T;
  readonly nodes: T;
  /** Globs of `key=value`. */
  readonly nodeSelectors: T;
  /** Globs of keys; a toleration of all keys is called `*`. */
  readonly tolerations: T;
  /** Globs of topology keys, in affinity and anti-affinity to other Pods. */
  readonly podAffinity: T;
  /** Globs of topology keys. */
  readonly topologySpread: T;
  readonly priorityClasses: T;
  readonly runtimeClasses: T;
  readonly extendedResources: T;
  /** Globs of keys. */
  readonly labels: T;
  /** Globs of keys. */
  readonly annotations: T;
  /** User or group 0: all or nothing. */
  readonly root: T;
  /** Globs of capabilities without `CAP_`. */
  readonly capabilities: T;
  /** Globs of `Unconfined` and `Localhost:NAME`. */
  readonly securityProfiles: T;
  /** Globs of volume names. */
  readonly caches: T;
  /** What the linter leaves to trusted repositories: all or nothing. */
  readonly hostAccess: T;
  /** Images that run privileged without a setting of the step; `any`: the five built in and `DRONE_RUNNER_PRIVILEGED_IMAGES`. */
  readonly privilegedImages: T;
  readonly privilegedEnvironment: T;
}

/** How much a pipeline may have: each rule has a maximum. */
export interface AmountRules<T> {
  readonly requestCpu: T;
  readonly requestMemory: T;
  readonly volumeSize: T;
  readonly ephemeralStorage: T;
}

/** What one build may choose. */
export type Rules = NameRules<Names> & AmountRules<Most>;
/** The names of rules. */
export type NameRule = keyof NameRules<Names>;
export type AmountRule = keyof AmountRules<Most>;
export type RuleName = NameRule | AmountRule;

/** Makes a value for each rule. */
export function eachRule<N, A>(
  ofNames: (rule: NameRule) => N,
  ofAmounts: (rule: AmountRule) => A,
): NameRules<N> & AmountRules<A> {
  return {
    serviceAccounts: ofNames('serviceAccounts'),
    namespaces: ofNames('namespaces'),
    nodes: ofNames('nodes'),
    nodeSelectors: ofNames('nodeSelectors'),
    tolerations: ofNames('tolerations'),
    podAffinity: ofNames('podAffinity'),
    topologySpread: ofNames('topologySpread'),
    priorityClasses: ofNames('priorityClasses'),
    runtimeClasses: ofNames('runtimeClasses'),
    extendedResources: ofNames('extendedResources'),
    labels: ofNames('labels'),
    annotations: ofNames('annotations'),
    root: ofNames('root'),
    capabilities: ofNames('capabilities'),
    securityProfiles: ofNames('securityProfiles'),
    caches: ofNames('caches'),
    hostAccess: ofNames('hostAccess'),
    privilegedImages: ofNames('privilegedImages'),
    privilegedEnvironment: ofNames('privilegedEnvironment'),
    requestCpu: ofAmounts('requestCpu'),
    requestMemory: ofAmounts('requestMemory'),
    volumeSize: ofAmounts('volumeSize'),
    ephemeralStorage: ofAmounts('ephemeralStorage'),
  };
}

/** A value for each trust level. */
export type Levels<T> = Readonly<Record<TrustLevel, T>>;

/** The rules of all trust levels. */
export type RulesByLevel = NameRules<Levels<Names>> & AmountRules<Levels<Most>>;

/** Rules for some repositories. A level that a rule doesn't have here is that of the settings. */
export interface RepositoryRules {
  readonly repositories: Condition;
  readonly rules: NameRules<Partial<Levels<Names>>> & AmountRules<Partial<Levels<Most>>>;
}

/** The one rule set: from the settings, and from the policy file for some repositories. */
export interface Restrictions {
  readonly rules: RulesByLevel;
  readonly repositories: readonly RepositoryRules[];
}

const matches = ({ include, exclude }: Condition, slug: string): boolean =>
  (include.length === 0 || include.some((glob) => doublestarMatch(glob, slug))) &&
  !exclude.some((glob) => doublestarMatch(glob, slug));

/**
 * The rules for a build: for each rule, the first part of the policy file that names it for this repository and level, else the settings.
 * Pure.
 */
export function rulesFor({ rules, repositories }: Restrictions, level: TrustLevel, slug: string): Rules {
  const applicable = repositories.filter(({ repositories: those }) => matches(those, slug));
  const names = (name: NameRule): Names =>
    applicable.map((those) => those.rules[name][level]).find((value) => value !== undefined) ??
    rules[name][level];
  const most = (name: AmountRule): Most =>
    applicable.map((those) => those.rules[name][level]).find((value) => value !== undefined) ??
    rules[name][level];
  return eachRule(names, most);
}

/** Longer than any name that Kubernetes accepts, with its value; comparing longer ones with globs would cost much for nothing. */
const LONGEST_NAME = 4_096;

/** Whether a rule allows a name. Pure. */
export const allowsName = (names: Names, name: string): boolean =>
  names === 'any' ||
  (name.length <= LONGEST_NAME && names.some((glob) => glob === name || doublestarMatch(glob, name)));

/** Allows everything at every level, as the previous runner did. */
export const ANY = { fork: 'any', ordinary: 'any', trusted: 'any' } as const;

/** Allows a choice that the previous runner does not have to trusted builds only. */
export const TRUSTED_ONLY = { fork: [], ordinary: [], trusted: 'any' } as const;

/** Allows everything, also what the previous runner has no choice of. */
export const OPEN_RULES: RulesByLevel = eachRule(
  () => ANY,
  () => ANY,
);

/** The levels that are not trusted. */
export const UNTRUSTED: readonly TrustLevel[] = TRUST_LEVELS.filter((level) => level !== 'trusted');
