import { type Resources, requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import type { V1Node, V1Taint, V1Toleration } from '@kubernetes/client-node';
import type { KubeObject, OnWire } from '../api/objects.ts';
import type { Pod } from '../api/pod.ts';
import { amountOf } from '../api/quantity.ts';
import { matchesNodeAffinity } from './affinity.ts';
import { add } from './requests.ts';

type Taint = OnWire<V1Taint>;
type Toleration = OnWire<V1Toleration>;

/** A node with the requests of its Pods. */
export interface NodeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly allocatable: Resources & { readonly pods: number };
  readonly requested: Resources;
  readonly pods: number;
}

/** Why a Pod does not fit a node. */
export interface Misfit {
  readonly reasons: readonly string[];
  /** Whether the Pod would fit if other Pods were gone. */
  readonly preemptionHelps: boolean;
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Reads a Node object; `pods` are those that run there. */
export function nodeStateOf(node: KubeObject, pods: readonly Pod[]): NodeState {
  const { spec = {}, status } = node as OnWire<V1Node>;
  const allocatable = (name: string): number | undefined => amountOf(name, status?.allocatable?.[name]);
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    taints: [...(spec.unschedulable === true ? [UNSCHEDULABLE] : []), ...(spec.taints ?? [])],
    allocatable: {
      cpuMillicores: allocatable('cpu') ?? 0,
      memoryBytes: allocatable('memory') ?? 0,
      pods: allocatable('pods') ?? 110,
    },
    requested: pods.map((pod) => requestOfSpec(pod.spec)).reduce(add, { cpuMillicores: 0, memoryBytes: 0 }),
    pods: pods.length,
  };
}

/** Runs the scheduler's filters in their order; the first that refuses a node names the reason. */
export function misfitOf(pod: Pod, requests: Resources, node: NodeState): Misfit | undefined {
  const unmet = taintsUntolerated(pod, node, ['NoSchedule', 'NoExecute']);
  if (unmet.includes(UNSCHEDULABLE))
    return { reasons: ['node(s) were unschedulable'], preemptionHelps: false };
  if (unmet.length > 0) return { reasons: ['node(s) had untolerated taint(s)'], preemptionHelps: false };
  if (!matchesSelector(pod, node)) return { reasons: [SELECTOR_REASON], preemptionHelps: false };
  return resourceMisfit(requests, node);
}

export const SELECTOR_REASON = "node(s) didn't match Pod's node affinity/selector";

function matchesSelector({ spec }: Pod, node: NodeState): boolean {
  return (
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value) &&
    matchesNodeAffinity(spec.affinity, node)
  );
}

function resourceMisfit(
  requests: Resources,
  { allocatable, requested, pods }: NodeState,
): Misfit | undefined {
  const reasons: string[] = [];
  let preemptionHelps = true;
  if (pods + 1 > allocatable.pods) reasons.push('Too many pods');
  for (const [field, name] of [
    ['cpuMillicores', 'cpu'],
    ['memoryBytes', 'memory'],
  ] as const) {
    if (requests[field] === 0 || requests[field] <= allocatable[field] - requested[field]) continue;
    reasons.push(`Insufficient ${name}`);
    preemptionHelps &&= requests[field] <= allocatable[field];
  }
  return reasons.length === 0 ? undefined : { reasons, preemptionHelps };
}

function taintsUntolerated({ spec }: Pod, { taints }: NodeState, effects: readonly string[]): Taint[] {
  const tolerations = spec.tolerations ?? [];
  return taints.filter(
    (taint) => effects.includes(taint.effect) && !tolerations.some((one) => tolerates(one, taint)),
  );
}

/** What a toleration leaves out fits all. */
function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  const fits = (wanted = '', found: string): boolean => wanted === '' || wanted === found;
  if (!fits(effect, taint.effect) || !fits(key, taint.key)) return false;
  return operator === 'Exists' || ((key ?? '') !== '' && (value ?? '') === (taint.value ?? ''));
}

/** Free share after placing, averaged over CPU and memory: LeastAllocated, 0 to 100. */
export function leastAllocatedScore(requests: Resources, { allocatable, requested }: NodeState): number {
  const share = (capacity: number, used: number): number =>
    capacity === 0 || used > capacity ? 0 : ((capacity - used) * 100) / capacity;
  // Pods without requests count as the scheduler assumes: 100m and 200 MiB.
  const cpu = requests.cpuMillicores || 100;
  const memory = requests.memoryBytes || 200 * 1024 * 1024;
  const cpuShare = share(allocatable.cpuMillicores, requested.cpuMillicores + cpu);
  const memoryShare = share(allocatable.memoryBytes, requested.memoryBytes + memory);
  return (cpuShare + memoryShare) / 2;
}

/** Nodes with PreferNoSchedule taints that a Pod does not tolerate are last. */
export function avoidedTaints(pod: Pod, node: NodeState): number {
  return taintsUntolerated(pod, node, ['PreferNoSchedule']).length;
}

/** The scheduler's message when no node fits. */
export function unschedulableText(misfits: readonly Misfit[]): string {
  if (misfits.length === 0) return 'no nodes available to schedule pods';
  const all = misfits.length;
  const counted = countedText(misfits.flatMap(({ reasons }) => reasons));
  const preemption = countedText(
    misfits.map(({ preemptionHelps }) =>
      preemptionHelps
        ? 'No preemption victims found for incoming pod'
        : 'Preemption is not helpful for scheduling',
    ),
  );
  return `0/${all} nodes are available: ${counted}. no new claims to deallocate, preemption: 0/${all} nodes are available: ${preemption}.`;
}

function countedText(reasons: readonly string[]): string {
  return [...Map.groupBy(reasons, (reason) => reason)]
    .map(([reason, same]) => `${same.length} ${reason}`)
    .sort()
    .join(', ');
}
