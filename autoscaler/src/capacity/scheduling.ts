/** A taint of a node. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** What a Pod puts up with; as in the Pod's spec. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: Taint['effect'];
}

/** One demand on a node's labels; as in `nodeAffinity`. */
export interface LabelDemand {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values?: readonly string[];
}

/** Where a Pod may go, beside room. */
export interface PodConstraints {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Required node affinity: one of these terms must hold, each with all its demands. */
  readonly affinityTerms?: readonly (readonly LabelDemand[])[];
  readonly tolerations?: readonly Toleration[];
}

/** What of a node decides who may come, beside room. */
export interface NodeTraits {
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

const bears = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  tolerations.some((toleration) => tolerates(toleration, taint));

/** NaN, which is neither more nor less than any number, for everything else. */
const wholeNumber = (text = ''): number => (/^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN);

/** Each operator as a question about a label's value, undefined when the node has no such label. */
const OPERATORS: Readonly<
  Record<LabelDemand['operator'], (value: string | undefined, values: readonly string[]) => boolean>
> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [bound]) => wholeNumber(value) > wholeNumber(bound),
  Lt: (value, [bound]) => wholeNumber(value) < wholeNumber(bound),
};

function meets(
  { key, operator, values = [] }: LabelDemand,
  labels: Readonly<Record<string, string>>,
): boolean {
  return OPERATORS[operator](Object.hasOwn(labels, key) ? labels[key] : undefined, values);
}

/**
 * Whether a node's labels and taints let a Pod in: NodeUnschedulable, NodeAffinity with nodeSelector, TaintToleration.
 *
 * @see scheduling-and-scaling §3.2
 */
export function admitsPod(node: NodeTraits, pod: PodConstraints): boolean {
  const { labels = {}, taints = [] } = node;
  const tolerations = pod.tolerations ?? [];
  if (node.unschedulable === true && !bears(UNSCHEDULABLE, tolerations)) return false;
  if (taints.some((taint) => taint.effect !== 'PreferNoSchedule' && !bears(taint, tolerations))) return false;
  const selected = Object.entries(pod.nodeSelector ?? {}).every(
    ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
  );
  if (!selected) return false;
  const terms = pod.affinityTerms;
  return (
    terms === undefined ||
    terms.some((term) => term.length > 0 && term.every((demand) => meets(demand, labels)))
  );
}

/** Soft taints (PreferNoSchedule) that a Pod doesn't put up with: the fewer, the better the node's score. */
export function softTaints(node: NodeTraits, pod: PodConstraints): number {
  const tolerations = (pod.tolerations ?? []).filter(
    ({ effect }) => effect === undefined || effect === 'PreferNoSchedule',
  );
  return (node.taints ?? []).filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !bears(taint, tolerations),
  ).length;
}
