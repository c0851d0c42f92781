import type { V1OwnerReference } from '@kubernetes/client-node';
import type { KubeObject } from '../api/objects.ts';
import { type ApiResource, NAMESPACES } from '../api/resources.ts';
import type { FieldErrors } from './field-errors.ts';
import { dnsLabelErrors, dnsSubdomainErrors, labelValueErrors, qualifiedNameErrors } from './names.ts';

const LARGEST_ANNOTATIONS_BYTES = 256 * 1024;
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];
const OWNER_FIELDS = ['apiVersion', 'kind', 'name', 'uid'] as const;

/** Checks an object's metadata: name, labels, annotations, owners, finalizers. */
export function validateMetadata(errors: FieldErrors, resource: ApiResource, { metadata }: KubeObject): void {
  validateName(errors, resource, metadata);
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    errors.invalid('metadata.labels', key, ...qualifiedNameErrors(key));
    errors.invalid('metadata.labels', value, ...labelValueErrors(value));
  }
  validateAnnotations(errors, metadata.annotations ?? {});
  for (const owner of metadata.ownerReferences ?? []) validateOwner(errors, owner);
  validateFinalizers(errors, metadata.finalizers ?? []);
}

function validateOwner(errors: FieldErrors, owner: V1OwnerReference): void {
  for (const field of OWNER_FIELDS) {
    if ((owner[field] ?? '') !== '') continue;
    const detail = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
    errors.invalid(`metadata.ownerReferences.${field}`, '', detail);
  }
}

function validateName(errors: FieldErrors, resource: ApiResource, metadata: KubeObject['metadata']): void {
  const { name, generateName } = metadata;
  const check = resource.plural === NAMESPACES.plural ? dnsLabelErrors : dnsSubdomainErrors;
  if (generateName !== undefined) {
    errors.invalid('metadata.generateName', generateName, ...check(generateName.replace(/-$/, 'a')));
  }
  if (name === '') errors.required('metadata.name', 'name or generateName is required');
  else errors.invalid('metadata.name', name, ...check(name));
}

function validateAnnotations(errors: FieldErrors, annotations: Record<string, string>): void {
  for (const key of Object.keys(annotations)) {
    errors.invalid('metadata.annotations', key, ...qualifiedNameErrors(key.toLowerCase()));
  }
  const bytes = Buffer.byteLength(Object.entries(annotations).flat().join(''));
  if (bytes > LARGEST_ANNOTATIONS_BYTES) errors.tooLong('metadata.annotations', LARGEST_ANNOTATIONS_BYTES);
}

function validateFinalizers(errors: FieldErrors, finalizers: readonly string[]): void {
  finalizers.forEach((name, index) => {
    errors.invalid('metadata.finalizers', name, ...qualifiedNameErrors(name));
    if (name.includes('/') || STANDARD_FINALIZERS.includes(name)) return;
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    errors.invalid(`metadata.finalizers[${index}]`, name, detail);
  });
}
