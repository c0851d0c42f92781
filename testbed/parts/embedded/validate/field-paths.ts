import type { FieldErrors } from './field-errors.ts';

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

/** Fields that the server can name at all. */
const CONVERTIBLE: ReadonlySet<string> = new Set([
  ...VARIABLE_FIELDS,
  ...FILE_FIELDS,
  ...['spec.restartPolicy', 'spec.schedulerName', 'spec.hostNetwork', 'status.phase'],
]);

/** Checks a `fieldRef`; `path` is that of its fieldPath. */
export function validateFieldPath(
  errors: FieldErrors,
  fieldRef: { readonly fieldPath: string } | undefined,
  path: string,
  supported: readonly string[],
): void {
  const field = fieldRef?.fieldPath;
  if (field === undefined || /^metadata\.(annotations|labels)\['.+'\]$/.test(field)) return;
  if (CONVERTIBLE.has(field)) errors.supported(path, field, supported);
  else errors.invalid(path, field, `error converting fieldPath: field label not supported: ${field}`);
}
