import type { Setting } from '@hangar/shared/config';
import type { Json } from '../schema/json-schema.ts';
import { settingsSchema } from '../schema/setting-schema.ts';
import { type ChartValue, count, flag, object, objects, text, textMap, texts } from './chart-value.ts';

/** The properties that both programs have, each under its own name. */
export interface Component {
  readonly name: 'runner' | 'autoscaler';
  readonly settings: readonly Setting<unknown>[];
  /** The page of all settings, relative to the chart's folder. */
  readonly page: string;
  readonly config: Readonly<Record<string, Json>>;
  readonly resources: Readonly<Record<string, Json>>;
}

const SPREAD = [
  { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

/** Image and configuration. */
export function configurationValues({ name, settings, page, config }: Component): readonly ChartValue[] {
  return [
    flag(`${name}.enabled`, true, `Install the ${name}.`),
    text(`${name}.image.repository`, `hangar-${name}`, 'Without the registry, which is `image.registry`.'),
    text(`${name}.image.tag`, '', "Empty: the chart's appVersion."),
    text(`${name}.image.digest`, '', '`sha256:…`; wins over the tag.'),
    {
      path: `${name}.config`,
      fallback: config,
      description: `Settings by their names, typed; all of them in [${page.replace(/^.*\//, '')}](${page}). Lists and maps may be written as such. A secret is refused here.`,
      schema: settingsSchema(settings),
    },
    objects(
      `${name}.envFrom`,
      [],
      'Existing Secrets and ConfigMaps with plain variables. What they hold wins over what the chart sets by itself, `config` wins over them.',
    ),
    objects(
      `${name}.extraEnv`,
      [],
      'Variables as Kubernetes writes them, with `valueFrom` too. Wins over all.',
    ),
    objects(`${name}.extraVolumes`, [], 'For files that settings name.'),
    objects(`${name}.extraVolumeMounts`, [], 'Where they are seen.'),
  ];
}

/** Values of the program's Pods. */
export function podValues({ name, resources }: Component): readonly ChartValue[] {
  return [
    object(`${name}.resources`, resources, 'Requests and limits of the container.'),
    textMap(`${name}.podLabels`, {}, 'Further labels of its Pods.'),
    textMap(`${name}.podAnnotations`, {}, 'Further annotations of its Pods.'),
    object(
      `${name}.podSecurityContext`,
      {},
      'Laid over the restricted one of the chart (non-root, user 10001, seccomp RuntimeDefault).',
    ),
    textMap(`${name}.nodeSelector`, {}, 'Node selector.'),
    objects(`${name}.tolerations`, [], 'Tolerations.'),
    object(`${name}.affinity`, {}, 'Affinity.'),
    objects(
      `${name}.topologySpreadConstraints`,
      SPREAD,
      'Where replicas go; a `labelSelector` for them is added where none is written.',
    ),
    text(`${name}.priorityClassName`, '', 'Priority class.'),
    objects(`${name}.hostAliases`, [], 'Names that no DNS of the cluster knows.'),
    count(
      `${name}.terminationGracePeriodSeconds`,
      30,
      'A hand-over takes seconds: it waits for no pipeline.',
    ),
    flag(`${name}.podDisruptionBudget.enabled`, true, 'A PodDisruptionBudget.'),
    count(`${name}.podDisruptionBudget.maxUnavailable`, 1, 'Replicas that a drain may take at once.'),
    flag(`${name}.serviceAccount.create`, true, 'Make a service account.'),
    text(
      `${name}.serviceAccount.name`,
      '',
      'Its name, or that of an existing one; empty: made of the release.',
    ),
    textMap(`${name}.serviceAccount.annotations`, {}, 'Annotations of the service account.'),
  ];
}

/** Values of its HTTP server and of network access. */
export function networkValues({ name }: Component): readonly ChartValue[] {
  return [
    textMap(`${name}.service.annotations`, {}, 'Annotations of its Service.'),
    flag(`${name}.networkPolicy.enabled`, true, 'A NetworkPolicy: nothing comes in but to its HTTP port.'),
    objects(`${name}.networkPolicy.from`, [], 'Who may come in; empty: whoever reaches the Pod.'),
    objects(`${name}.networkPolicy.egress`, [], 'Egress rules; empty: everything may be called.'),
  ];
}

/** Values of the service account and its permissions. */
export function rightsValues({ name }: Component, switches: readonly ChartValue[]): readonly ChartValue[] {
  return [
    flag(
      `${name}.rbac.create`,
      true,
      'Make Roles and bindings, generated from the rights that the code uses.',
    ),
    ...switches,
  ];
}

/** Values shared by all programs. */
export const COMMON: readonly ChartValue[] = [
  text('nameOverride', '', 'In the place of `hangar` in names.'),
  text('fullnameOverride', '', 'In the place of release and chart in names.'),
  textMap('commonLabels', {}, 'Labels of every object.'),
  text(
    'image.registry',
    '',
    'Where the images of Hangar are, such as `registry.acme.test/ci`; before every repository.',
  ),
  text('image.pullPolicy', 'IfNotPresent', 'As Kubernetes writes it.'),
  texts('image.pullSecrets', [], 'Names of Secrets in the namespace of the release.'),
];
