import { RIGHTS, rulesOf, type ServiceFeature } from '@hangar/autoscaler/permissions';
import { SETTINGS as AUTOSCALER_SETTINGS } from '@hangar/autoscaler/settings';
import { RULES } from '@hangar/runner/rules';
import { SETTINGS as RUNNER_SETTINGS } from '@hangar/runner/settings';
import {
  booleanValue,
  type ChartValue,
  enumValue,
  integerValue,
  objectValue,
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

const AUTOSCALER: Component = {
  name: 'autoscaler',
  settings: Object.values(AUTOSCALER_SETTINGS),
  page: '../../docs/autoscaler-configuration.md',
  config: {},
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
  stringValue(
    'runner.gateImage.tag',
    '',
    "Empty: the chart's appVersion. Runner and gate must have the same version.",
  ),
  stringValue('runner.gateImage.digest', '', '`sha256:…`; takes precedence over the tag.'),
  integerValue(
    'runner.replicas',
    1,
    'Number of replicas. They share the work and take over from each other; two survive the loss of a node.',
  ),
  stringValue(
    'runner.rpcSecret.existingSecret',
    '',
    'Existing Secret with the shared secret of the Drone server.',
  ),
  stringValue('runner.rpcSecret.key', 'DRONE_RPC_SECRET', 'Key in that Secret.'),
  stringValue(
    'runner.httpToken.existingSecret',
    '',
    'Existing Secret with the token for `/demand` and `/stages` of the runner. The autoscaler sends it. Empty: no token; only the NetworkPolicy blocks builds.',
  ),
  stringValue('runner.httpToken.key', 'HANGAR_HTTP_TOKEN', 'Key in that Secret.'),
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
  stringValue('autoscaler.persistence.size', '2Gi', 'Size of the claim.'),
  stringValue('autoscaler.persistence.storageClass', '', 'Storage class. Empty: the default of the cluster.'),
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

/** Where clouds answer Pods with the node's credentials: most of them, Alibaba Cloud; AWS and Google Cloud by IPv6. */
const METADATA_ADDRESSES = [
  '169.254.169.254/32',
  '100.100.100.200/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
];

const JOBS: readonly ChartValue[] = [
  stringValue(
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
  stringsValue(
    'jobs.otherNamespaces',
    [],
    'Namespaces that pipelines are allowed to use. The runner gets its Role there too.',
  ),
  booleanValue(
    'jobs.serviceAccount.create',
    true,
    'Create a service account without permissions and without a token for Pods of pipelines.',
  ),
  stringValue(
    'jobs.serviceAccount.name',
    '',
    'Name of the service account. Empty: derived from the release name.',
  ),
  stringMapValue(
    'jobs.serviceAccount.annotations',
    {},
    'Annotations of the service account, for example for a cloud identity.',
  ),
  stringsValue(
    'jobs.serviceAccount.imagePullSecrets',
    [],
    'Names of image pull Secrets in the namespaces of the Pods.',
  ),
  booleanValue(
    'jobs.networkPolicy.enabled',
    true,
    'Create a NetworkPolicy that blocks ingress to Pods of pipelines.',
  ),
  stringsValue(
    'jobs.networkPolicy.blockedCidrs',
    METADATA_ADDRESSES,
    'IPv4 and IPv6 addresses that pipelines are not allowed to connect to. Default: the addresses where clouds serve metadata and credentials of the node. Empty list: no restriction.',
  ),
  stringMapValue(
    'jobs.resourceQuota',
    {},
    '`hard` of a ResourceQuota in `jobs.namespace`. Empty: none. Pipelines that exceed it wait.',
  ),
];

const WHEN = enumValue(['auto', 'always', 'never']);

const MONITORING: readonly ChartValue[] = [
  WHEN('monitoring.serviceMonitors', 'auto', 'Create ServiceMonitors. `auto`: if the cluster has the kind.'),
  WHEN(
    'monitoring.rules',
    'auto',
    'Create a PrometheusRule with alerts. `auto`: if the cluster has the kind.',
  ),
  stringValue(
    'monitoring.runbookUrl',
    '',
    'URL of the directory where you publish docs/runbooks, such as `https://git.acme.test/hangar/docs/runbooks`. Alerts link to it in `runbook_url`. Empty: alerts only contain the name of the runbook.',
  ),
  stringValue('monitoring.interval', '30s', 'Scrape interval.'),
  stringMapValue(
    'monitoring.labels',
    {},
    'Labels that your Prometheus selects, such as `release: prometheus`.',
  ),
  booleanValue(
    'monitoring.dashboards.enabled',
    true,
    'Create ConfigMaps with Grafana dashboards, for the sidecar of Grafana.',
  ),
  stringMapValue(
    'monitoring.dashboards.labels',
    { grafana_dashboard: '1' },
    'Labels that the sidecar selects.',
  ),
  stringMapValue(
    'monitoring.dashboards.annotations',
    {},
    'Annotations, for example for the folder of the dashboards.',
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
  return `Rights for \`${feature}\`${where}: ${rules.join('; ')}. Without them: ${rights[0]?.without ?? ''}.`;
}

/** Every value of the chart, in the order of values.yaml. */
export const VALUES: readonly ChartValue[] = [
  ...COMMON,
  ...configurationValues(RUNNER),
  ...GATE,
  ...podValues(RUNNER),
  ...networkValues(RUNNER),
  ...rightsValues(RUNNER, []),
  ...configurationValues(AUTOSCALER),
  ...DATA,
  ...podValues(AUTOSCALER),
  ...networkValues(AUTOSCALER),
  ...rightsValues(AUTOSCALER, [
    ...FEATURES.map((feature) =>
      booleanValue(
        `autoscaler.rbac.${switchOf(feature)}`,
        ON_BY_DEFAULT.has(feature),
        descriptionOf(feature),
      ),
    ),
    stringsValue(
      'autoscaler.rbac.objectNamespaces',
      [],
      'Namespace of the CapacityBuffers and placeholders in `HANGAR_AUTOSCALER_ACTUATORS`. Empty: the namespace of the release.',
    ),
  ]),
  ...JOBS,
  ...MONITORING,
  ...TEST,
];
