import { isRecord, type JsonRecord, listOf, recordOf } from '@hangar/shared/json';
import { Document, isMap, isScalar } from 'yaml';
import { SETTINGS, WITHOUT_EFFECT } from '../../config/settings.ts';
import { readTypedYaml } from '../../config/yaml-values.ts';
import { AMOUNT_RULES, NAME_RULES } from '../../restrict/rule-table.ts';

/** New values for Hangar's chart, and what a person must know or do about them, one per entry. */
export interface Translation {
  readonly values: string;
  readonly remarks: readonly string[];
}

/** Helm reads `off` and `yes` as switches. */
const HELMS = { version: '1.1' } as const;

const BY_NAME = new Map(Object.values(SETTINGS).map((setting) => [setting.name, setting]));

/** Values of the previous runner's chart that Hangar's has under `runner`. */
const SAME_UNDER_RUNNER = [
  ...['serviceAccount', 'podAnnotations', 'podSecurityContext', 'resources', 'nodeSelector', 'tolerations'],
  ...['affinity', 'extraVolumes', 'extraVolumeMounts'],
];
const SAME = ['nameOverride', 'fullnameOverride'];

/** Why a value of the previous runner's chart is left out. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  image: 'it is the image of the previous runner. Set image.registry to the registry of the Hangar images',
  securityContext: 'the chart has a restricted one; runner.securityContext is merged over it',
  service: 'the Service has the port of the program; runner.service has type, port and IP families',
  ingress: 'its values are different; see runner.ingress for the web page',
  autoscaling: 'the number of replicas is runner.replicas',
};

/** Rules for what the previous runner lets pipelines choose. */
const RULES = [...Object.values(NAME_RULES), ...Object.values(AMOUNT_RULES)].filter(
  ({ sinceHangar }) => sinceHangar === undefined,
);

/**
 * Keeps Pods as unrestricted as the previous runner made them, and needs no image and no right more, whatever the chart's defaults are: each
 * line can be removed, one by one.
 */
const OPEN = {
  runner: {
    config: {
      HANGAR_COORDINATION: 'auto',
      // The image of the runner contains the gate, so one image is enough.
      HANGAR_GATE_IMAGE: '',
      HANGAR_HARDENING: 'off',
      DRONE_TMATE_ENABLED: 'true',
      HANGAR_PRIVATE_REGISTRIES: '*',
      ...Object.fromEntries(RULES.map(({ setting }) => [setting, 'any'])),
    },
  },
  jobs: { serviceAccount: { create: false }, networkPolicy: { enabled: false } },
  autoscaler: { enabled: false },
};

const OPEN_COMMENT = `What the previous runner allows, and the chart would not. Remove the lines with "Open" one by one (docs/security.md),
and each takes the default of the chart.`;

/** What each open value lets builds do, by its path. */
const COMMENTS: readonly (readonly [path: readonly string[], comment: string])[] = [
  [['runner', 'config', 'HANGAR_HARDENING'], 'Open: containers of builds may gain privileges, as root too'],
  [
    ['runner', 'config', 'DRONE_TMATE_ENABLED'],
    'Open: failed builds may offer a shell (tmate) to anyone who can read their log',
  ],
  [
    ['runner', 'config', 'HANGAR_PRIVATE_REGISTRIES'],
    'Open: the runner looks images up at registries with private addresses that pipelines name',
  ],
  ...RULES.map(({ setting, subject }) => [['runner', 'config', setting], `Open: ${subject}`] as const),
  [
    ['jobs', 'serviceAccount', 'create'],
    'Open: builds run as the default service account of their namespace',
  ],
  [['jobs', 'networkPolicy', 'enabled'], 'Open: builds may connect to the metadata service of their node'],
];

/** The values as YAML, with a comment above each that is more open than the chart. */
function withComments(values: object): string {
  const document = new Document(values, HELMS);
  const open = new Document(OPEN, HELMS);
  document.commentBefore = lines(OPEN_COMMENT);
  for (const [path, comment] of COMMENTS) {
    const map = document.getIn(path.slice(0, -1));
    const pair = isMap(map)
      ? map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      : undefined;
    // A value of the old chart may be closed: tmate is off where it says so.
    if (isScalar(pair?.key) && document.getIn(path) === open.getIn(path))
      pair.key.commentBefore = lines(comment);
  }
  return document.toString();
}

const lines = (text: string): string => text.replace(/^/gm, ' ');

/**
 * Translates values of the previous runner's chart. Pure.
 *
 * @throws {Error} if the text is no YAML map, as Helm reads it
 */
export function translateValues(text: string): Translation {
  const old = readTypedYaml(text);
  if (!isRecord(old)) throw new Error('it is not a map of values');
  const variables = variablesOf(old);
  const remarks = [...variables.remarks, ...leftOut(old)];
  const { namespace, others } = namespacesOf(old, variables.namespace);
  const values = {
    ...picked(old, SAME),
    ...(listOf(old['imagePullSecrets']).length > 0 ? { image: { pullSecrets: pullSecretsOf(old) } } : {}),
    runner: {
      ...picked(old, SAME_UNDER_RUNNER),
      ...(old['replicaCount'] === undefined ? {} : { replicas: old['replicaCount'] }),
      ...envFromOf(old),
      config: { ...OPEN.runner.config, ...variables.config },
      ...(variables.extra.length > 0 ? { extraEnv: variables.extra } : {}),
      ...rbacOf(old),
    },
    jobs: {
      ...(namespace === '' ? {} : { namespace }),
      ...(others.length > 0 ? { otherNamespaces: others } : {}),
      ...OPEN.jobs,
    },
    autoscaler: OPEN.autoscaler,
  };
  return { values: withComments(values), remarks };
}

interface Variables {
  readonly config: Readonly<Record<string, string>>;
  readonly extra: readonly { readonly name: string; readonly value: string }[];
  readonly namespace: string;
  readonly remarks: readonly string[];
}

function variablesOf(old: JsonRecord): Variables {
  const config: Record<string, string> = {};
  const extra: { name: string; value: string }[] = [];
  const { entries, unusable } = envOf(old['env']);
  const remarks: string[] = [...unusable];
  for (const [name, value] of entries) {
    const setting = BY_NAME.get(name);
    if (name === 'DRONE_NAMESPACE_DEFAULT') continue;
    if (WITHOUT_EFFECT[name] !== undefined)
      remarks.push(`env.${name} is not translated: ${WITHOUT_EFFECT[name]}`);
    else if (setting !== undefined && !setting.secret) config[name] = asTyped(value, setting.type);
    else extra.push({ name, value });
    if (setting?.secret === true)
      remarks.push(
        `env.${name} is a secret, and was moved to runner.extraEnv unchanged. It is better to store it in a Secret, and to reference that in runner.envFrom`,
      );
  }
  const namespace = entries.find(([name]) => name === 'DRONE_NAMESPACE_DEFAULT')?.[1] ?? '';
  return { config, extra, namespace, remarks };
}

/** The variables of `env`, and remarks on what is none. */
function envOf(env: unknown): {
  readonly entries: readonly (readonly [name: string, value: string])[];
  readonly unusable: readonly string[];
} {
  if (isSet(env) && !isRecord(env))
    return { entries: [], unusable: ['env is not translated: it is not a map of variables'] };
  const given = Object.entries(recordOf(env));
  return {
    entries: given.flatMap(([name, raw]) => (isText(raw) ? [[name, `${raw ?? ''}`] as const] : [])),
    unusable: given
      .filter(([, raw]) => !isText(raw))
      .map(([name]) => `env.${name} is not translated: it is not a text, a number or a switch`),
  };
}

/** What can be a variable: its text is its value. */
const isText = (raw: unknown): raw is string | number | boolean | null =>
  raw === null || ['string', 'number', 'boolean'].includes(typeof raw);

/** Switches in the spelling of the chart's schema. */
function asTyped(value: string, type: string): string {
  if (!type.startsWith('`true`')) return value;
  const word = value.trim().toLowerCase();
  return { t: 'true', f: 'false' }[word] ?? word;
}

function picked(old: JsonRecord, names: readonly string[]): JsonRecord {
  return Object.fromEntries(names.filter((name) => isSet(old[name])).map((name) => [name, old[name]]));
}

/** `{}` and `[]` are the defaults of that chart. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return !(typeof value === 'object' && Object.keys(value).length === 0);
}

function envFromOf(old: JsonRecord): JsonRecord {
  const names = [...listOf(old['extraSecretNamesForEnvFrom']), old['existingSecretName']].filter(
    (name): name is string => typeof name === 'string' && name !== '',
  );
  return names.length === 0 ? {} : { envFrom: names.map((name) => ({ secretRef: { name } })) };
}

const pullSecretsOf = (old: JsonRecord): readonly unknown[] =>
  listOf(old['imagePullSecrets']).map((one) => recordOf(one)['name'] ?? one);

function rbacOf(old: JsonRecord): JsonRecord {
  return recordOf(old['rbac'])['create'] === false ? { rbac: { create: false } } : {};
}

/** The previous runner’s default namespace is `default`; its chart makes a Role in each of `rbac.buildNamespaces`. */
function namespacesOf(old: JsonRecord, chosen: string): { namespace: string; others: readonly string[] } {
  const built = listOf(recordOf(old['rbac'])['buildNamespaces']).map(String);
  const namespace = chosen || built[0] || 'default';
  return { namespace, others: built.filter((name) => name !== namespace) };
}

function leftOut(old: JsonRecord): readonly string[] {
  const handled = [...SAME, ...SAME_UNDER_RUNNER, 'env', 'replicaCount', 'rbac', 'imagePullSecrets'];
  const names = [...handled, 'extraSecretNamesForEnvFrom', 'existingSecretName'];
  return Object.keys(old)
    .filter((name) => !names.includes(name) && isSet(old[name]))
    .map(
      (name) =>
        `${name} is not translated: ${LEFT_OUT[name] ?? 'the Hangar chart has no corresponding value'}`,
    );
}
