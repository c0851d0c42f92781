import type { Clock } from '@hangar/shared/clock';
import { type JsonRecord, recordOf, recordsOf } from '@hangar/shared/json';
import type { ObjectApi } from '../api/object-api.ts';
import { isFinished, type Pod, type PodCondition, withCondition } from '../api/pod.ts';
import { NODES } from '../api/resources.ts';
import { rfc3339Seconds } from '../api/times.ts';

/** A node as specified by a test; quantities as in Kubernetes. */
export interface EmbeddedNode {
  readonly name: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** False: its kubelet has only just registered it; `setNodeReady` makes it ready. */
  readonly ready?: false;
}

export const DEFAULT_NODE: EmbeddedNode = { name: 'embedded-1', cpu: '16', memory: '32Gi', pods: 250 };

const UNREACHABLE = 'node.kubernetes.io/unreachable';
const NOT_READY = 'node.kubernetes.io/not-ready';
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
};
const REGISTERED = {
  type: 'Ready',
  status: 'False',
  reason: 'KubeletNotReady',
  message: 'container runtime network not ready',
};
const UNKNOWN = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
};

/** A Node object as a kubelet would register it, ready unless otherwise specified. */
export function nodeObject(spec: EmbeddedNode, nowMs: number): JsonRecord {
  const amounts = { cpu: spec.cpu ?? '4', memory: spec.memory ?? '8Gi', pods: String(spec.pods ?? 110) };
  const at = rfc3339Seconds(nowMs);
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': spec.name,
  };
  const isReady = spec.ready ?? true;
  const taints = [...(spec.taints ?? []), ...(isReady ? [] : [{ key: NOT_READY, effect: 'NoSchedule' }])];
  return {
    metadata: { name: spec.name, labels: { ...labels, ...spec.labels } },
    spec: taints.length === 0 ? {} : { taints },
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: spec.name },
      ],
      conditions: [{ ...(isReady ? READY : REGISTERED), lastHeartbeatTime: at, lastTransitionTime: at }],
      nodeInfo: {
        kubeletVersion: 'v1.34.4',
        containerRuntimeVersion: 'containerd://2.4.2',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}

/** Makes a node ready or not, with what the node controller does then: taints, and its Pods no longer ready. */
export function markNode(clock: Clock, api: ObjectApi, name: string, ready: boolean): void {
  const key = { resource: NODES, namespace: '', name };
  const nowMs = clock.now();
  api.update(key, 'status', (node) => {
    const status = recordOf(node['status']);
    const before = (status['conditions'] ?? []) as PodCondition[];
    const conditions = withCondition(before, ready ? READY : UNKNOWN, nowMs);
    return { ...node, status: { ...status, conditions } };
  });
  api.update(key, 'object', (node) => {
    const spec = recordOf(node['spec']);
    const others = recordsOf(spec['taints']).filter(
      ({ key: name }) => name !== UNREACHABLE && name !== NOT_READY,
    );
    return { ...node, spec: { ...spec, taints: ready ? others : [...others, ...unreachableTaints(nowMs)] } };
  });
  if (ready) return;
  const unready: PodCondition = { type: 'Ready', status: 'False', lastProbeTime: null };
  for (const pod of podsOn(api, name)) {
    api.updatePodStatus(pod, (status) => ({
      ...status,
      conditions: withCondition(status.conditions ?? [], unready, nowMs),
    }));
  }
}

function unreachableTaints(nowMs: number): JsonRecord[] {
  const timeAdded = rfc3339Seconds(nowMs);
  return ['NoSchedule', 'NoExecute'].map((effect) => ({ key: UNREACHABLE, effect, timeAdded }));
}

/** Pods of a node that have not ended. */
export function podsOn(api: ObjectApi, node: string): Pod[] {
  return api.pods().filter((pod) => pod.spec.nodeName === node && !isFinished(pod));
}
