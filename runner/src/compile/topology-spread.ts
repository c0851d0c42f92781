import type { V1LabelSelector, V1PodSpec, V1TopologySpreadConstraint } from '@kubernetes/client-node';
import type { TopologySpread } from '../pipeline/affinity.ts';
import type { FieldPath, Pipeline } from '../pipeline/pipeline.ts';
import { isQualifiedName } from './kubernetes-names.ts';
import { checkAll, each } from './refuse.ts';
import {
  checkedLabelSelector,
  checkedTopologyKey,
  checkLength,
  MOST_TERMS,
  refuseField,
} from './selectors.ts';

const LARGEST_NUMBER = 2 ** 31 - 1;
const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const NODE_POLICIES = ['', 'Honor', 'Ignore'];

function checkNumber(value: number, at: FieldPath): void {
  if (value < 1 || value > LARGEST_NUMBER) refuseField(at, `must be a number from 1 to ${LARGEST_NUMBER}`);
}

function checkRule({ whenUnsatisfiable, maxSkew, minDomains }: TopologySpread, at: FieldPath): void {
  const isKnown = ACTIONS.includes(whenUnsatisfiable);
  checkAll(
    () => checkNumber(maxSkew, [...at, 'max_skew']),
    () => {
      if (!isKnown) refuseField([...at, 'when_unsatisfiable'], `must be one of ${ACTIONS.join(', ')}`);
    },
    () => {
      if (minDomains !== undefined) checkNumber(minDomains, [...at, 'min_domains']);
    },
    () => {
      if (minDomains !== undefined && isKnown && whenUnsatisfiable !== 'DoNotSchedule')
        refuseField([...at, 'min_domains'], 'needs when_unsatisfiable: DoNotSchedule');
    },
  );
}

function checkPolicies({ nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpread, at: FieldPath): void {
  const wrong = (policy: string, field: string): void => {
    if (!NODE_POLICIES.includes(policy)) refuseField([...at, field], 'must be Honor or Ignore');
  };
  checkAll(
    () => wrong(nodeAffinityPolicy, 'node_affinity_policy'),
    () => wrong(nodeTaintsPolicy, 'node_taints_policy'),
  );
}

/** Kubernetes refuses a label that is selected by a value as well. */
function checkLabelKeys(
  keys: readonly string[],
  { matchLabels = {}, matchExpressions = [] }: V1LabelSelector,
  at: FieldPath,
): void {
  checkLength(keys, MOST_TERMS, at);
  each(keys, (key, index) => {
    if (!isQualifiedName(key)) refuseField([...at, index], 'cannot be the key of a label');
    const isSelected = Object.hasOwn(matchLabels, key) || matchExpressions.some((one) => one.key === key);
    if (isSelected) refuseField([...at, index], 'is in label_selector too; remove one of both');
    if (keys.indexOf(key) !== index) refuseField([...at, index], 'is named twice');
  });
}

function toConstraint(spread: TopologySpread, at: FieldPath): V1TopologySpreadConstraint {
  const topologyKeyOf = (): string => checkedTopologyKey(spread.topologyKey, [...at, 'topology_key']);
  const selectorOf = (): V1LabelSelector => checkedLabelSelector(spread.selector, [...at, 'label_selector']);
  checkAll(
    () => checkRule(spread, at),
    () => checkPolicies(spread, at),
    selectorOf,
    topologyKeyOf,
  );
  const labelSelector = selectorOf();
  checkLabelKeys(spread.matchLabelKeys, labelSelector, [...at, 'match_label_keys']);
  const { maxSkew, whenUnsatisfiable, matchLabelKeys, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } =
    spread;
  return {
    maxSkew,
    topologyKey: topologyKeyOf(),
    whenUnsatisfiable,
    labelSelector,
    ...(matchLabelKeys.length === 0 ? {} : { matchLabelKeys: [...matchLabelKeys] }),
    ...(minDomains === undefined ? {} : { minDomains }),
    ...(nodeAffinityPolicy === '' ? {} : { nodeAffinityPolicy }),
    ...(nodeTaintsPolicy === '' ? {} : { nodeTaintsPolicy }),
  };
}

/**
 * How the Pod is spread over topologies, if the author says so.
 *
 * @throws {PipelineError} for what Kubernetes would refuse, and for more constraints than a scheduler should compare
 */
export function topologySpread({ topologySpread: all }: Pipeline): Partial<V1PodSpec> {
  const at = ['topology_spread_constraints'];
  if (all.length === 0) return {};
  checkLength(all, MOST_TERMS, at);
  const topologySpreadConstraints = each(all, (spread, index) => toConstraint(spread, [...at, index]));
  for (const [index, { topologyKey, whenUnsatisfiable }] of topologySpreadConstraints.entries()) {
    const isTwice = topologySpreadConstraints
      .slice(0, index)
      .some((one) => one.topologyKey === topologyKey && one.whenUnsatisfiable === whenUnsatisfiable);
    if (isTwice)
      refuseField(
        [...at, index],
        'has the topology_key and when_unsatisfiable of another one; Kubernetes allows one of each',
      );
  }
  return { topologySpreadConstraints };
}
