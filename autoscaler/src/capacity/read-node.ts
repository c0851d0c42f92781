import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1DaemonSet, V1Node } from '@kubernetes/client-node';
import { NODE_POOL_LABEL } from './node-labels.ts';
import { CLOSING_TAINT, isTaint } from './pool-node.ts';
import { constraintsOfSpec } from './read-pod.ts';
import { admitsPod, type NodeTraits, type PodConstraints, type Taint } from './scheduling.ts';
import type { NodeShape, Resources } from './shape.ts';

/** Who scales a pool, as far as its nodes tell. */
export type PoolOwner = 'karpenter' | 'cluster-api' | 'unknown';

/** What of a node matters for capacity. Times in milliseconds since 1970. */
export interface NodeFact {
  readonly name: string;
  readonly uid: string;
  /** So that a write on it can be refused when it is stale. */
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Value of the pool label; `default` without one. */
  readonly pool: string;
  readonly allocatable: NodeShape['allocatable'];
  readonly traits: NodeTraits;
  readonly ready: boolean;
  /** Since when it is ready; undefined: it isn't, or does not report it. */
  readonly readyMs: number | undefined;
  readonly createdMs: number;
  readonly owner: PoolOwner;
  /** Who takes such a node away or brings another one, as far as it tells: `NodePool builds`, `Cluster Autoscaler`, `Cluster API`. */
  readonly scaler: string | undefined;
  /** It has a hard taint that builds are not meant for: another kind of machine. */
  readonly foreign: boolean;
  /** Cordoned, or closed by a hard taint that is not the pool's own: nothing new comes. */
  readonly closed: boolean;
  /** It is being taken away: whoever scales the pool no longer counts it. */
  readonly leaving: boolean;
}

/** Which nodes are whose pool. */
export interface PoolRules {
  /** Label whose value names the pool. */
  readonly label: string;
  /** Key of the taint that marks nodes for builds; empty: none, all nodes without a foreign taint count. */
  readonly taint: string;
}

/** Hard taints that come and go with a node's life, or that are ours or an engine's: they make no pool foreign. */
const PASSING = [
  /^node\.kubernetes\.io\//,
  /^node\.cloudprovider\.kubernetes\.io\//,
  /^karpenter\.sh\//,
  /^hangar\.(dev|build)\//,
  /^ToBeDeletedByClusterAutoscaler$/,
  /^DeletionCandidateOfClusterAutoscaler$/,
];

/** Engines mark so what they take away. */
const LEAVING: ReadonlySet<string> = new Set(['karpenter.sh/disrupted', 'ToBeDeletedByClusterAutoscaler']);

const EFFECTS: readonly Taint['effect'][] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function taintsOf(node: V1Node): readonly Taint[] {
  return (node.spec?.taints ?? []).flatMap(({ key, value, effect }) => {
    const known = EFFECTS.find((one) => one === effect);
    return known === undefined ? [] : [{ key, effect: known, ...(value === undefined ? {} : { value }) }];
  });
}

function isForeign(taints: readonly Taint[], poolTaint: string): boolean {
  const hard = taints.filter(({ effect, key }) => effect !== 'PreferNoSchedule' && key !== poolTaint);
  if (hard.some(({ key }) => !PASSING.some((pattern) => pattern.test(key)))) return true;
  return poolTaint !== '' && !taints.some(({ key }) => key === poolTaint);
}

/** What we closed ourselves to take it is still ours to give: it opens at once when it is wanted. */
const isClosed = (taints: readonly Taint[], poolTaint: string): boolean =>
  taints.some(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' && taint.key !== poolTaint && !isTaint(taint, CLOSING_TAINT),
  );

function ownerOf({ metadata }: V1Node): PoolOwner {
  if (metadata?.labels?.[NODE_POOL_LABEL] !== undefined) return 'karpenter';
  return metadata?.annotations?.['cluster.x-k8s.io/machine'] === undefined ? 'unknown' : 'cluster-api';
}

const OF_CLUSTER_AUTOSCALER = /^(ToBeDeleted|DeletionCandidateOf)ClusterAutoscaler$/;

function scalerOf({ metadata, spec }: V1Node): string | undefined {
  if ((spec?.taints ?? []).some(({ key }) => OF_CLUSTER_AUTOSCALER.test(key))) return 'Cluster Autoscaler';
  const nodePool = metadata?.labels?.[NODE_POOL_LABEL];
  if (nodePool !== undefined) return `NodePool ${nodePool}`;
  const machine = metadata?.annotations?.['cluster.x-k8s.io/machine'];
  return machine === undefined ? undefined : 'Cluster API';
}

function allocatableOf({ status }: V1Node): NodeShape['allocatable'] {
  const { allocatable = {} } = status ?? {};
  return {
    cpuMillicores: parseCpuMillicores(allocatable['cpu'] ?? '') ?? 0,
    memoryBytes: parseMemoryBytes(allocatable['memory'] ?? '') ?? 0,
    pods: parseMemoryBytes(allocatable['pods'] ?? '') ?? 110,
  };
}

/** Reads a node. @param nowMs for what it doesn't say */
export function readNode(node: V1Node, rules: PoolRules, nowMs: number): NodeFact {
  const { labels = {}, creationTimestamp = nowMs, deletionTimestamp } = node.metadata ?? {};
  const taints = taintsOf(node);
  const cordoned = isCordoned(node);
  return {
    ...identityOf(node),
    pool: labels[rules.label] ?? 'default',
    allocatable: allocatableOf(node),
    traits: { labels, taints, ...(cordoned ? { unschedulable: true } : {}) },
    ready: readyOf(node) !== undefined,
    readyMs: readyMsOf(node),
    createdMs: new Date(creationTimestamp).getTime(),
    owner: ownerOf(node),
    scaler: scalerOf(node),
    foreign: isForeign(taints, rules.taint),
    closed: cordoned || isClosed(taints, rules.taint),
    leaving: deletionTimestamp !== undefined || taints.some(({ key }) => LEAVING.has(key)),
  };
}

function identityOf({
  metadata,
}: V1Node): Pick<NodeFact, 'name' | 'uid' | 'resourceVersion' | 'annotations'> {
  const { name = '', uid = '', resourceVersion = '', annotations = {} } = metadata ?? {};
  return { name, uid, resourceVersion, annotations };
}

const isCordoned = ({ spec }: V1Node): boolean => spec?.unschedulable === true;

const readyOf = ({ status }: V1Node) =>
  (status?.conditions ?? []).find((one) => one.type === 'Ready' && one.status === 'True');

function readyMsOf(node: V1Node): number | undefined {
  const since = readyOf(node)?.lastTransitionTime;
  return since === undefined ? undefined : new Date(since).getTime();
}

/** What a DaemonSet takes on each node that it goes to. */
export interface DaemonFact {
  readonly request: Resources;
  readonly constraints: PodConstraints;
}

/** DaemonSet Pods put up with these on any node; the controller sees to it. */
const DAEMON_TOLERATIONS = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
].map((word) => ({ key: `node.kubernetes.io/${word}`, operator: 'Exists' as const }));

/** Reads a DaemonSet. */
export function readDaemonSet({ spec }: V1DaemonSet): DaemonFact {
  const constraints = constraintsOfSpec(spec?.template.spec);
  return {
    request: requestOfSpec(spec?.template.spec),
    constraints: { ...constraints, tolerations: [...(constraints.tolerations ?? []), ...DAEMON_TOLERATIONS] },
  };
}

/** What all DaemonSets together take on this node, and how many Pods they are. */
export function daemonSetsOn(
  traits: NodeTraits,
  daemons: readonly DaemonFact[],
): Resources & { readonly pods: number } {
  return daemons
    .filter(({ constraints }) => admitsPod(traits, constraints))
    .reduce(
      (sum, { request }) => ({
        cpuMillicores: sum.cpuMillicores + request.cpuMillicores,
        memoryBytes: sum.memoryBytes + request.memoryBytes,
        pods: sum.pods + 1,
      }),
      { cpuMillicores: 0, memoryBytes: 0, pods: 0 },
    );
}
