/** A kind of object that the server keeps. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
}

const core = (plural: string, kind: string, more: Partial<ApiResource> = {}): ApiResource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
  ...more,
});

export const PODS = core('pods', 'Pod', { shortNames: ['po'] });
export const NODES = core('nodes', 'Node', { namespaced: false, shortNames: ['no'] });
export const NAMESPACES = core('namespaces', 'Namespace', { namespaced: false, shortNames: ['ns'] });
export const SECRETS = core('secrets', 'Secret');
export const CONFIG_MAPS = core('configmaps', 'ConfigMap', { shortNames: ['cm'] });
export const EVENTS = core('events', 'Event', { shortNames: ['ev'] });
export const SERVICE_ACCOUNTS = core('serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] });
export const RESOURCE_QUOTAS = core('resourcequotas', 'ResourceQuota', { shortNames: ['quota'] });

/** The default resources of the server; the last are stored only, no controller acts on them. */
export const DEFAULT_RESOURCES: readonly ApiResource[] = [
  PODS,
  NODES,
  NAMESPACES,
  SECRETS,
  CONFIG_MAPS,
  EVENTS,
  SERVICE_ACCOUNTS,
  RESOURCE_QUOTAS,
  core('leases', 'Lease', { group: 'coordination.k8s.io' }),
  core('priorityclasses', 'PriorityClass', { group: 'scheduling.k8s.io', namespaced: false }),
  core('limitranges', 'LimitRange', { shortNames: ['limits'] }),
  core('persistentvolumeclaims', 'PersistentVolumeClaim', { shortNames: ['pvc'] }),
  core('services', 'Service', { shortNames: ['svc'] }),
  core('deployments', 'Deployment', { group: 'apps' }),
];

/** Name of a resource in error texts and as a key of the store: `pods`, `leases.coordination.k8s.io`. */
export function qualifiedName({ group, plural }: ApiResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** apiVersion of its objects: `v1`, `coordination.k8s.io/v1`. */
export function apiVersionOf({ group, version }: ApiResource): string {
  return group === '' ? version : `${group}/${version}`;
}
