import { isIP } from 'node:net';
import type { V1Affinity, V1HostAlias, V1PodDNSConfig, V1Toleration } from '@kubernetes/client-node';
import type { Pipeline, PipelineStep, Toleration } from '../pipeline/pipeline.ts';
import type { Rules } from '../restrict/restrictions.ts';
import { byAuthor, byOperator, byPolicy, checkedLabels, type Writer } from './checked-words.ts';
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { refuse } from './refuse.ts';
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

/** The first rule that a toleration violates. */
const TOLERATION_RULES: readonly (readonly [(toleration: Toleration) => boolean, string])[] = [
  [({ operator }) => OPERATORS.includes(operator), 'operator must be Equal or Exists'],
  [({ effect }) => EFFECTS.includes(effect), 'effect must be NoSchedule, PreferNoSchedule or NoExecute'],
  [({ key, operator }) => key !== '' || operator === 'Exists', 'without a key the operator must be Exists'],
  [({ key }) => key === '' || isQualifiedName(key), 'the key is no valid name of a taint'],
  [
    ({ operator, value }) => operator !== 'Exists' || value === '',
    'with the operator Exists there can be no value',
  ],
  [({ value }) => isLabelValue(value), 'the value must be at most 63 letters, digits, "-", "_" or "."'],
];

const tolerationProblem = (toleration: Toleration): string =>
  TOLERATION_RULES.find(([holds]) => !holds(toleration))?.[1] ?? '';

function toToleration(toleration: Toleration, { code, place }: Writer): V1Toleration {
  const problem = tolerationProblem(toleration);
  if (problem !== '') refuse(code, `${place}, key ${JSON.stringify(toleration.key)}: ${problem}`);
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

/**
 * A Pod with a scheduling gate may not set nodeName, so node affinity selects that node, and a toleration accepts its NoSchedule taints.
 */
function nodeAffinity(nodeName: string): V1Affinity | undefined {
  if (nodeName === '') return undefined;
  if (!isDnsSubdomain(nodeName))
    refuse('invalid-pipeline', `node_name ${JSON.stringify(nodeName)} can't be the name of a node`);
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }];
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
    },
  };
}

const ANY_TAINT: V1Toleration = { operator: 'Exists', effect: 'NoSchedule' };

function tolerationsOf(pipeline: Pipeline, policy: Policy | undefined): readonly V1Toleration[] {
  if (policy !== undefined && policy.tolerations.length > 0) {
    return policy.tolerations.map((toleration) => toToleration(toleration, byPolicy(policy, 'tolerations')));
  }
  return pipeline.tolerations.map((toleration) => toToleration(toleration, byAuthor('tolerations')));
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
    affinity: nodeAffinity(pipeline.nodeName),
  };
}

/** Maps names of background steps to the Pod's own address; invalid host names are left out (previous-runner §4.15). */
function ownHosts(background: readonly PipelineStep[]): readonly V1HostAlias[] {
  const hostnames = [...new Set(background.map(({ name }) => name).filter(isDnsSubdomain))];
  return hostnames.length === 0 ? [] : [{ ip: '127.0.0.1', hostnames }];
}

/** Entries of the Pod's hosts file. */
export function hostAliases(pipeline: Pipeline): readonly V1HostAlias[] {
  const given = pipeline.hostAliases.filter(({ hostnames }) => hostnames.length > 0);
  for (const { ip, hostnames } of given) {
    const odd = hostnames.find((name) => !isDnsSubdomain(name));
    if (isIP(ip) === 0) refuse('invalid-pipeline', `host_aliases: ${JSON.stringify(ip)} is no IP address`);
    if (odd !== undefined) refuse('invalid-pipeline', `host_aliases: ${JSON.stringify(odd)} is no host name`);
  }
  const detached = pipeline.steps.filter(({ detach }) => detach);
  return [
    ...ownHosts([...pipeline.services, ...detached]),
    ...given.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
  ];
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
  const oddServer = nameservers.find((server) => isIP(server) === 0);
  const oddSearch = searches.find((search) => !isSearchDomain(search));
  if (oddServer !== undefined)
    refuse('invalid-pipeline', `dns_config: nameserver ${JSON.stringify(oddServer)} is no IP address`);
  if (oddSearch !== undefined)
    refuse('invalid-pipeline', `dns_config: search domain ${JSON.stringify(oddSearch)} is no domain`);
  if (nameservers.length > MOST_NAMESERVERS)
    refuse('invalid-pipeline', `dns_config: at most ${MOST_NAMESERVERS} nameservers`);
  if (searches.length > MOST_SEARCHES)
    refuse('invalid-pipeline', `dns_config: at most ${MOST_SEARCHES} search domains`);
  if (options.some(({ name }) => name === ''))
    refuse('invalid-pipeline', 'dns_config: an option has no name');
  return {
    ...(nameservers.length === 0 ? {} : { nameservers: [...nameservers] }),
    ...(searches.length === 0 ? {} : { searches: [...searches] }),
    ...(options.length === 0
      ? {}
      : { options: options.map(({ name, value }) => (value === undefined ? { name } : { name, value })) }),
  };
}
