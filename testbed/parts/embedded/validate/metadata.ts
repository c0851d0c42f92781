import { invalidValue, required, tooLong } from '../api/field-errors.ts';
import type { KubeObject } from '../api/objects.ts';
import { NAMESPACES, type Resource } from '../api/resources.ts';
import type { FieldError } from '../api/status-errors.ts';
import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelValueFaults,
  type NameCheck,
  qualifiedNameFaults,
} from './names.ts';

const LARGEST_ANNOTATIONS_BYTES = 256 * 1024;

/** Faults of an object's metadata: name, labels, annotations, owners. */
export function metadataFaults(resource: Resource, object: KubeObject): FieldError[] {
  const { metadata } = object;
  return [
    ...nameFaults(resource, object),
    ...labelFaults(metadata.labels ?? {}),
    ...annotationFaults(metadata.annotations ?? {}),
    ...ownerFaults(object),
    ...finalizerFaults(metadata.finalizers ?? []),
  ];
}

function nameFaults(resource: Resource, { metadata }: KubeObject): FieldError[] {
  const check: NameCheck = resource.plural === NAMESPACES.plural ? dnsLabelFaults : dnsSubdomainFaults;
  const faults: FieldError[] = [];
  if (metadata.generateName !== undefined) {
    const base = metadata.generateName.replace(/-$/, 'a');
    const texts = check(base);
    faults.push(...texts.map((text) => invalidValue('metadata.generateName', metadata.generateName, text)));
  }
  if (metadata.name === '') return [...faults, required('metadata.name', 'name or generateName is required')];
  return [
    ...faults,
    ...check(metadata.name).map((text) => invalidValue('metadata.name', metadata.name, text)),
  ];
}

function labelFaults(labels: Record<string, string>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((text) => invalidValue('metadata.labels', key, text)),
    ...labelValueFaults(value).map((text) => invalidValue('metadata.labels', value, text)),
  ]);
}

function annotationFaults(annotations: Record<string, string>): FieldError[] {
  const keys = Object.keys(annotations).flatMap((key) =>
    qualifiedNameFaults(key.toLowerCase()).map((text) => invalidValue('metadata.annotations', key, text)),
  );
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return bytes > LARGEST_ANNOTATIONS_BYTES
    ? [...keys, tooLong('metadata.annotations', LARGEST_ANNOTATIONS_BYTES)]
    : keys;
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

function finalizerFaults(finalizers: readonly string[]): FieldError[] {
  const unnamed = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizers.flatMap((name, index) => [
    ...qualifiedNameFaults(name).map((text) => invalidValue('metadata.finalizers', name, text)),
    ...(name.includes('/') || STANDARD_FINALIZERS.includes(name)
      ? []
      : [invalidValue(`metadata.finalizers[${index}]`, name, unnamed)]),
  ]);
}

const OWNER_FIELDS = ['apiVersion', 'kind', 'name', 'uid'] as const;

function ownerFaults({ metadata }: KubeObject): FieldError[] {
  return (metadata.ownerReferences ?? []).flatMap((owner) =>
    OWNER_FIELDS.filter((field) => (owner[field] ?? '') === '').map((field) =>
      invalidValue(
        `metadata.ownerReferences.${field}`,
        owner[field] ?? '',
        field === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
      ),
    ),
  );
}
