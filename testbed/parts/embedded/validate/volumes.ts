import type { PodSpec } from '../api/pod.ts';
import type { FieldErrors } from './field-errors.ts';
import { FILE_FIELDS, validateFieldPath } from './field-paths.ts';
import { dnsLabelErrors } from './names.ts';

type Volume = NonNullable<PodSpec['volumes']>[number];
type Items = NonNullable<Volume['secret']>['items'];

const LARGEST_MODE = 0o777;

/** Checks `spec.volumes`; answers the names that mounts may use: only of volumes without an error. */
export function validateVolumes(errors: FieldErrors, volumes: readonly Volume[]): ReadonlySet<string> {
  const names = new Set<string>();
  volumes.forEach((volume, index) => {
    const path = `spec.volumes[${index}]`;
    const before = errors.list.length;
    validateSource(errors, volume, path);
    if ((volume.name ?? '') === '') errors.required(`${path}.name`);
    else errors.invalid(`${path}.name`, volume.name, ...dnsLabelErrors(volume.name));
    if (names.has(volume.name)) errors.duplicate(`${path}.name`, volume.name);
    if (errors.list.length === before) names.add(volume.name);
  });
  return names;
}

function validateSource(errors: FieldErrors, volume: Volume, path: string): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== null);
  const [first, second] = sources;
  if (first === undefined) errors.required(path, 'must specify a volume type');
  if (second !== undefined)
    return errors.forbidden(`${path}.${second}`, 'may not specify more than 1 volume type');
  validateContents(errors, volume, path);
}

function validateContents(errors: FieldErrors, volume: Volume, path: string): void {
  const { hostPath, image } = volume;
  if (image !== undefined && !image.reference) errors.required(`${path}.image.reference`);
  if (hostPath !== undefined) {
    if (!hostPath.path) errors.required(`${path}.hostPath.path`);
    validateNoBackstep(errors, hostPath.path, `${path}.hostPath.path`);
  }
  validateProjected(errors, volume, path);
}

function validateProjected(
  errors: FieldErrors,
  { secret, configMap, downwardAPI }: Volume,
  path: string,
): void {
  if (secret !== undefined) {
    if (!secret.secretName) errors.required(`${path}.secret.secretName`);
    validateMode(errors, secret.defaultMode, `${path}.secret.defaultMode`);
    validateItems(errors, secret.items, `${path}.secret.items`);
  }
  if (configMap !== undefined) {
    if (!configMap.name) errors.required(`${path}.configMap.name`);
    validateItems(errors, configMap.items, `${path}.configMap.items`);
  }
  for (const { path: file, fieldRef } of downwardAPI?.items ?? []) {
    validateFieldPath(errors, fieldRef, `${path}.downwardAPI.fieldRef.fieldPath`, FILE_FIELDS);
    validateNoBackstep(errors, file, `${path}.downwardAPI.path`);
  }
}

function validateItems(errors: FieldErrors, items: Items = [], path: string): void {
  items.forEach(({ key, path: file, mode }, index) => {
    const here = `${path}[${index}]`;
    if ((key ?? '') === '') errors.required(`${here}.key`);
    if ((file ?? '') === '') errors.required(`${here}.path`);
    if (file?.startsWith('/')) errors.invalid(`${here}.path`, file, 'must be a relative path');
    validateNoBackstep(errors, file, `${here}.path`);
    validateMode(errors, mode, `${here}.mode`);
  });
}

function validateNoBackstep(errors: FieldErrors, value = '', path: string): void {
  if (value.split('/').includes('..')) errors.invalid(path, value, "must not contain '..'");
}

function validateMode(errors: FieldErrors, mode: number | undefined, path: string): void {
  if (mode === undefined || (mode >= 0 && mode <= LARGEST_MODE)) return;
  errors.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
}
