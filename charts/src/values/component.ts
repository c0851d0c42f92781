import type { Setting } from '@hangar/shared/config';
import type { Json } from '../schema/json-schema.ts';
import { settingsSchema } from '../schema/setting-schema.ts';
import {
  booleanValue,
  type ChartValue,
  digestValue,
  enumValue,
  integerValue,
  objectNameValue,
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

/** What has to be done in the time that a Pod has to stop. */
const STOPPING: Readonly<Record<Component['name'], string>> = {
  runner:
    'Time that a Pod has to stop, in seconds. A hand-over takes seconds and does not wait for pipelines. With `HANGAR_COORDINATION: none` the runner finishes its pipelines first: set it to the duration of your builds.',
  autoscaler:
    'Time that a Pod has to stop, in seconds. It takes seconds to end what it began and to release its Lease.',
};

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
      `Repository of the image, appended to the registry. A full name, such as \`quay.io/acme/hangar-${name}\`, is used unchanged.`,
    ),
    stringValue(`${name}.image.registry`, '', 'Registry of this image. Empty: `image.registry`.'),
    stringValue(`${name}.image.tag`, '', 'Tag of the image. Empty: the appVersion of the chart.'),
    digestValue(
      `${name}.image.digest`,
      '',
      'Digest of the image (`sha256:…`), which takes precedence over the tag.',
    ),
    {
      path: `${name}.config`,
      fallback: config,
      description: `Settings by name, listed in [${page.replace(/^.*\//, '')}](${page}). Lists and maps can be written as YAML. Secrets are rejected here.`,
      schema: settingsSchema(settings),
      examples,
    },
    objectsValue(
      `${name}.envFrom`,
      [],
      'Existing Secrets and ConfigMaps with environment variables. They override the values that the chart sets; `config` overrides them.',
    ),
    {
      path: `${name}.extraEnv`,
      fallback: [],
      description:
        'Environment variables in the format of Kubernetes, including `valueFrom`. They override all others.',
      schema: {
        type: 'array',
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      },
    },
    objectsValue(`${name}.extraVolumes`, [], 'Additional volumes, for files that settings refer to.'),
    objectsValue(`${name}.extraVolumeMounts`, [], 'Mounts of the additional volumes.'),
  ];
}

/** Values of the program's Pods. */
export function podValues({ name, resources }: Component): readonly ChartValue[] {
  return [
    objectValue(`${name}.resources`, resources, 'Requests and limits of the container.'),
    stringMapValue(`${name}.podLabels`, {}, 'Additional labels of the Pods.'),
    stringMapValue(`${name}.podAnnotations`, {}, 'Additional annotations of the Pods.'),
    objectValue(
      `${name}.podSecurityContext`,
      {},
      'Merged over the security context of the chart (non-root, user 10001, seccomp RuntimeDefault).',
    ),
    stringMapValue(`${name}.nodeSelector`, {}, 'Node selector.'),
    objectsValue(`${name}.tolerations`, [], 'Tolerations.'),
    objectValue(`${name}.affinity`, {}, 'Affinity.'),
    objectsValue(
      `${name}.topologySpreadConstraints`,
      SPREAD,
      'Topology spread constraints of the replicas. A `labelSelector` is added if it is missing.',
    ),
    stringValue(`${name}.priorityClassName`, '', 'Priority class.'),
    objectsValue(
      `${name}.hostAliases`,
      [],
      'Entries of the hosts file, for names that the DNS of the cluster does not resolve.',
    ),
    integerValue(`${name}.terminationGracePeriodSeconds`, 30, STOPPING[name]),
    booleanValue(`${name}.podDisruptionBudget.enabled`, true, 'Create a PodDisruptionBudget.'),
    {
      path: `${name}.podDisruptionBudget.maxUnavailable`,
      fallback: 1,
      description:
        'Maximum number of replicas that a drain may evict at the same time: a number, or a percentage such as `50%`.',
      schema: { type: ['integer', 'string'], minimum: 0, pattern: '^[0-9]+%$' },
    },
    booleanValue(`${name}.serviceAccount.create`, true, 'Create a service account.'),
    objectNameValue(
      `${name}.serviceAccount.name`,
      '',
      'Name of the service account to create or use. Empty: derived from the release name, or without `create` that of the namespace, `default`.',
    ),
    stringMapValue(`${name}.serviceAccount.annotations`, {}, 'Annotations of the service account.'),
  ];
}

/** Values of its HTTP server and of network access. */
export function networkValues({ name }: Component): readonly ChartValue[] {
  return [
    stringMapValue(`${name}.service.annotations`, {}, 'Annotations of the Service.'),
    booleanValue(
      `${name}.networkPolicy.enabled`,
      true,
      'Create a NetworkPolicy that allows ingress only to the HTTP port.',
    ),
    objectsValue(
      `${name}.networkPolicy.from`,
      [],
      'Allowed peers, such as a Prometheus outside the cluster. Empty: all Pods except those of builds.',
    ),
    objectsValue(`${name}.networkPolicy.egress`, [], 'Egress rules. Empty: all egress is allowed.'),
  ];
}

/** Values of the service account and its permissions. */
export function rightsValues({ name }: Component, switches: readonly ChartValue[]): readonly ChartValue[] {
  return [
    booleanValue(
      `${name}.rbac.create`,
      true,
      'Create Roles and RoleBindings, generated from the permissions that the code uses.',
    ),
    ...switches,
  ];
}

/** A part of the names of objects, of which Services allow the least. */
const nameValue = (path: string, description: string): ChartValue => ({
  path,
  fallback: '',
  description,
  schema: { type: 'string', pattern: '^([a-z]([a-z0-9-]*[a-z0-9])?)?$' },
});

/** Values shared by all programs. */
export const COMMON: readonly ChartValue[] = [
  nameValue('nameOverride', 'Replaces `hangar` in names.'),
  nameValue('fullnameOverride', 'Replaces release and chart in names.'),
  stringMapValue('commonLabels', {}, 'Labels for all objects.'),
  stringValue(
    'image.registry',
    '',
    'Registry of the images of Hangar, such as `registry.acme.test/ci`. Required, unless every image has a registry or a full repository of its own: no images are published yet.',
  ),
  enumValue(['Always', 'IfNotPresent', 'Never'])('image.pullPolicy', 'IfNotPresent', 'Image pull policy.'),
  pullSecretsValue('image.pullSecrets', 'Secrets in the namespace of the release, as names or as `{name}`.'),
  stringValue(
    'certificateAuthorities.configMap',
    '',
    'ConfigMap with certificates of private CAs, in PEM: both programs trust them, besides the public ones.',
  ),
  stringValue(
    'certificateAuthorities.secret',
    '',
    'Secret with the same certificates. Set only one of the two.',
  ),
  stringValue('certificateAuthorities.key', 'ca.crt', 'Key in that Secret.'),
  {
    path: 'extraObjects',
    fallback: [],
    description: 'Further objects of the release, as maps or as texts with templates.',
    schema: { type: 'array', items: { type: ['object', 'string'] } },
  },
];
