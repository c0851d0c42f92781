import type { KubeObject } from '../api/objects.ts';
import { recordOf, recordsOf, textOf } from '../api/objects.ts';
import type { Pod, Toleration } from '../api/pod.ts';
import { bytesOf, cpuMillicoresOf } from '../api/quantity.ts';
import { matchesNodeAffinity } from './affinity.ts';
import type { Requests } from './requests.ts';

/** A node with what its Pods have asked for. */
export interface NodeRoom {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly allocatable: Requests & { readonly pods: number };
  readonly asked: Requests;
  readonly pods: number;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** Why a node will not do; `helpless`: taking other Pods away would not help either. */
export interface Misfit {
  readonly reasons: readonly string[];
  readonly helpless: boolean;
}

const UNSCHEDULABLE_TAINT: Taint = {
  key: 'node.kubernetes.io/unschedulable',
  value: '',
  effect: 'NoSchedule',
};

/** Reads a Node object; `asked` and `pods` are what runs there. */
export function roomOf(node: KubeObject, asked: Requests, pods: number): NodeRoom {
  const allocatable = recordOf(recordOf(node['status'])['allocatable']);
  const spec = recordOf(node['spec']);
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    taints: recordsOf(spec['taints']).map(({ key, value, effect }) => ({
      key: textOf(key),
      value: textOf(value),
      effect: textOf(effect),
    })),
    unschedulable: spec['unschedulable'] === true,
    allocatable: {
      cpuMillicores: cpuMillicoresOf(allocatable['cpu']),
      memoryBytes: bytesOf(allocatable['memory']),
      pods: bytesOf(allocatable['pods'] ?? '110'),
    },
    asked,
    pods,
  };
}

/** Runs the scheduler's filters in their order; the first that refuses a node names the reason. */
export function misfitOf(pod: Pod, requests: Requests, room: NodeRoom): Misfit | undefined {
  const tolerations = pod.spec.tolerations ?? [];
  if (room.unschedulable && !tolerates(tolerations, UNSCHEDULABLE_TAINT)) {
    return { reasons: ['node(s) were unschedulable'], helpless: true };
  }
  if (untolerated(tolerations, room.taints).length > 0) {
    return { reasons: ['node(s) had untolerated taint(s)'], helpless: true };
  }
  if (!matchesSelector(pod, room)) {
    return { reasons: ["node(s) didn't match Pod's node affinity/selector"], helpless: true };
  }
  return resourceMisfit(requests, room);
}

function matchesSelector(pod: Pod, room: NodeRoom): boolean {
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  return (
    selector.every(([key, value]) => room.labels[key] === value) &&
    matchesNodeAffinity(pod.spec.affinity, room)
  );
}

function resourceMisfit(requests: Requests, room: NodeRoom): Misfit | undefined {
  const reasons: string[] = [];
  let helpless = false;
  if (room.pods + 1 > room.allocatable.pods) reasons.push('Too many pods');
  for (const [field, name] of [
    ['cpuMillicores', 'cpu'],
    ['memoryBytes', 'memory'],
  ] as const) {
    if (requests[field] === 0 || requests[field] <= room.allocatable[field] - room.asked[field]) continue;
    reasons.push(`Insufficient ${name}`);
    helpless ||= requests[field] > room.allocatable[field];
  }
  return reasons.length === 0 ? undefined : { reasons, helpless };
}

/** Taints that keep a Pod away: NoSchedule and NoExecute that it does not tolerate. */
export function untolerated(tolerations: readonly Toleration[], taints: readonly Taint[]): Taint[] {
  return taints.filter(
    (taint) => ['NoSchedule', 'NoExecute'].includes(taint.effect) && !tolerates(tolerations, taint),
  );
}

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => toleratesOne(toleration, taint));
}

function toleratesOne({ key, operator, value = '', effect }: Toleration, taint: Taint): boolean {
  if (!isEmpty(effect) && effect !== taint.effect) return false;
  if (!isEmpty(key) && key !== taint.key) return false;
  return operator === 'Exists' || (!isEmpty(key) && value === taint.value);
}

function isEmpty(text: string | undefined): boolean {
  return text === undefined || text === '';
}

/** Free share after placing, averaged over CPU and memory: LeastAllocated, 0 to 100. */
export function leastAllocatedScore(requests: Requests, room: NodeRoom): number {
  const share = (capacity: number, asked: number): number =>
    capacity === 0 || asked > capacity ? 0 : ((capacity - asked) * 100) / capacity;
  const { allocatable, asked } = room;
  // Pods that ask for nothing weigh as much as the scheduler assumes: 100m and 200 MiB.
  const cpu = requests.cpuMillicores === 0 ? 100 : requests.cpuMillicores;
  const memory = requests.memoryBytes === 0 ? 200 * 1024 * 1024 : requests.memoryBytes;
  return (
    (share(allocatable.cpuMillicores, asked.cpuMillicores + cpu) +
      share(allocatable.memoryBytes, asked.memoryBytes + memory)) /
    2
  );
}

/** Nodes with PreferNoSchedule taints that a Pod does not tolerate come last. */
export function shunnedTaints(pod: Pod, room: NodeRoom): number {
  const tolerations = pod.spec.tolerations ?? [];
  return room.taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint))
    .length;
}

/** The scheduler's own words about nodes of which none will do. */
export function unschedulableText(misfits: readonly Misfit[]): string {
  if (misfits.length === 0) return 'no nodes available to schedule pods';
  const all = misfits.length;
  const counted = countedText(misfits.flatMap(({ reasons }) => reasons));
  const preemption = countedText(
    misfits.map(({ helpless }) =>
      helpless ? 'Preemption is not helpful for scheduling' : 'No preemption victims found for incoming pod',
    ),
  );
  return `0/${all} nodes are available: ${counted}. no new claims to deallocate, preemption: 0/${all} nodes are available: ${preemption}.`;
}

function countedText(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
