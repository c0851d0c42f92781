/** A kind of object that the server keeps. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
}

const core = (plural: string, kind: string, namespaced = true, shortNames: string[] = []): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
  shortNames,
});

export const PODS = core('pods', 'Pod', true, ['po']);
export const NODES = core('nodes', 'Node', false, ['no']);
export const NAMESPACES = core('namespaces', 'Namespace', false, ['ns']);
export const SECRETS = core('secrets', 'Secret');
export const CONFIG_MAPS = core('configmaps', 'ConfigMap', true, ['cm']);
export const EVENTS = core('events', 'Event', true, ['ev']);
export const SERVICE_ACCOUNTS = core('serviceaccounts', 'ServiceAccount', true, ['sa']);
export const RESOURCE_QUOTAS = core('resourcequotas', 'ResourceQuota', true, ['quota']);
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** What the server keeps unless told of more; the second half is stored only, no controller acts on it. */
export const DEFAULT_RESOURCES: readonly Resource[] = [
  PODS,
  NODES,
  NAMESPACES,
  SECRETS,
  CONFIG_MAPS,
  EVENTS,
  SERVICE_ACCOUNTS,
  RESOURCE_QUOTAS,
  LEASES,
  core('limitranges', 'LimitRange', true, ['limits']),
  core('persistentvolumeclaims', 'PersistentVolumeClaim', true, ['pvc']),
  core('services', 'Service', true, ['svc']),
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    plural: 'priorityclasses',
    kind: 'PriorityClass',
    namespaced: false,
  },
];

/** Name of a resource in error texts and as a key of the store: `pods`, `leases.coordination.k8s.io`. */
export function qualifiedName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** apiVersion of its objects: `v1`, `coordination.k8s.io/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
