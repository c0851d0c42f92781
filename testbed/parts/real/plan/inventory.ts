/** One kind of object of the cluster: how it is called, and where all of it is listed. */
export interface InventoryKind {
  readonly name: string;
  readonly path: string;
}

const core = (name: string, plural: string): InventoryKind => ({ name, path: `/api/v1/${plural}` });
const of = (group: string, kinds: Readonly<Record<string, string>>): readonly InventoryKind[] =>
  Object.entries(kinds).map(([name, plural]) => ({ name, path: `/apis/${group}/${plural}` }));

/** All that a suite may leave in the cluster. Events are not among them: they go by themselves. */
export const INVENTORY_KINDS: readonly InventoryKind[] = [
  core('Namespace', 'namespaces'),
  core('Node', 'nodes'),
  core('PersistentVolume', 'persistentvolumes'),
  core('Pod', 'pods'),
  core('Secret', 'secrets'),
  core('ConfigMap', 'configmaps'),
  core('Service', 'services'),
  core('ServiceAccount', 'serviceaccounts'),
  core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  core('ResourceQuota', 'resourcequotas'),
  core('LimitRange', 'limitranges'),
  core('PodTemplate', 'podtemplates'),
  ...of('apps/v1', {
    Deployment: 'deployments',
    StatefulSet: 'statefulsets',
    DaemonSet: 'daemonsets',
    ReplicaSet: 'replicasets',
  }),
  ...of('batch/v1', { Job: 'jobs', CronJob: 'cronjobs' }),
  ...of('coordination.k8s.io/v1', { Lease: 'leases' }),
  ...of('policy/v1', { PodDisruptionBudget: 'poddisruptionbudgets' }),
  ...of('networking.k8s.io/v1', { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' }),
  ...of('rbac.authorization.k8s.io/v1', {
    Role: 'roles',
    RoleBinding: 'rolebindings',
    ClusterRole: 'clusterroles',
    ClusterRoleBinding: 'clusterrolebindings',
  }),
  ...of('scheduling.k8s.io/v1', { PriorityClass: 'priorityclasses' }),
  ...of('storage.k8s.io/v1', { StorageClass: 'storageclasses' }),
  ...of('node.k8s.io/v1', { RuntimeClass: 'runtimeclasses' }),
  ...of('admissionregistration.k8s.io/v1', {
    ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
    MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
  }),
  ...of('apiextensions.k8s.io/v1', { CustomResourceDefinition: 'customresourcedefinitions' }),
];

/** The namespace of node heartbeats: each Lease is created and removed a while after its node. */
const HEARTBEATS = 'kube-node-lease';

/** An object of a list, as far as it is read here. */
export interface Listed {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** Of a node. */
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  };
}

/** What is in a cluster at one moment. */
export interface Inventory {
  readonly namespaces: ReadonlySet<string>;
  /** By what each is called, with its namespace. */
  readonly things: ReadonlyMap<string, string | undefined>;
}

function onNode({ metadata: { name, labels = {} }, spec = {} }: Listed): readonly string[] {
  return [
    ...(spec.taints ?? []).map(({ key, effect }) => `taint ${key}:${effect} of Node ${name}`),
    ...(spec.unschedulable === true ? [`cordon of Node ${name}`] : []),
    ...Object.keys(labels).map((label) => `label ${label} of Node ${name}`),
  ];
}

/**
 * What is there, from lists of {@link INVENTORY_KINDS} by their names, and from names of the processes that run containers: one that
 * stays when its Pod has gone takes its part of a core.
 */
export function inventoryOf(
  lists: Readonly<Record<string, readonly Listed[]>>,
  processes: readonly string[],
): Inventory {
  const objects = Object.entries(lists).flatMap(([kind, items]) =>
    items.map(({ metadata: { name, namespace } }): readonly [string, string | undefined] => {
      return [`${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, namespace];
    }),
  );
  const others = [...processes, ...(lists['Node'] ?? []).flatMap(onNode)];
  const things = new Map([...objects, ...others.map((name) => [name, undefined] as const)]);
  return { namespaces: new Set((lists['Namespace'] ?? []).map(({ metadata }) => metadata.name)), things };
}

/** What is there after and was not before; a new namespace or node is listed without its contents. */
export function leftBehind(before: Inventory, after: Inventory): readonly string[] {
  const isNew = (thing: string): boolean => !before.things.has(thing);
  const isTold = ([thing, namespace]: readonly [string, string | undefined]): boolean => {
    const [, node] = / of (Node .+)$/.exec(thing) ?? [];
    if (node !== undefined) return !isNew(node);
    if (namespace === HEARTBEATS) return false;
    return namespace === undefined || before.namespaces.has(namespace);
  };
  return [...after.things]
    .filter(([thing]) => isNew(thing))
    .filter(isTold)
    .map(([thing]) => thing);
}
