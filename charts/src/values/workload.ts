import type { Json } from '../schema/json-schema.ts';
import {
  booleanValue,
  type ChartValue,
  enumsValue,
  enumValue,
  integerValue,
  objectsValue,
  objectValue,
  pathValue,
  portValue,
  stringMapValue,
  stringsValue,
  stringValue,
} from './chart-value.ts';

type Program = 'runner' | 'autoscaler';

/** What the chart does without a strategy of the user's. */
const STRATEGY: Readonly<Record<Program, string>> = {
  runner: 'RollingUpdate with one additional Pod',
  autoscaler: 'Recreate with a volume, otherwise RollingUpdate',
};

type Numbers = Readonly<Record<string, Json>>;

/** Times of the probes; the chart sets what they call. */
const PROBES: Readonly<Record<'livenessProbe' | 'readinessProbe' | 'startupProbe', Numbers>> = {
  livenessProbe: { periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
  readinessProbe: { periodSeconds: 5, timeoutSeconds: 5 },
  startupProbe: { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 30 },
};

/** The Deployment around the program's Pods, and what may be added to a Pod. */
export const deploymentValues = (name: Program): readonly ChartValue[] => [
  objectValue(`${name}.strategy`, {}, `Update strategy of the Deployment. Empty: ${STRATEGY[name]}.`),
  integerValue(
    `${name}.revisionHistoryLimit`,
    3,
    'Number of previous ReplicaSets that are kept for a rollback.',
  ),
  stringMapValue(`${name}.deploymentAnnotations`, {}, 'Annotations of the Deployment.'),
  stringsValue(`${name}.extraArgs`, [], 'Additional arguments of the program.'),
  objectsValue(`${name}.initContainers`, [], 'Init containers, in the format of Kubernetes.'),
  objectsValue(`${name}.extraContainers`, [], 'Additional containers of its Pods, such as a proxy.'),
  objectValue(
    `${name}.securityContext`,
    {},
    'Merged over the container securityContext of the chart (no privilege escalation, read-only root file system, non-root, no capabilities).',
  ),
  ...Object.entries(PROBES).map(([probe, times]) =>
    objectValue(
      `${name}.${probe}`,
      times,
      'Fields of the probe. The chart sets its path. `null` removes the probe.',
    ),
  ),
  stringValue(
    `${name}.runtimeClassName`,
    '',
    'Runtime class of its Pods. Empty: the default of the cluster.',
  ),
  enumValue(['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'])(
    `${name}.dnsPolicy`,
    '',
    'DNS policy of its Pods. Empty: the default of Kubernetes, ClusterFirst.',
  ),
  objectValue(
    `${name}.dnsConfig`,
    {},
    'Name servers, search domains and options, in the format of Kubernetes.',
  ),
  stringMapValue(`${name}.serviceAccount.labels`, {}, 'Labels of the service account.'),
  booleanValue(
    `${name}.serviceAccount.automountServiceAccountToken`,
    true,
    'Mount the token into its Pods. If disabled, mount a token at the default path with `extraVolumes`.',
  ),
  enumValue(['', 'AlwaysAllow', 'IfHealthyBudget'])(
    `${name}.podDisruptionBudget.unhealthyPodEvictionPolicy`,
    '',
    'Whether Pods that are not ready can be evicted. Empty: the default of Kubernetes, IfHealthyBudget.',
  ),
];

/** The Service. */
export const serviceValues = (name: Program): readonly ChartValue[] => [
  stringMapValue(`${name}.service.labels`, {}, 'Labels of its Service.'),
  enumValue(['ClusterIP', 'NodePort', 'LoadBalancer'])(
    `${name}.service.type`,
    'ClusterIP',
    name === 'runner'
      ? 'Type of its Service. ClusterIP creates a headless Service: each replica is called by its own address.'
      : 'Type of its Service.',
  ),
  portValue(
    `${name}.service.port`,
    0,
    name === 'runner'
      ? 'Port of its Service. 0: the port of the program. Clients of a headless Service (`type: ClusterIP`) need the port of the program.'
      : 'Port of its Service. 0: the port of the program.',
  ),
  enumValue(['', 'SingleStack', 'PreferDualStack', 'RequireDualStack'])(
    `${name}.service.ipFamilyPolicy`,
    '',
    'IP family policy of its Service. Empty: the default of the cluster.',
  ),
  enumsValue(['IPv4', 'IPv6'])(
    `${name}.service.ipFamilies`,
    [],
    'IP families of its Service: `IPv4`, `IPv6`, or both in the order of preference. Empty: the default of the cluster.',
  ),
];

/** Ways to its page from outside of the cluster. */
export const routeValues = (name: Program): readonly ChartValue[] => [
  booleanValue(
    `${name}.ingress.enabled`,
    false,
    name === 'runner'
      ? 'Create an Ingress for the dashboard of the runner, which exists only with `DRONE_UI_PASSWORD`.'
      : 'Create an Ingress for the page and the API of the autoscaler. They have no authentication: add it at the ingress controller.',
  ),
  stringValue(`${name}.ingress.className`, '', 'Ingress class. Empty: the default of the cluster.'),
  stringMapValue(`${name}.ingress.annotations`, {}, 'Annotations of the Ingress.'),
  stringsValue(`${name}.ingress.hosts`, [], 'Host names, such as `hangar.acme.test`.'),
  pathValue(
    `${name}.ingress.path`,
    '/',
    'Path on each host. The program serves its page at `/`: for another path, the ingress controller has to remove the prefix.',
  ),
  enumValue(['Prefix', 'Exact', 'ImplementationSpecific'])(
    `${name}.ingress.pathType`,
    'Prefix',
    'Path type, which defines how the path is matched.',
  ),
  objectsValue(
    `${name}.ingress.tls`,
    [],
    'TLS entries in the format of Kubernetes: `secretName` and `hosts`.',
  ),
  booleanValue(
    `${name}.httpRoute.enabled`,
    false,
    'Create an HTTPRoute (Gateway API) instead of an Ingress.',
  ),
  objectsValue(`${name}.httpRoute.parentRefs`, [], 'Gateways, each `{name, namespace, sectionName}`.'),
  stringsValue(`${name}.httpRoute.hostnames`, [], 'Host names.'),
  stringMapValue(`${name}.httpRoute.annotations`, {}, 'Annotations of the HTTPRoute.'),
  objectsValue(`${name}.httpRoute.filters`, [], 'Filters of its rule, such as one for authentication.'),
];
