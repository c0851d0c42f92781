import { recordOf, textOf } from '../api/objects.ts';
import type { Container, EnvFrom, EnvVar, KeyRef, Pod } from '../api/pod.ts';
import type { Store } from '../api/store.ts';
import { fieldValue, resourceValue } from './field-refs.ts';

/** A container that cannot be configured, with the kubelet's words. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The environment that a container asks for: envFrom first, then env in order with `$(NAME)` expanded from what
 * stands before.
 *
 * @throws {ConfigError} when a Secret, ConfigMap or key that is not optional is missing
 */
export function environmentOf(store: Store, pod: Pod, container: Container): Record<string, string> {
  const result: Record<string, string> = {};
  for (const source of container.envFrom ?? []) Object.assign(result, importedFrom(store, pod, source));
  for (const variable of container.env ?? []) {
    const value = valueOf(store, pod, container, variable);
    if (value !== undefined)
      result[variable.name] = variable.valueFrom === undefined ? expand(value, result) : value;
  }
  return result;
}

function importedFrom(store: Store, pod: Pod, source: EnvFrom): Record<string, string> {
  const ref = source.secretRef ?? source.configMapRef;
  if (ref === undefined) return {};
  const kind = source.secretRef === undefined ? 'configmaps' : 'secrets';
  const data = dataOf(store, { kind, namespace: namespaceOf(pod), name: ref.name });
  if (data === undefined && ref.optional !== true)
    throw new ConfigError(`${wordOf(kind)} "${ref.name}" not found`);
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [`${source.prefix ?? ''}${key}`, value]),
  );
}

function valueOf(
  store: Store,
  pod: Pod,
  container: Container,
  { value, valueFrom }: EnvVar,
): string | undefined {
  if (valueFrom === undefined) return value ?? '';
  if (valueFrom.fieldRef !== undefined) return fieldValue(pod, valueFrom.fieldRef.fieldPath);
  if (valueFrom.resourceFieldRef !== undefined)
    return resourceValue(pod, container.name, valueFrom.resourceFieldRef);
  if (valueFrom.secretKeyRef !== undefined) return keyValue(store, pod, 'secrets', valueFrom.secretKeyRef);
  return valueFrom.configMapKeyRef === undefined
    ? undefined
    : keyValue(store, pod, 'configmaps', valueFrom.configMapKeyRef);
}

type DataKind = 'secrets' | 'configmaps';

function keyValue(store: Store, pod: Pod, kind: DataKind, ref: KeyRef): string | undefined {
  const namespace = namespaceOf(pod);
  const data = dataOf(store, { kind, namespace, name: ref.name });
  const value = data?.[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  if (data === undefined) throw new ConfigError(`${wordOf(kind)} "${ref.name}" not found`);
  throw new ConfigError(
    `couldn't find key ${ref.key} in ${kind === 'secrets' ? 'Secret' : 'ConfigMap'} ${namespace}/${ref.name}`,
  );
}

function wordOf(kind: DataKind): string {
  return kind === 'secrets' ? 'secret' : 'configmap';
}

function namespaceOf(pod: Pod): string {
  return pod.metadata.namespace ?? '';
}

/** Names a Secret or ConfigMap. */
export interface DataRef {
  readonly kind: DataKind;
  readonly namespace: string;
  readonly name: string;
}

/** The data of a Secret (decoded) or ConfigMap as bytes; undefined when there is none. */
export function bytesOf(
  store: Store,
  { kind, namespace, name }: DataRef,
): Record<string, Buffer> | undefined {
  const object = store.get(kind, namespace, name);
  if (object === undefined) return undefined;
  const decoded = (data: unknown, encoding: 'base64' | 'utf8'): [string, Buffer][] =>
    Object.entries(recordOf(data)).map(([key, value]) => [key, Buffer.from(textOf(value), encoding)]);
  return Object.fromEntries(
    kind === 'secrets'
      ? decoded(object['data'], 'base64')
      : [...decoded(object['data'], 'utf8'), ...decoded(object['binaryData'], 'base64')],
  );
}

/** The same as text. */
export function dataOf(store: Store, ref: DataRef): Record<string, string> | undefined {
  const bytes = bytesOf(store, ref);
  if (bytes === undefined) return undefined;
  return Object.fromEntries(Object.entries(bytes).map(([key, value]) => [key, value.toString('utf8')]));
}

/** Kubernetes' `$(NAME)`: known names are replaced, unknown ones stay, `$$` is one `$`. */
export function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return name !== undefined && Object.hasOwn(known, name) ? (known[name] ?? '') : whole;
  });
}
