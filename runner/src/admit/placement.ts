import type {
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1Pod,
  V1PodSpec,
  V1Taint,
  V1Toleration,
} from '@kubernetes/client-node';
import type { BuildNode } from './build-node.ts';

/** What of a Pod decides which nodes it may be scheduled to, beside room; as in its spec. */
export type Placement = Pick<V1PodSpec, 'nodeSelector' | 'affinity' | 'tolerations'>;

/** That part of a Pod. */
export function placementOf({ spec }: V1Pod): Placement {
  const { nodeSelector, affinity, tolerations } = spec ?? {};
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(affinity?.nodeAffinity ? { affinity: { nodeAffinity: affinity.nodeAffinity } } : {}),
    ...(tolerations ? { tolerations } : {}),
  };
}

/**
 * Is a node of the kind that such a Pod may be scheduled to? Whether it is ready and open now does not matter. Pure.
 *
 * @see scheduling-and-scaling §3.2
 */
export function suits(node: BuildNode, placement: Placement): boolean {
  const lasting = node.taints.filter(({ key }) => !key.startsWith(OF_CONDITIONS));
  return isSelected(node, placement) && areTolerated(lasting, placement);
}

/** May such a Pod be scheduled to the node now, beside room? Pure. */
export const isOpenTo = (node: BuildNode, placement: Placement): boolean =>
  node.isReady && areTolerated(node.taints, placement) && isSelected(node, placement);

/** Taints of what passes: not ready, cordoned, short of memory. */
const OF_CONDITIONS = 'node.kubernetes.io/';

function isSelected({ name, labels }: BuildNode, { nodeSelector = {}, affinity }: Placement): boolean {
  const isLabelled = Object.entries(nodeSelector).every(([key, value]) => valueOf(labels, key) === value);
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return isLabelled && (terms === undefined || terms.some((term) => holdsTerm(term, name, labels)));
}

function holdsTerm(
  { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
  name: string,
  labels: BuildNode['labels'],
): boolean {
  // The only field there is, is the name.
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((one) => holds(one, valueOf(labels, one.key))) &&
    matchFields.every((one) => holds(one, name))
  );
}

const valueOf = (labels: BuildNode['labels'], key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function holds({ operator, values = [] }: V1NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return wholeOf(value) > wholeOf(values[0]);
    case 'Lt':
      return wholeOf(value) < wholeOf(values[0]);
    default:
      return false;
  }
}

/** NaN, which is neither more nor less than any number, for everything else. */
const wholeOf = (text = ''): number => (/^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN);

function areTolerated(taints: readonly V1Taint[], { tolerations = [] }: Placement): boolean {
  return taints.every(
    (taint) => taint.effect === 'PreferNoSchedule' || tolerations.some((one) => tolerates(one, taint)),
  );
}

function tolerates({ key, operator, value, effect }: V1Toleration, taint: V1Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === 'Exists' || (Boolean(key) && (value ?? '') === (taint.value ?? ''));
}
