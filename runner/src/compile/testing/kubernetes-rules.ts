import type {
  V1Container,
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  V1Secret,
  V1SecurityContext,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { FILES_VOLUME } from '../../pipeline/compiled.ts';
import { placementObjections } from './placement-rules.ts';

/**
 * Returns the errors that the API server would report for a Pod and its Secrets, implemented independently of the compiler from the API's
 * documentation. Empty = valid.
 */
export function objections(pod: V1Pod, secrets: readonly V1Secret[]): readonly string[] {
  const { spec } = pod;
  if (spec === undefined) return ['no spec'];
  const { volumes = [], initContainers = [] } = spec;
  const containers = [...initContainers, ...spec.containers];
  const volumeNames = volumes.map(({ name }) => name);
  return [
    ...doubles(
      'container',
      containers.map(({ name }) => name),
    ),
    ...doubles('volume', volumeNames),
    ...containers.flatMap((container) => containerObjections(container, new Set(volumeNames))),
    ...volumes
      .filter((volume) => Object.keys(volume).length !== 2)
      .map(({ name }) => `volume ${name} needs one source`),
    ...metadataObjections(pod.metadata ?? {}),
    ...secrets.flatMap(secretObjections),
    ...references(spec, secrets),
    ...specObjections(spec),
  ];
}

function specObjections(spec: V1PodSpec): readonly string[] {
  const { nodeSelector = {}, hostAliases = [], activeDeadlineSeconds = 0 } = spec;
  return [
    ...(spec.nodeName === undefined ? [] : ['nodeName with scheduling gates']),
    ...pairObjections('selector', nodeSelector),
    ...placementObjections(spec),
    ...hostAliases.flatMap(({ hostnames = [] }) => hostnames.filter((name) => !isSubdomain(name))),
    ...(Number.isInteger(activeDeadlineSeconds) && activeDeadlineSeconds > 0
      ? []
      : ['activeDeadlineSeconds']),
  ];
}

const pairObjections = (what: string, pairs: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(pairs).flatMap(([key, value]) =>
    isKey(key) && isValue(value) ? [] : [`${what} ${key}=${value}`],
  );

const isSubdomain = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
const isLabel = (text: string): boolean => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
const isValue = (text: string): boolean =>
  text.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(text);
const isKey = (text: string): boolean =>
  /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text);

function doubles(what: string, names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `two of ${what} ${name}`);
}

function containerObjections(container: V1Container, volumes: ReadonlySet<string>): readonly string[] {
  const { name, image = '', volumeMounts = [], env = [] } = container;
  const problems = [
    ...(isLabel(name) ? [] : ['name']),
    ...(image === '' || image.trim() !== image ? ['image'] : []),
    ...doubles(
      'mount',
      volumeMounts.map(({ mountPath }) => mountPath),
    ),
    ...doubles(
      'variable',
      env.map((variable) => variable.name),
    ),
    ...volumeMounts.flatMap((mount) => mountObjections(mount, volumes)),
    ...env
      .filter((variable) => !/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(variable.name))
      .map((variable) => `variable ${variable.name}`),
    ...securityObjections(container.securityContext ?? {}),
    ...resourceObjections(container),
  ];
  return problems.map((problem) => `${name}: ${problem}`);
}

function mountObjections(
  { name, mountPath, subPath = '' }: V1VolumeMount,
  volumes: ReadonlySet<string>,
): readonly string[] {
  return [
    ...(volumes.has(name) ? [] : [`no volume ${name}`]),
    ...(mountPath === '' || mountPath.includes(':') ? [`mount at ${mountPath}`] : []),
    ...(subPath.startsWith('/') || subPath.split('/').includes('..') ? [`subPath ${subPath}`] : []),
  ];
}

function securityObjections(context: V1SecurityContext): readonly string[] {
  const { privileged, allowPrivilegeEscalation, runAsUser = 0, runAsGroup = 0 } = context;
  const profiles = [context.seccompProfile, context.appArmorProfile].filter((one) => one !== undefined);
  const isContradiction = privileged === true && allowPrivilegeEscalation === false;
  return [
    ...(isContradiction ? ['privileged without escalation'] : []),
    ...profiles
      .filter(({ type, localhostProfile }) => (type === 'Localhost') !== (localhostProfile !== undefined))
      .map(({ type }) => `profile ${type}`),
    ...profiles.filter(({ localhostProfile = '' }) => /^\/|\.\./.test(localhostProfile)).map(() => 'path'),
    ...[runAsUser, runAsGroup].filter((id) => id < 0 || id > 2147483647).map((id) => `id ${id}`),
  ];
}

const SIZES: Readonly<Record<string, number>> = { '': 1, m: 0.001, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

function quantity(text: string): number {
  const match = /^(\d+)(|m|Ki|Mi|Gi)$/.exec(text);
  return match === null ? NaN : Number(match[1]) * (SIZES[match[2] ?? ''] ?? NaN);
}

function resourceObjections({ name, resources }: V1Container): readonly string[] {
  const { requests = {}, limits = {} } = resources ?? {};
  const odd = [...Object.values(requests), ...Object.values(limits)].filter((text) => !(quantity(text) > 0));
  const over = Object.entries(requests).filter(
    ([kind, text]) => quantity(text) > quantity(limits[kind] ?? text),
  );
  return [
    ...odd.map((text) => `${name}: quantity ${text}`),
    ...over.map(([kind]) => `${name}: requests more ${kind} than its limit`),
  ];
}

function metadataObjections({
  name = '',
  namespace = '',
  labels = {},
  annotations = {},
}: V1ObjectMeta): readonly string[] {
  const size = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + key.length + Buffer.byteLength(value),
    0,
  );
  return [
    ...(isSubdomain(name) ? [] : ['name of the Pod']),
    ...(isLabel(namespace) ? [] : ['namespace']),
    ...pairObjections('label', labels),
    ...Object.keys(annotations)
      .filter((key) => !isKey(key.toLowerCase()))
      .map((key) => `annotation ${key}`),
    ...(size > 256 * 1024 ? ['annotations too large'] : []),
  ];
}

function secretObjections({ metadata, data }: V1Secret): readonly string[] {
  const entries = Object.entries(data ?? {});
  const size = entries.reduce((sum, [, text]) => sum + Buffer.from(text, 'base64').length, 0);
  return [
    ...(isSubdomain(metadata?.name ?? '') ? [] : [`name of Secret ${metadata?.name}`]),
    ...entries.filter(([key]) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key)).map(([key]) => `key ${key}`),
    ...(size > 1024 * 1024 ? [`Secret ${metadata?.name} too large`] : []),
  ];
}

/** All keys that the Pod's files use, with the Secret that should contain them. */
function fileKeys({ volumes = [] }: V1PodSpec): readonly (readonly [string | undefined, string])[] {
  return volumes
    .filter(({ name }) => name === FILES_VOLUME)
    .flatMap(({ secret, projected }) => [
      { name: secret?.secretName, items: secret?.items },
      ...(projected?.sources ?? []).map((source) => ({
        name: source.secret?.name,
        items: source.secret?.items,
      })),
    ])
    .flatMap(({ name, items = [] }) => items.map(({ key }) => [name, key] as const));
}

/** Every key that the Pod references must exist in the referenced Secret. */
function references(spec: V1PodSpec, secrets: readonly V1Secret[]): readonly string[] {
  const has = (name: string | undefined, key: string): boolean =>
    secrets.some(({ metadata, data }) => metadata?.name === name && Object.hasOwn(data ?? {}, key));
  const refs = spec.containers
    .flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.secretKeyRef))
    .filter((ref) => ref !== undefined)
    .map(({ name, key }) => [name, key] as const);
  return [...fileKeys(spec), ...refs]
    .filter(([name, key]) => !has(name, key))
    .map(([name, key]) => `no ${key} in ${name}`);
}
