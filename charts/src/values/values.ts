import { RIGHTS, rulesOf, type ServiceFeature } from '@hangar/autoscaler/permissions';
import { SETTINGS as AUTOSCALER_SETTINGS } from '@hangar/autoscaler/settings';
import { RULES } from '@hangar/runner/rules';
import { SETTINGS as RUNNER_SETTINGS } from '@hangar/runner/settings';
import { METADATA_ADDRESSES } from '@hangar/shared/contract/metadata-addresses';
import {
  booleanValue,
  type ChartValue,
  cidrsValue,
  digestValue,
  enumValue,
  integerValue,
  namespaceOrPrefixValue,
  namespacesValue,
  objectNameValue,
  objectValue,
  pullSecretsValue,
  quantityValue,
  stringMapValue,
  stringsValue,
  stringValue,
} from './chart-value.ts';
import {
  COMMON,
  type Component,
  configurationValues,
  networkValues,
  podValues,
  rightsValues,
} from './component.ts';
import { MONITORING } from './monitoring.ts';
import { deploymentValues, routeValues, serviceValues } from './workload.ts';

/** What untrusted pipelines may choose; a new installation is closed. */
const RULES_OF_THE_CHART = Object.fromEntries(
  Object.values(RULES).flatMap(({ setting, chartDefault }) =>
    chartDefault === undefined ? [] : [[setting, chartDefault]],
  ),
);

const RUNNER: Component = {
  name: 'runner',
  settings: Object.values(RUNNER_SETTINGS),
  page: '../../docs/configuration.md',
  config: {
    HANGAR_COORDINATION: 'leases',
    HANGAR_HARDENING: 'restricted',
    DRONE_TMATE_ENABLED: false,
    ...RULES_OF_THE_CHART,
    HANGAR_PRIVATE_REGISTRIES: 'none',
  },
  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
};

/** The settings that most installations look at first, as comments in values.yaml. */
const CAPACITY_EXAMPLES: readonly string[] = [
  '# Objective for the wait of builds for a node (p95), and the minimum and maximum number of nodes of a pool.',
  'HANGAR_AUTOSCALER_OBJECTIVE: 60s',
  'HANGAR_AUTOSCALER_MIN_NODES: 0',
  'HANGAR_AUTOSCALER_MAX_NODES: 40',
  '# Label that names the pool of a node, and key of the taint of these nodes.',
  'HANGAR_AUTOSCALER_POOL_LABEL: node.kubernetes.io/instance-type',
  'HANGAR_AUTOSCALER_POOL_TAINT: ci-builds',
  '# Boot time that is used until it is learned, and prices for the costs.',
  'HANGAR_AUTOSCALER_BOOT_TIME: 90s',
  'HANGAR_AUTOSCALER_PRICES: m6i.2xlarge=0.384',
  '# Apply the recommendation. Also enable the corresponding permission under autoscaler.rbac.',
  'HANGAR_AUTOSCALER_ACT: "on"',
  'HANGAR_AUTOSCALER_ACTUATORS: m6i.2xlarge=capacity-buffer:ci/builds',
];

const AUTOSCALER: Component = {
  name: 'autoscaler',
  settings: Object.values(AUTOSCALER_SETTINGS),
  page: '../../docs/autoscaler-configuration.md',
  config: {},
  examples: CAPACITY_EXAMPLES,
  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
};

/** Both programs. */
export const COMPONENTS: readonly Component[] = [RUNNER, AUTOSCALER];

const GATE: readonly ChartValue[] = [
  stringValue(
    'runner.gateImage.repository',
    'hangar-gate',
    'Image of the gate, which runs in every Pod of a pipeline.',
  ),
  stringValue('runner.gateImage.registry', '', 'Registry of this image. Empty: `image.registry`.'),
  stringValue(
    'runner.gateImage.tag',
    '',
    'Tag of the image. Empty: the appVersion of the chart. Runner and gate must have the same version.',
  ),
  digestValue(
    'runner.gateImage.digest',
    '',
    'Digest of the image (`sha256:…`), which takes precedence over the tag.',
  ),
  integerValue(
    'runner.replicas',
    1,
    'Number of replicas. They share the work and take over from each other; two survive the loss of a node.',
  ),
  stringValue('runner.rpcSecret.existingSecret', '', 'Secret with the shared secret of the Drone server.'),
  stringValue('runner.rpcSecret.key', 'DRONE_RPC_SECRET', 'Key in that Secret.'),
  stringValue(
    'runner.httpToken.existingSecret',
    '',
    'Existing Secret with the token for `/demand` and `/stages` of the runner. The autoscaler sends it. Empty: no token; only the NetworkPolicy blocks builds.',
  ),
  stringValue('runner.httpToken.key', 'HANGAR_HTTP_TOKEN', 'Key in that Secret.'),
  stringValue(
    'runner.proxy.http',
    '',
    'Proxy for http (`http_proxy`): for the runner, and for all steps, which get it as a variable.',
  ),
  stringValue('runner.proxy.https', '', 'Proxy for https (`https_proxy`).'),
  stringsValue(
    'runner.proxy.exceptions',
    [],
    'Hosts that are reached without the proxy (`no_proxy`). The Kubernetes API never goes through it.',
  ),
];

const DATA: readonly ChartValue[] = [
  integerValue(
    'autoscaler.replicas',
    1,
    'Number of replicas. More than one requires `persistence.enabled: false`.',
  ),
  booleanValue(
    'autoscaler.persistence.enabled',
    true,
    'Create a PersistentVolumeClaim for learned data. If disabled, an emptyDir is used and a new Pod starts without data.',
  ),
  stringValue(
    'autoscaler.persistence.existingClaim',
    '',
    'Name of an existing claim. Empty: a claim is created, which `helm uninstall` keeps.',
  ),
  quantityValue('autoscaler.persistence.size', '2Gi', 'Size of the claim.'),
  stringValue(
    'autoscaler.persistence.storageClass',
    '',
    'Storage class. Empty: the default of the cluster; `-`: none, for a volume that was created by hand.',
  ),
  {
    path: 'autoscaler.placeholders',
    fallback: [],
    description:
      'Deployments of placeholders, each `{name, pool, requests}`: Pods that keep nodes of the pool ready for builds, for engines without CapacityBuffer. Set `requests` to the capacity of an empty node. The autoscaler scales only these Deployments, by name (`rbac.placeholder`).',
    schema: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'pool', 'requests'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
          pool: { type: 'string', pattern: '.' },
          requests: { type: 'object' },
        },
      },
    },
  },
  stringValue(
    'autoscaler.placeholderImage',
    'registry.k8s.io/pause:3.10.1',
    'Image of the placeholders, including its registry. It does nothing and exits on SIGTERM.',
  ),
  booleanValue(
    'autoscaler.nodePatchPolicy',
    false,
    'Create a ValidatingAdmissionPolicy (Kubernetes 1.30 or newer): it restricts changes of nodes by the autoscaler to its own two taints.',
  ),
];

const JOBS: readonly ChartValue[] = [
  namespaceOrPrefixValue(
    'jobs.namespace',
    '',
    'Namespace for Pods of pipelines that do not set one. Empty: the namespace of the release. `drone-`: a new namespace for each pipeline, which requires cluster-wide permissions.',
  ),
  booleanValue('jobs.createNamespace', false, 'Create that namespace. `helm uninstall` keeps it.'),
  enumValue(['', 'privileged', 'baseline', 'restricted'])(
    'jobs.podSecurity',
    'baseline',
    'Pod Security level that a namespace made by `createNamespace` enforces; empty: none. Host volumes and privileged steps need `privileged`.',
  ),
  namespacesValue(
    'jobs.otherNamespaces',
    [],
    'Namespaces that pipelines are allowed to use. The runner gets its Role there too.',
  ),
  booleanValue(
    'jobs.serviceAccount.create',
    true,
    'Create a service account without permissions and without a token for Pods of pipelines.',
  ),
  objectNameValue(
    'jobs.serviceAccount.name',
    '',
    'Name of the service account to create or use. Empty: derived from the release name, or without `create` that of the namespace, `default`. Not used in generated namespaces, unless `create` is false.',
  ),
  stringMapValue(
    'jobs.serviceAccount.annotations',
    {},
    'Annotations of the service account, for example for a cloud identity.',
  ),
  pullSecretsValue(
    'jobs.serviceAccount.imagePullSecrets',
    'Secrets in the namespaces of the Pods, as names or as `{name}`.',
  ),
  booleanValue(
    'jobs.networkPolicy.enabled',
    true,
    'Create a NetworkPolicy that blocks ingress to Pods of pipelines.',
  ),
  cidrsValue(
    'jobs.networkPolicy.blockedCidrs',
    METADATA_ADDRESSES,
    'IPv4 and IPv6 addresses that pipelines are not allowed to connect to. Default: the addresses where clouds serve metadata and credentials of the node and of Pods. Empty list: no restriction.',
  ),
  stringMapValue(
    'jobs.resourceQuota',
    {},
    '`hard` of a ResourceQuota in `jobs.namespace`. Empty: none. Pipelines that exceed it wait.',
  ),
];

const TEST: readonly ChartValue[] = [
  stringValue('test.image', 'docker.io/library/busybox:1', 'Image of the step that `helm test` runs.'),
  objectValue(
    'test.resources',
    { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    'Resources of its Pod.',
  ),
];

/** The features that can be permitted to the autoscaler, each separately. */
export const FEATURES: readonly ServiceFeature[] = [...new Set(RIGHTS.map(({ feature }) => feature))];

/** A feature as the last part of its value's path: `capacity-buffer` becomes `capacityBuffer`. Pure. */
export const switchOf = (feature: ServiceFeature): string =>
  feature.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Features that are on by default: they need no cluster-wide right and change nothing. */
const ON_BY_DEFAULT: ReadonlySet<ServiceFeature> = new Set<ServiceFeature>(['runner-service']);

function descriptionOf(feature: ServiceFeature): string {
  const rights = RIGHTS.filter((right) => right.feature === feature);
  const where = rights.some((right) => right.where === 'cluster') ? ', in the whole cluster' : '';
  const rules = rulesOf(rights).map(({ resources, verbs }) => `${verbs.join(', ')} ${resources.join(', ')}`);
  return `Permissions for \`${feature}\`${where}: ${rules.join('; ')}. Without them: ${rights[0]?.without ?? ''}.`;
}

/** Every value of the chart, in the order of values.yaml. */
export const VALUES: readonly ChartValue[] = [
  ...COMMON,
  ...configurationValues(RUNNER),
  ...GATE,
  ...podValues(RUNNER),
  ...deploymentValues('runner'),
  ...serviceValues('runner'),
  ...routeValues('runner'),
  ...networkValues(RUNNER),
  ...rightsValues(RUNNER, []),
  ...configurationValues(AUTOSCALER),
  ...DATA,
  ...podValues(AUTOSCALER),
  ...deploymentValues('autoscaler'),
  ...serviceValues('autoscaler'),
  ...routeValues('autoscaler'),
  ...networkValues(AUTOSCALER),
  ...rightsValues(AUTOSCALER, [
    ...FEATURES.map((feature) =>
      booleanValue(
        `autoscaler.rbac.${switchOf(feature)}`,
        ON_BY_DEFAULT.has(feature),
        descriptionOf(feature),
      ),
    ),
    namespacesValue(
      'autoscaler.rbac.objectNamespaces',
      [],
      'Namespaces of the CapacityBuffers and placeholders in `HANGAR_AUTOSCALER_ACTUATORS`. Empty: the namespace of the release.',
    ),
  ]),
  ...JOBS,
  ...MONITORING,
  ...TEST,
];
