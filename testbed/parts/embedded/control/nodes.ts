import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import { type JsonRecord, type KubeObject, recordOf, recordsOf } from '../api/objects.ts';
import { isFinished, type Pod, podOf } from '../api/pod.ts';
import { NODES, PODS } from '../api/resources.ts';
import { secondsText } from '../api/times.ts';
import { withCondition } from '../schedule/scheduler.ts';

/** A node as a test asks for it; quantities as in Kubernetes. */
export interface NodeSpec {
  readonly name: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

export const DEFAULT_NODE: NodeSpec = { name: 'embedded-1', cpu: '16', memory: '32Gi', pods: 250 };

const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** A Node object as a kubelet would register it, ready. */
export function nodeObject(spec: NodeSpec, nowMs: number): JsonRecord {
  const amounts = { cpu: spec.cpu ?? '4', memory: spec.memory ?? '8Gi', pods: String(spec.pods ?? 110) };
  const at = secondsText(nowMs);
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': spec.name,
  };
  return {
    metadata: { name: spec.name, labels: { ...labels, ...spec.labels } },
    spec: spec.taints === undefined ? {} : { taints: spec.taints },
    status: {
      capacity: amounts,
      allocatable: amounts,
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: spec.name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastHeartbeatTime: at,
          lastTransitionTime: at,
        },
      ],
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
  const condition = ready
    ? ({ status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' } as const)
    : ({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      } as const);
  api.update(key, 'status', (node) => {
    const status = recordOf(node['status']);
    const conditions = recordsOf(status['conditions']) as unknown as { type: string; status: 'True' }[];
    return {
      ...node,
      status: {
        ...status,
        conditions: withCondition(conditions, { type: 'Ready', ...condition }, clock.now()),
      },
    };
  });
  api.update(key, 'object', (node) => ({
    ...node,
    spec: { ...recordOf(node['spec']), taints: taintsOf(node, ready, clock.now()) },
  }));
  if (ready) return;
  for (const pod of podsOn(api, name)) markUnready(clock, api, pod);
}

function taintsOf(node: KubeObject, ready: boolean, nowMs: number): JsonRecord[] {
  const others = recordsOf(recordOf(node['spec'])['taints']).filter(({ key }) => key !== UNREACHABLE);
  if (ready) return others;
  const timeAdded = secondsText(nowMs);
  return [
    ...others,
    { key: UNREACHABLE, effect: 'NoSchedule', timeAdded },
    { key: UNREACHABLE, effect: 'NoExecute', timeAdded },
  ];
}

/** Pods of a node that have not ended. */
export function podsOn(api: ObjectApi, node: string): Pod[] {
  return api.store
    .list('pods')
    .map(podOf)
    .filter((pod) => pod.spec.nodeName === node && !isFinished(pod));
}

function markUnready(clock: Clock, api: ObjectApi, pod: Pod): void {
  const { name, namespace = '' } = pod.metadata;
  api.update({ resource: PODS, namespace, name }, 'status', (current) => {
    const { status } = podOf(current);
    const conditions = withCondition(
      status.conditions ?? [],
      { type: 'Ready', status: 'False', lastProbeTime: null },
      clock.now(),
    );
    return { ...current, status: { ...status, conditions } };
  });
}
