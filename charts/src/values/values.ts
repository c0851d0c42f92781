import { type Feature, RIGHTS, rulesOf } from '@hangar/autoscaler/permissions';
import { SETTINGS as AUTOSCALER_SETTINGS } from '@hangar/autoscaler/settings';
import { SETTINGS as RUNNER_SETTINGS } from '@hangar/runner/settings';
import { type ChartValue, count, flag, object, text, textMap, texts, word } from './chart-value.ts';
import {
  COMMON,
  type Component,
  configurationValues,
  networkValues,
  podValues,
  rightsValues,
} from './component.ts';

const RUNNER: Component = {
  name: 'runner',
  settings: Object.values(RUNNER_SETTINGS),
  page: '../../docs/configuration.md',
  config: { HANGAR_HARDENING: 'restricted' },
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
  text(
    'runner.gateImage.repository',
    'hangar-gate',
    'The small program that runs in every Pod of a pipeline.',
  ),
  text('runner.gateImage.tag', '', "Empty: the chart's appVersion. Runner and gate are one version."),
  text('runner.gateImage.digest', '', '`sha256:…`; wins over the tag.'),
  count('runner.replicas', 1, 'They share the work and take over from each other; two outlive a node.'),
  text('runner.rpcSecret.existingSecret', '', 'Secret with the shared secret of the Drone server.'),
  text('runner.rpcSecret.key', 'DRONE_RPC_SECRET', 'Its key.'),
];

const DATA: readonly ChartValue[] = [
  count('autoscaler.replicas', 1, 'More than one needs `persistence.enabled: false`.'),
  flag(
    'autoscaler.persistence.enabled',
    true,
    'A PersistentVolumeClaim for what is learned; off: an emptyDir, and a new Pod begins anew.',
  ),
  text(
    'autoscaler.persistence.existingClaim',
    '',
    'One that is there; empty: one is made, and stays at an uninstall.',
  ),
  text('autoscaler.persistence.size', '2Gi', 'Its size.'),
  text('autoscaler.persistence.storageClass', '', "Its class; empty: the cluster's default."),
];

const JOBS: readonly ChartValue[] = [
  text(
    'jobs.namespace',
    '',
    "Where Pods of pipelines go that name no namespace; empty: the release's. `drone-`: a fresh one each, which takes rights in the whole cluster.",
  ),
  flag('jobs.createNamespace', false, 'Make that namespace; it stays at an uninstall.'),
  texts(
    'jobs.otherNamespaces',
    [],
    'Namespaces that pipelines may name; the runner gets its Role there too.',
  ),
  flag(
    'jobs.serviceAccount.create',
    true,
    'A service account without rights and without a token for Pods of pipelines.',
  ),
  text('jobs.serviceAccount.name', '', 'Its name; empty: made of the release.'),
  textMap('jobs.serviceAccount.annotations', {}, 'Annotations, such as for the identity of a cloud.'),
  texts('jobs.serviceAccount.imagePullSecrets', [], 'Names of Secrets in the namespaces of the Pods.'),
  flag('jobs.networkPolicy.enabled', true, 'A NetworkPolicy: nothing comes into Pods of pipelines.'),
  texts(
    'jobs.networkPolicy.blockedCidrs',
    [],
    'Addresses that pipelines may not call, such as `169.254.169.254/32`; none: they may call all.',
  ),
  textMap(
    'jobs.resourceQuota',
    {},
    '`hard` of a ResourceQuota in `jobs.namespace`; empty: none. The runner waits for room in it.',
  ),
];

const WHEN = word(['auto', 'always', 'never']);

const MONITORING: readonly ChartValue[] = [
  WHEN('monitoring.serviceMonitors', 'auto', '`auto`: where the cluster knows ServiceMonitors.'),
  WHEN('monitoring.rules', 'auto', 'Alerts as a PrometheusRule; `auto`: where the cluster knows them.'),
  text(
    'monitoring.runbookUrl',
    '',
    'Folder in which you publish docs/runbooks, such as `https://git.acme.test/hangar/docs/runbooks`: alerts link there by `runbook_url`; empty: they only name the page.',
  ),
  text('monitoring.interval', '30s', 'How often Prometheus looks.'),
  textMap('monitoring.labels', {}, 'What your Prometheus selects by, such as `release: prometheus`.'),
  flag('monitoring.dashboards.enabled', true, 'Grafana boards as ConfigMaps, for its sidecar.'),
  textMap('monitoring.dashboards.labels', { grafana_dashboard: '1' }, 'What the sidecar selects by.'),
  textMap('monitoring.dashboards.annotations', {}, 'Such as the folder of the boards.'),
];

const TEST: readonly ChartValue[] = [
  text('test.image', 'docker.io/library/busybox:1', 'Image of the step that `helm test` runs.'),
  object(
    'test.resources',
    { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    'Of its Pod.',
  ),
];

/** The features that can be permitted to the autoscaler, each separately. */
export const FEATURES: readonly Feature[] = [...new Set(RIGHTS.map(({ feature }) => feature))];

/** A feature as the last part of its value's path: `capacity-buffer` becomes `capacityBuffer`. Pure. */
export const switchOf = (feature: Feature): string =>
  feature.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Features that are on by default: they need no cluster-wide right and change nothing. */
const ON_BY_DEFAULT: ReadonlySet<Feature> = new Set<Feature>(['runner-service']);

function descriptionOf(feature: Feature): string {
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
      flag(`autoscaler.rbac.${switchOf(feature)}`, ON_BY_DEFAULT.has(feature), descriptionOf(feature)),
    ),
    texts(
      'autoscaler.rbac.objectNamespaces',
      [],
      "Where the CapacityBuffers and placeholders are that `HANGAR_AUTOSCALER_ACTUATORS` names; empty: the release's.",
    ),
  ]),
  ...JOBS,
  ...MONITORING,
  ...TEST,
];
