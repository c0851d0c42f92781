import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodAffinityTerm,
  V1PodSpec,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';

const isValue = (text: string): boolean =>
  text.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(text);
const isKey = (text: string): boolean =>
  /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text);

const NUMBER_OF_VALUES: Readonly<Record<string, (count: number) => boolean>> = {
  In: (count) => count > 0,
  NotIn: (count) => count > 0,
  Exists: (count) => count === 0,
  DoesNotExist: (count) => count === 0,
  Gt: (count) => count === 1,
  Lt: (count) => count === 1,
};

function expressionObjections(
  { key, operator, values = [] }: V1NodeSelectorRequirement,
  operators: readonly string[],
): readonly string[] {
  const isCount = NUMBER_OF_VALUES[operator]?.(values.length) ?? false;
  return [
    ...(isKey(key) ? [] : [`key ${key}`]),
    ...(operators.includes(operator) && isCount ? [] : [`${operator} of ${values.length} values`]),
    ...values.filter((value) => !isValue(value)),
  ];
}

const OF_PODS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
const OF_NODES = [...OF_PODS, 'Gt', 'Lt'];

function nodeTermObjections({
  matchExpressions = [],
  matchFields = [],
}: V1NodeSelectorTerm): readonly string[] {
  return [
    ...matchExpressions.flatMap((one) => expressionObjections(one, OF_NODES)),
    ...matchFields
      .filter(({ key, operator, values = [] }) => {
        return key !== 'metadata.name' || !['In', 'NotIn'].includes(operator) || values.length !== 1;
      })
      .map(({ key }) => `field ${key}`),
  ];
}

/** What the API server would refuse of a selector of Pods. */
export function selectorObjections({
  matchLabels = {},
  matchExpressions = [],
}: V1LabelSelector): readonly string[] {
  const labels = Object.entries(matchLabels).filter(([key, value]) => !isKey(key) || !isValue(value));
  return [
    ...labels.map(([key]) => `label ${key}`),
    ...matchExpressions.flatMap((one) => expressionObjections(one, OF_PODS)),
  ];
}

const podTermObjections = ({ topologyKey, labelSelector = {} }: V1PodAffinityTerm): readonly string[] => [
  ...(isKey(topologyKey) ? [] : [`topology ${topologyKey}`]),
  ...selectorObjections(labelSelector),
];

function affinityObjections({ nodeAffinity, podAffinity, podAntiAffinity }: V1Affinity): readonly string[] {
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const nodes = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const both = [podAffinity, podAntiAffinity];
  const pods = both.flatMap((one) => one?.preferredDuringSchedulingIgnoredDuringExecution ?? []);
  const terms = [
    ...both.flatMap((one) => one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...pods.map(({ podAffinityTerm }) => podAffinityTerm),
  ];
  return [
    ...(required?.length === 0 ? ['no terms'] : []),
    ...[...(required ?? []), ...nodes.map(({ preference }) => preference)].flatMap(nodeTermObjections),
    ...[...nodes, ...pods].filter(({ weight }) => weight < 1 || weight > 100).map(() => 'weight'),
    ...terms.flatMap(podTermObjections),
  ];
}

const isNodePolicy = (policy: string | undefined): boolean =>
  policy === undefined || policy === 'Honor' || policy === 'Ignore';

function countingObjections({
  labelSelector = {},
  matchLabelKeys = [],
  ...rest
}: V1TopologySpreadConstraint): readonly string[] {
  const { matchLabels = {}, matchExpressions = [] } = labelSelector;
  const isSelected = (key: string): boolean =>
    Object.hasOwn(matchLabels, key) || matchExpressions.some((one) => one.key === key);
  return [
    ...matchLabelKeys.filter((key) => !isKey(key) || isSelected(key)),
    ...selectorObjections(labelSelector),
    ...[rest.nodeAffinityPolicy, rest.nodeTaintsPolicy].filter((one) => !isNodePolicy(one)).map(String),
  ];
}

function spreadObjections(constraint: V1TopologySpreadConstraint): readonly string[] {
  const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
  const isHard = whenUnsatisfiable === 'DoNotSchedule';
  return [
    ...(maxSkew > 0 && maxSkew < 2 ** 31 ? [] : [`skew ${maxSkew}`]),
    ...(isKey(topologyKey) ? [] : [`topology ${topologyKey}`]),
    ...(isHard || whenUnsatisfiable === 'ScheduleAnyway' ? [] : [whenUnsatisfiable]),
    ...(minDomains === undefined || (isHard && minDomains > 0) ? [] : ['domains']),
    ...countingObjections(constraint),
  ];
}

/** What the API server would refuse of the placement of a Pod, by its documentation. */
export function placementObjections({
  affinity = {},
  topologySpreadConstraints = [],
}: V1PodSpec): readonly string[] {
  const pairs = topologySpreadConstraints.map((one) => `${one.topologyKey} ${one.whenUnsatisfiable}`);
  return [
    ...affinityObjections(affinity),
    ...topologySpreadConstraints.flatMap(spreadObjections),
    ...pairs.filter((pair, index) => pairs.indexOf(pair) !== index),
  ];
}
