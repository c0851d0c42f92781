import type { Setting } from '@hangar/shared/config';
import type { Json } from '../schema/json-schema.ts';
import { settingsSchema } from '../schema/setting-schema.ts';
import {
  booleanValue,
  type ChartValue,
  integerValue,
  objectsValue,
  objectValue,
  pullSecretsValue,
  stringMapValue,
  stringValue,
} from './chart-value.ts';

/** The properties that both programs have, each under its own name. */
export interface Component {
  readonly name: 'runner' | 'autoscaler';
  readonly settings: readonly Setting<unknown>[];
  /** The page of all settings, relative to the chart's folder. */
  readonly page: string;
  readonly config: Readonly<Record<string, Json>>;
  readonly examples?: readonly string[];
  readonly resources: Readonly<Record<string, Json>>;
}

const SPREAD = [
  { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

/** Image and configuration. */
export function configurationValues({
  name,
  settings,
  page,
  config,
  examples = [],
}: Component): readonly ChartValue[] {
  return [
    booleanValue(`${name}.enabled`, true, `Install the ${name}.`),
    stringValue(
      `${name}.image.repository`,
      `hangar-${name}`,
      `Appended to the registry; a full name, such as \`quay.io/acme/hangar-${name}\`, is used as it is.`,
    ),
    stringValue(`${name}.image.registry`, '', 'In place of `image.registry`, for this image.'),
    stringValue(`${name}.image.tag`, '', "Empty: the chart's appVersion."),
    stringValue(`${name}.image.digest`, '', '`sha256:…`; wins over the tag.'),
    {
      path: `${name}.config`,
      fallback: config,
      description: `Settings by their names, typed; all of them in [${page.replace(/^.*\//, '')}](${page}). Lists and maps may be written as such. A secret is refused here.`,
      schema: settingsSchema(settings),
      examples,
    },
    objectsValue(
      `${name}.envFrom`,
      [],
      'Existing Secrets and ConfigMaps with plain variables. What they hold wins over what the chart sets by itself, `config` wins over them.',
    ),
    objectsValue(
      `${name}.extraEnv`,
      [],
      'Variables as Kubernetes writes them, with `valueFrom` too. Wins over all.',
    ),
    objectsValue(`${name}.extraVolumes`, [], 'For files that settings name.'),
    objectsValue(`${name}.extraVolumeMounts`, [], 'Where they are seen.'),
  ];
}

/** Values of the program's Pods. */
export function podValues({ name, resources }: Component): readonly ChartValue[] {
  return [
    objectValue(`${name}.resources`, resources, 'Requests and limits of the container.'),
    stringMapValue(`${name}.podLabels`, {}, 'Further labels of its Pods.'),
    stringMapValue(`${name}.podAnnotations`, {}, 'Further annotations of its Pods.'),
    objectValue(
      `${name}.podSecurityContext`,
      {},
      'Laid over the restricted one of the chart (non-root, user 10001, seccomp RuntimeDefault).',
    ),
    stringMapValue(`${name}.nodeSelector`, {}, 'Node selector.'),
    objectsValue(`${name}.tolerations`, [], 'Tolerations.'),
    objectValue(`${name}.affinity`, {}, 'Affinity.'),
    objectsValue(
      `${name}.topologySpreadConstraints`,
      SPREAD,
      'Where replicas go; a `labelSelector` for them is added where none is written.',
    ),
    stringValue(`${name}.priorityClassName`, '', 'Priority class.'),
    objectsValue(`${name}.hostAliases`, [], 'Names that no DNS of the cluster knows.'),
    integerValue(
      `${name}.terminationGracePeriodSeconds`,
      30,
      'A hand-over takes seconds: it waits for no pipeline.',
    ),
    booleanValue(`${name}.podDisruptionBudget.enabled`, true, 'A PodDisruptionBudget.'),
    {
      path: `${name}.podDisruptionBudget.maxUnavailable`,
      fallback: 1,
      description: 'Replicas that a drain may take at once, as a number or such as `50%`.',
      schema: { type: ['integer', 'string'], minimum: 0, pattern: '^[0-9]+%$' },
    },
    booleanValue(`${name}.serviceAccount.create`, true, 'Make a service account.'),
    stringValue(
      `${name}.serviceAccount.name`,
      '',
      'Its name, or that of an existing one; empty: made of the release.',
    ),
    stringMapValue(`${name}.serviceAccount.annotations`, {}, 'Annotations of the service account.'),
  ];
}

/** Values of its HTTP server and of network access. */
export function networkValues({ name }: Component): readonly ChartValue[] {
  return [
    stringMapValue(`${name}.service.annotations`, {}, 'Annotations of its Service.'),
    booleanValue(
      `${name}.networkPolicy.enabled`,
      true,
      'A NetworkPolicy: nothing comes in but to its HTTP port.',
    ),
    objectsValue(
      `${name}.networkPolicy.from`,
      [],
      'Who may come in, such as a Prometheus outside of the cluster; empty: all Pods but those of builds.',
    ),
    objectsValue(`${name}.networkPolicy.egress`, [], 'Egress rules; empty: everything may be called.'),
  ];
}

/** Values of the service account and its permissions. */
export function rightsValues({ name }: Component, switches: readonly ChartValue[]): readonly ChartValue[] {
  return [
    booleanValue(
      `${name}.rbac.create`,
      true,
      'Make Roles and bindings, generated from the rights that the code uses.',
    ),
    ...switches,
  ];
}

/** Values shared by all programs. */
export const COMMON: readonly ChartValue[] = [
  stringValue('nameOverride', '', 'In the place of `hangar` in names.'),
  stringValue('fullnameOverride', '', 'In the place of release and chart in names.'),
  stringMapValue('commonLabels', {}, 'Labels of every object.'),
  stringValue(
    'image.registry',
    '',
    'Registry of the images of Hangar, such as `registry.acme.test/ci`. Required, unless every image has a registry or a full repository of its own: no images are published yet.',
  ),
  stringValue('image.pullPolicy', 'IfNotPresent', 'As Kubernetes writes it.'),
  pullSecretsValue('image.pullSecrets', 'Secrets in the namespace of the release, as names or as `{name}`.'),
  stringValue(
    'certificateAuthorities.configMap',
    '',
    'ConfigMap with certificates of private CAs, in PEM: both programs trust them, besides the public ones.',
  ),
  stringValue('certificateAuthorities.secret', '', 'The same in a Secret.'),
  stringValue('certificateAuthorities.key', 'ca.crt', 'Its key.'),
  {
    path: 'extraObjects',
    fallback: [],
    description: 'Further objects of the release, as maps or as texts with templates.',
    schema: { type: 'array', items: { type: ['object', 'string'] } },
  },
];
