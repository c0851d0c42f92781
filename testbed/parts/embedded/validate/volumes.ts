import { duplicate, forbiddenField, invalidValue, required } from '../api/field-errors.ts';
import type { KeyToPath, Volume } from '../api/pod.ts';
import type { FieldError } from '../api/status-errors.ts';
import { FILE_FIELDS, fieldPathFaults } from './field-paths.ts';
import { dnsLabelFaults } from './names.ts';

const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const LARGEST_MODE = 0o777;

/** Faults of `spec.volumes`, and the names that mounts may use: only of volumes without fault. */
export function volumeFaults(volumes: readonly Volume[]): { faults: FieldError[]; names: Set<string> } {
  const names = new Set<string>();
  const faults: FieldError[] = [];
  volumes.forEach((volume, index) => {
    const path = `spec.volumes[${index}]`;
    const own = [...sourceFaults(volume, path), ...nameFaults(volume.name ?? '', `${path}.name`)];
    if (names.has(volume.name)) own.push(duplicate(`${path}.name`, volume.name));
    if (own.length === 0) names.add(volume.name);
    faults.push(...own);
  });
  return { faults, names };
}

function nameFaults(name: string, path: string): FieldError[] {
  return name === '' ? [required(path)] : dnsLabelFaults(name).map((text) => invalidValue(path, name, text));
}

function sourceFaults(volume: Volume, path: string): FieldError[] {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== null);
  const [first, second] = sources;
  if (first === undefined) return [required(path, 'must specify a volume type')];
  if (second !== undefined) {
    return [forbiddenField(`${path}.${second}`, 'may not specify more than 1 volume type')];
  }
  return [...hostPathFaults(volume, path), ...secretFaults(volume, path), ...downwardFaults(volume, path)];
}

function hostPathFaults({ hostPath }: Volume, path: string): FieldError[] {
  if (hostPath === undefined) return [];
  if ((hostPath.path ?? '') === '') return [required(`${path}.hostPath.path`)];
  return backstepFaults(hostPath.path, `${path}.hostPath.path`);
}

function secretFaults({ secret, configMap }: Volume, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (secret !== undefined) {
    if ((secret.secretName ?? '') === '') faults.push(required(`${path}.secret.secretName`));
    faults.push(...modeFaults(secret.defaultMode, `${path}.secret.defaultMode`));
    faults.push(...itemFaults(secret.items ?? [], `${path}.secret.items`));
  }
  if (configMap !== undefined) {
    if ((configMap.name ?? '') === '') faults.push(required(`${path}.configMap.name`));
    faults.push(...itemFaults(configMap.items ?? [], `${path}.configMap.items`));
  }
  return faults;
}

function downwardFaults({ downwardAPI }: Volume, path: string): FieldError[] {
  return (downwardAPI?.items ?? []).flatMap(({ path: file, fieldRef }) => [
    ...(fieldRef === undefined
      ? []
      : fieldPathFaults(fieldRef.fieldPath, `${path}.downwardAPI.fieldRef.fieldPath`, FILE_FIELDS)),
    ...backstepFaults(file, `${path}.downwardAPI.path`),
  ]);
}

function itemFaults(items: readonly KeyToPath[], path: string): FieldError[] {
  return items.flatMap((item, index) => {
    const here = `${path}[${index}]`;
    const faults: FieldError[] = [];
    if ((item.key ?? '') === '') faults.push(required(`${here}.key`));
    if ((item.path ?? '') === '') faults.push(required(`${here}.path`));
    if (item.path.startsWith('/')) {
      faults.push(invalidValue(`${here}.path`, item.path, 'must be a relative path'));
    }
    return [
      ...faults,
      ...backstepFaults(item.path, `${here}.path`),
      ...modeFaults(item.mode, `${here}.mode`),
    ];
  });
}

function backstepFaults(value: string, path: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

function modeFaults(mode: number | undefined, path: string): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= LARGEST_MODE)
    ? []
    : [invalidValue(path, mode, MODE_TEXT)];
}
