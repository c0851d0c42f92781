import { invalidValue, notSupported } from '../api/field-errors.ts';
import type { FieldError } from '../api/status-errors.ts';

/** Fields that the server can name at all. */
const CONVERTIBLE = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'spec.hostNetwork',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

/** What a variable may show. */
export const VARIABLE_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** What a downward-API file may show. */
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** Faults of a `fieldRef`; `path` is that of its fieldPath. */
export function fieldPathFaults(fieldPath: string, path: string, supported: readonly string[]): FieldError[] {
  if (/^metadata\.(annotations|labels)\['.+'\]$/.test(fieldPath)) return [];
  if (!CONVERTIBLE.has(fieldPath)) {
    const detail = `error converting fieldPath: field label not supported: ${fieldPath}`;
    return [invalidValue(path, fieldPath, detail)];
  }
  return supported.includes(fieldPath) ? [] : [notSupported(path, fieldPath, supported)];
}
