import { recordOf, textOf } from '@hangar/shared/json';
import type { Container, Pod } from '../api/pod.ts';
import type { ObjectStore } from '../api/store.ts';
import { fieldValue } from './field-refs.ts';

/** A container that cannot be created yet, with the kubelet's reason and message. */
export class ContainerConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly reason: string;

  constructor(message: string, reason = 'CreateContainerConfigError') {
    super(message);
    this.reason = reason;
  }
}

/** Kinds that hold data, by their names in the store. */
export type DataKind = 'secrets' | 'configmaps';

interface DataRef {
  readonly name?: string;
  readonly optional?: boolean;
}

/**
 * The environment of a container: envFrom first, then env in order with `$(NAME)` expanded from what
 * stands before.
 *
 * @throws {ContainerConfigError} when a Secret, ConfigMap or key that is not optional is missing
 */
export function containerEnvironment(
  store: ObjectStore,
  pod: Pod,
  container: Container,
): Record<string, string> {
  const sources = container.envFrom ?? [];
  const result = Object.fromEntries(sources.flatMap((source) => importedFrom(store, pod, source)));
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const found = valueFrom === undefined ? expand(value, result) : valueOf(store, pod, valueFrom);
    if (found !== undefined) result[name] = found;
  }
  return result;
}

type ImportSource = NonNullable<Container['envFrom']>[number];

function importedFrom(
  store: ObjectStore,
  pod: Pod,
  { prefix = '', secretRef, configMapRef }: ImportSource,
): [string, string][] {
  const kind = secretRef === undefined ? 'configmaps' : 'secrets';
  const data = referredData(store, pod, kind, secretRef ?? configMapRef ?? {}) ?? {};
  return Object.entries(data).map(([key, value]) => [`${prefix}${key}`, value.toString('utf8')]);
}

type ValueSource = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

function valueOf(
  store: ObjectStore,
  pod: Pod,
  { fieldRef, secretKeyRef, configMapKeyRef }: ValueSource,
): string | undefined {
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath);
  const ref = secretKeyRef ?? configMapKeyRef;
  if (ref === undefined) return undefined;
  const kind = secretKeyRef === undefined ? 'configmaps' : 'secrets';
  const value = referredData(store, pod, kind, ref)?.[ref.key];
  if (value !== undefined || ref.optional === true) return value?.toString('utf8');
  const subject = `${kind === 'secrets' ? 'Secret' : 'ConfigMap'} ${pod.metadata.namespace}/${ref.name}`;
  throw new ContainerConfigError(`couldn't find key ${ref.key} in ${subject}`);
}

function referredData(
  store: ObjectStore,
  pod: Pod,
  kind: DataKind,
  { name = '', optional }: DataRef,
): Record<string, Buffer> | undefined {
  const data = dataOf(store, pod, kind, name);
  if (data !== undefined || optional === true) return data;
  throw new ContainerConfigError(`${singular(kind)} "${name}" not found`);
}

/** How the kubelet names a kind in its texts. */
export function singular(kind: DataKind): string {
  return kind === 'secrets' ? 'secret' : 'configmap';
}

/** The data of a Secret (decoded) or ConfigMap of a Pod's namespace; undefined when there is none. */
export function dataOf(
  store: ObjectStore,
  { metadata }: Pod,
  kind: DataKind,
  name: string,
): Record<string, Buffer> | undefined {
  const object = store.get(kind, metadata.namespace ?? '', name);
  if (object === undefined) return undefined;
  const decoded = (data: unknown, encoding: 'base64' | 'utf8'): [string, Buffer][] =>
    Object.entries(recordOf(data)).map(([key, value]) => [key, Buffer.from(textOf(value), encoding)]);
  return Object.fromEntries([
    ...decoded(object['data'], kind === 'secrets' ? 'base64' : 'utf8'),
    ...decoded(object['binaryData'], 'base64'),
  ]);
}

/** Kubernetes' `$(NAME)`: known names are replaced, unknown ones stay, `$$` is one `$`. */
export function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return name !== undefined && Object.hasOwn(known, name) ? (known[name] ?? '') : whole;
  });
}
