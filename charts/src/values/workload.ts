import type { Json } from '../schema/json-schema.ts';
import {
  booleanValue,
  type ChartValue,
  enumValue,
  integerValue,
  objectsValue,
  objectValue,
  stringMapValue,
  stringsValue,
  stringValue,
} from './chart-value.ts';

type Program = 'runner' | 'autoscaler';

/** What the chart does without a strategy of the user's. */
const STRATEGY: Readonly<Record<Program, string>> = {
  runner: 'RollingUpdate with one Pod more',
  autoscaler: 'Recreate with a volume, else RollingUpdate',
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
  objectValue(`${name}.strategy`, {}, `Update strategy of the Deployment; empty: ${STRATEGY[name]}.`),
  integerValue(`${name}.revisionHistoryLimit`, 3, 'Old ReplicaSets that are kept for a rollback.'),
  stringMapValue(`${name}.deploymentAnnotations`, {}, 'Annotations of the Deployment.'),
  stringsValue(`${name}.extraArgs`, [], 'Further arguments of the program.'),
  objectsValue(`${name}.initContainers`, [], 'Init containers, as Kubernetes writes them.'),
  objectsValue(`${name}.extraContainers`, [], 'Further containers in its Pods, such as a proxy.'),
  objectValue(
    `${name}.securityContext`,
    {},
    'Merged over the container securityContext of the chart (no privilege escalation, read-only root file system, non-root, no capabilities).',
  ),
  ...Object.entries(PROBES).map(([probe, times]) =>
    objectValue(
      `${name}.${probe}`,
      times,
      'Fields of the probe; its path is set by the chart. `null` removes the probe.',
    ),
  ),
  stringValue(`${name}.runtimeClassName`, '', 'Runtime class.'),
  enumValue(['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'])(
    `${name}.dnsPolicy`,
    '',
    "Empty: Kubernetes' default, ClusterFirst.",
  ),
  objectValue(
    `${name}.dnsConfig`,
    {},
    'Name servers, search domains and options, as Kubernetes writes them.',
  ),
  stringMapValue(`${name}.serviceAccount.labels`, {}, 'Labels of the service account.'),
  booleanValue(
    `${name}.serviceAccount.automountServiceAccountToken`,
    true,
    'Mount the token into its Pods. Without it, mount one at the usual path by `extraVolumes`.',
  ),
  enumValue(['', 'AlwaysAllow', 'IfHealthyBudget'])(
    `${name}.podDisruptionBudget.unhealthyPodEvictionPolicy`,
    '',
    "Whether Pods that are not ready may be evicted; empty: Kubernetes' default, IfHealthyBudget.",
  ),
];

/** The Service. */
export const serviceValues = (name: Program): readonly ChartValue[] => [
  stringMapValue(`${name}.service.labels`, {}, 'Labels of its Service.'),
  enumValue(['ClusterIP', 'NodePort', 'LoadBalancer'])(
    `${name}.service.type`,
    'ClusterIP',
    name === 'runner'
      ? 'ClusterIP is headless here: each replica is called by its own address.'
      : 'Type of its Service.',
  ),
  integerValue(`${name}.service.port`, 0, 'Port of its Service; 0: the port of the program.'),
  enumValue(['', 'SingleStack', 'PreferDualStack', 'RequireDualStack'])(
    `${name}.service.ipFamilyPolicy`,
    '',
    "Empty: the cluster's default.",
  ),
  stringsValue(`${name}.service.ipFamilies`, [], '`IPv4`, `IPv6`, or both in order of preference.'),
];

/** Ways to its page from outside of the cluster. */
export const routeValues = (name: Program): readonly ChartValue[] => [
  booleanValue(
    `${name}.ingress.enabled`,
    false,
    name === 'runner'
      ? 'An Ingress for the page of the runner, which exists with `DRONE_UI_PASSWORD` only.'
      : 'An Ingress for the page and the API of the autoscaler. They have no authentication: add it at the ingress controller.',
  ),
  stringValue(`${name}.ingress.className`, '', 'Ingress class.'),
  stringMapValue(`${name}.ingress.annotations`, {}, 'Annotations of the Ingress.'),
  stringsValue(`${name}.ingress.hosts`, [], 'Host names, such as `hangar.acme.test`.'),
  stringValue(`${name}.ingress.path`, '/', 'Path on each host.'),
  enumValue(['Prefix', 'Exact', 'ImplementationSpecific'])(
    `${name}.ingress.pathType`,
    'Prefix',
    'How the path is matched.',
  ),
  objectsValue(`${name}.ingress.tls`, [], 'As Kubernetes writes it: `secretName` and `hosts`.'),
  booleanValue(`${name}.httpRoute.enabled`, false, 'An HTTPRoute (Gateway API) in place of an Ingress.'),
  objectsValue(`${name}.httpRoute.parentRefs`, [], 'Gateways, each `{name, namespace, sectionName}`.'),
  stringsValue(`${name}.httpRoute.hostnames`, [], 'Host names.'),
  stringMapValue(`${name}.httpRoute.annotations`, {}, 'Annotations of the HTTPRoute.'),
  objectsValue(`${name}.httpRoute.filters`, [], 'Filters of its rule, such as one for authentication.'),
];
