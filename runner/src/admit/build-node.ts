import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Node, V1NodeStatus, V1Taint } from '@kubernetes/client-node';
import type { Load } from './admit.ts';

/** An amount of room on one node. CPU in millicores, memory in bytes. */
export type Room = Omit<Load, 'pipelines'>;

/** What of a node decides which Pods it may get. */
export interface BuildNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A cordoned node has the taint that the scheduler knows it by. */
  readonly taints: readonly V1Taint[];
  readonly isReady: boolean;
  /** What Pods of builds may request there together. */
  readonly room: Room;
  /** Who adds and removes such nodes, where that is certain: `Karpenter`. */
  readonly scaler: string | undefined;
  /** A mark of a node pool that may be autoscaled or not; the node does not tell. */
  readonly poolMark: string | undefined;
}

const UNSCHEDULABLE: V1Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** A node that has not reported its size is not ready, and may turn out to be of any. */
const UNKNOWN_SIZE = Number.POSITIVE_INFINITY;

/** Reads a node. @param reserve what is left to Pods that no runner makes, on each node */
export function readNode({ metadata = {}, spec = {}, status = {} }: V1Node, reserve: Room): BuildNode {
  const { name = '', labels = {}, annotations = {}, deletionTimestamp } = metadata;
  const { taints = [] } = spec;
  const marks = [...Object.keys(labels), ...Object.keys(annotations), ...taints.map(({ key }) => key)];
  return {
    name,
    labels,
    taints: spec.unschedulable === true ? [...taints, UNSCHEDULABLE] : taints,
    isReady: isReady(status) && deletionTimestamp === undefined,
    room: roomOf(status, reserve),
    scaler: marks.map((mark) => SCALERS.get(mark)).find((one) => one !== undefined),
    poolMark: marks.find((mark) => POOL_MARKS.some((pattern) => pattern.test(mark))),
  };
}

const isReady = ({ conditions = [] }: V1NodeStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Ready' && status === 'True');

function roomOf({ allocatable = {} }: V1NodeStatus, reserve: Room): Room {
  const left = (all: number | undefined, reserved: number): number =>
    Math.max(0, (all ?? UNKNOWN_SIZE) - reserved);
  return {
    pods: left(parseMemoryBytes(allocatable['pods'] ?? ''), reserve.pods),
    cpuMillicores: left(parseCpuMillicores(allocatable['cpu'] ?? ''), reserve.cpuMillicores),
    memoryBytes: left(parseMemoryBytes(allocatable['memory'] ?? ''), reserve.memoryBytes),
  };
}

/** Labels and taints that only who scales a node sets. */
const SCALERS: ReadonlyMap<string, string> = new Map([
  ['karpenter.sh/nodepool', 'Karpenter'],
  ['karpenter.sh/provisioner-name', 'Karpenter'],
  ['ToBeDeletedByClusterAutoscaler', 'Cluster Autoscaler'],
  ['DeletionCandidateOfClusterAutoscaler', 'Cluster Autoscaler'],
  [SURPLUS_TAINT.key, 'the autoscaler of Hangar'],
]);

/** Managed pools, of a fixed size or autoscaled; and what operators write for Cluster Autoscaler. */
const POOL_MARKS: readonly RegExp[] = [
  /^eks\.amazonaws\.com\/nodegroup$/,
  /^cloud\.google\.com\/gke-nodepool$/,
  /^kubernetes\.azure\.com\/agentpool$/,
  /^cluster-autoscaler\.kubernetes\.io\//,
];
