import { isIP } from 'node:net';
import type {
  V1Affinity,
  V1HostAlias,
  V1PodDNSConfig,
  V1PodSpec,
  V1Toleration,
} from '@kubernetes/client-node';
import type { FieldPath, Pipeline, PipelineStep, Toleration } from '../pipeline/pipeline.ts';
import type { Rules } from '../restrict/restrictions.ts';
import { podAffinities } from './affinity.ts';
import { byAuthor, byOperator, byPolicy, checkedLabels, type Writer } from './checked-words.ts';
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { checkAll, each, refuse } from './refuse.ts';
import type { CompileSettings, Policy } from './settings.ts';

/** Scheduling constraints of a Pod. */
export interface Placement {
  readonly nodeSelector: Record<string, string>;
  readonly tolerations: readonly V1Toleration[];
  readonly affinity: V1Affinity | undefined;
}

/** The platform as node labels (known issue 30); the author's selector for the same key wins. */
function platformSelector({ platform }: Pipeline): Record<string, string> {
  const selector = {
    ...(platform.os === '' ? {} : { 'kubernetes.io/os': platform.os }),
    ...(platform.arch === '' ? {} : { 'kubernetes.io/arch': platform.arch }),
  };
  return { ...checkedLabels(selector, byAuthor('platform')) };
}

const isEmpty = (record: object): boolean => Object.keys(record).length === 0;

function chosenSelector(
  pipeline: Pipeline,
  settings: CompileSettings,
  policy: Policy | undefined,
  { nodeSelectors }: Rules,
): Readonly<Record<string, string>> {
  if (policy !== undefined && !isEmpty(policy.nodeSelector)) {
    return checkedLabels(policy.nodeSelector, byPolicy(policy, 'node_selector'));
  }
  // Where authors are restricted, no selector of theirs leads away from the nodes of builds.
  const isReplaced = nodeSelectors === 'any' && !isEmpty(pipeline.nodeSelector);
  return {
    ...(isReplaced
      ? {}
      : checkedLabels(settings.defaultNodeSelector, byOperator('DRONE_NODE_SELECTOR_DEFAULT'))),
    ...checkedLabels(pipeline.nodeSelector, byAuthor('node_selector')),
  };
}

const OPERATORS = ['', 'Equal', 'Exists'];
const EFFECTS = ['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** What must hold for a toleration, and the field that is wrong otherwise. */
const TOLERATION_RULES: readonly (readonly [
  (toleration: Toleration) => boolean,
  keyof Toleration,
  string,
])[] = [
  [({ operator }) => OPERATORS.includes(operator), 'operator', 'operator must be Equal or Exists'],
  [
    ({ effect }) => EFFECTS.includes(effect),
    'effect',
    'effect must be NoSchedule, PreferNoSchedule or NoExecute',
  ],
  [
    ({ key, operator }) => key !== '' || operator === 'Exists' || !OPERATORS.includes(operator),
    'key',
    'without a key the operator must be Exists',
  ],
  [({ key }) => key === '' || isQualifiedName(key), 'key', 'the key is not a valid name of a taint'],
  [
    ({ operator, value }) => operator !== 'Exists' || value === '',
    'value',
    'the operator Exists does not allow a value',
  ],
  [
    ({ value }) => isLabelValue(value),
    'value',
    'the value must be at most 63 letters, digits, "-", "_" or "."',
  ],
];

function toToleration(toleration: Toleration, { code, place, at }: Writer): V1Toleration {
  each(TOLERATION_RULES, ([holds, field, problem]) => {
    if (!holds(toleration))
      refuse(code, `${place}, key ${JSON.stringify(toleration.key)}: ${problem}`, at && [...at, field]);
  });
  const { key, operator, effect, value, tolerationSeconds } = toleration;
  return {
    ...(key === '' ? {} : { key }),
    ...(operator === '' ? {} : { operator }),
    ...(effect === '' ? {} : { effect }),
    ...(value === '' ? {} : { value }),
    // Kubernetes takes seconds with this effect only; the old runner ignored the usual spelling, so that such a pipeline ran.
    ...(tolerationSeconds === undefined || effect !== 'NoExecute'
      ? {}
      : { tolerationSeconds: Math.trunc(tolerationSeconds) }),
  };
}

/** For a pipeline that names its node: NoSchedule taints of that node are the author's choice. */
const ANY_TAINT: V1Toleration = { operator: 'Exists', effect: 'NoSchedule' };

function tolerationsOf(pipeline: Pipeline, policy: Policy | undefined): readonly V1Toleration[] {
  if (policy !== undefined && policy.tolerations.length > 0) {
    return each(policy.tolerations, (toleration) =>
      toToleration(toleration, byPolicy(policy, 'tolerations')),
    );
  }
  return each(pipeline.tolerations, (toleration, index) =>
    toToleration(toleration, byAuthor('tolerations', ['tolerations', index])),
  );
}

/** Selector, tolerations and node of the Pod (previous-runner §4.13, §4.19). Throws PipelineError for what Kubernetes would refuse. */
export function placement(
  pipeline: Pipeline,
  settings: CompileSettings,
  policy: Policy | undefined,
  rules: Rules,
): Placement {
  return {
    nodeSelector: { ...platformSelector(pipeline), ...chosenSelector(pipeline, settings, policy, rules) },
    tolerations: [...tolerationsOf(pipeline, policy), ...(pipeline.nodeName === '' ? [] : [ANY_TAINT])],
    affinity: podAffinities(pipeline),
  };
}

/** Maps names of background steps to the Pod's own address; invalid host names are left out (previous-runner §4.15). */
function ownHosts(background: readonly PipelineStep[]): readonly V1HostAlias[] {
  const hostnames = [...new Set(background.map(({ name }) => name).filter(isDnsSubdomain))];
  return hostnames.length === 0 ? [] : [{ ip: '127.0.0.1', hostnames }];
}

/** One without host names has no effect. */
function checkHostAlias({ ip, hostnames }: Pipeline['hostAliases'][number], index: number): void {
  const refused = (value: string, what: string, ...field: FieldPath): never =>
    refuse('invalid-pipeline', `host_aliases: ${JSON.stringify(value)} is not a valid ${what}`, [
      'host_aliases',
      index,
      ...field,
    ]);
  checkAll(
    () => {
      if (isIP(ip) === 0 && hostnames.length > 0) refused(ip, 'IP address', 'ip');
    },
    () => {
      each(hostnames, (name, place) => {
        if (!isDnsSubdomain(name)) refused(name, 'host name', 'hostnames', place);
      });
    },
  );
}

/** Entries of the Pod's hosts file. */
export function hostAliases(pipeline: Pipeline): readonly V1HostAlias[] {
  each(pipeline.hostAliases, checkHostAlias);
  const given = pipeline.hostAliases.filter(({ hostnames }) => hostnames.length > 0);
  const detached = pipeline.steps.filter(({ detach }) => detach);
  return [
    ...ownHosts([...pipeline.services, ...detached]),
    ...given.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
  ];
}

const DNS_POLICIES = ['ClusterFirst', 'Default', 'ClusterFirstWithHostNet', 'None'];

/** Which DNS servers the Pod uses, if the author says so. */
export function dnsPolicy({ dnsPolicy: policy, dnsConfig: { nameservers } }: Pipeline): Partial<V1PodSpec> {
  if (policy === '') return {};
  const refused = (what: string): never => refuse('invalid-pipeline', `dns_policy ${what}`, ['dns_policy']);
  if (!DNS_POLICIES.includes(policy))
    refused(`${JSON.stringify(policy)} must be one of ${DNS_POLICIES.join(', ')}`);
  if (policy === 'None' && nameservers.length === 0) refused('None needs a nameserver in dns_config');
  return { dnsPolicy: policy };
}

/** Maximum that Kubernetes allows. */
const MOST_NAMESERVERS = 3;
const MOST_SEARCHES = 32;

/** Search domains may be the root, and may have underscores (Kubernetes 1.34). */
const isSearchDomain = (search: string): boolean =>
  search === '.' || isDnsSubdomain(search.replace(/\.$/, '').replace(/_(?=[a-z0-9])/g, 'x'));

/** The Pod's DNS settings; undefined if the author set none. */
export function dnsConfig({
  dnsConfig: { nameservers, searches, options },
}: Pipeline): V1PodDNSConfig | undefined {
  if (nameservers.length + searches.length + options.length === 0) return undefined;
  const refused = (what: string, ...field: FieldPath): never =>
    refuse('invalid-pipeline', `dns_config: ${what}`, ['dns_config', ...field]);
  const nameserver = (one: string, index: number): void => {
    if (isIP(one) === 0)
      refused(`nameserver ${JSON.stringify(one)} is not an IP address`, 'nameservers', index);
  };
  const search = (one: string, index: number): void => {
    if (!isSearchDomain(one))
      refused(`search domain ${JSON.stringify(one)} is not a domain`, 'searches', index);
  };
  const atMost = (items: readonly string[], most: number, what: string, field: string): void => {
    if (items.length > most) refused(`at most ${most} ${what}`, field, most);
  };
  const option = ({ name }: { readonly name: string }, index: number): void => {
    if (name === '') refused('an option has no name', 'options', index);
  };
  checkAll(
    () => each(nameservers, nameserver),
    () => each(searches, search),
    () => atMost(nameservers, MOST_NAMESERVERS, 'nameservers', 'nameservers'),
    () => atMost(searches, MOST_SEARCHES, 'search domains', 'searches'),
    () => each(options, option),
  );
  return {
    ...(nameservers.length === 0 ? {} : { nameservers: [...nameservers] }),
    ...(searches.length === 0 ? {} : { searches: [...searches] }),
    ...(options.length === 0
      ? {}
      : { options: options.map(({ name, value }) => (value === undefined ? { name } : { name, value })) }),
  };
}
