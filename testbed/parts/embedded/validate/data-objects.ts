import { recordOf, textOf } from '@hangar/shared/json';
import type { KubeObject } from '../api/objects.ts';
import type { FieldErrors } from './field-errors.ts';
import { configKeyErrors } from './names.ts';

const LARGEST_BYTES = 1024 * 1024;
const DOCKER_CONFIG_KEY = '.dockerconfigjson';

/** Checks a Secret: keys, total size, and the keys that its type demands. */
export function validateSecret(errors: FieldErrors, secret: KubeObject): void {
  const data = recordOf(secret['data']);
  validateKeys(errors, data);
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + decoded(value).length, 0);
  if (bytes > LARGEST_BYTES) errors.tooLong('data', LARGEST_BYTES);
  if (secret['type'] !== 'kubernetes.io/dockerconfigjson') return;
  const path = `data[${DOCKER_CONFIG_KEY}]`;
  if (!Object.hasOwn(data, DOCKER_CONFIG_KEY)) return errors.required(path);
  try {
    JSON.parse(decoded(data[DOCKER_CONFIG_KEY]).toString());
  } catch {
    errors.invalid(path, '<secret contents redacted>', 'unexpected end of JSON input');
  }
}

/** Checks a ConfigMap: keys and total size. */
export function validateConfigMap(errors: FieldErrors, configMap: KubeObject): void {
  const data = { ...recordOf(configMap['data']), ...recordOf(configMap['binaryData']) };
  validateKeys(errors, data);
  if (JSON.stringify(data).length > LARGEST_BYTES) errors.tooLong('', LARGEST_BYTES);
}

/** Checks a change to a Secret or ConfigMap against what stood before. */
export function validateDataUpdate(errors: FieldErrors, before: KubeObject, after: KubeObject): void {
  const detail = 'field is immutable when `immutable` is set';
  if (before['type'] !== after['type']) errors.invalid('type', after['type'], 'field is immutable');
  if (before['immutable'] !== true) return;
  if (after['immutable'] !== true) errors.forbidden('immutable', detail);
  if (JSON.stringify(before['data']) !== JSON.stringify(after['data'])) errors.forbidden('data', detail);
}

/** Checks a Lease: its duration. */
export function validateLease(errors: FieldErrors, lease: KubeObject): void {
  const { leaseDurationSeconds: seconds } = recordOf(lease['spec']);
  if (typeof seconds === 'number' && seconds <= 0)
    errors.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
}

function validateKeys(errors: FieldErrors, data: Record<string, unknown>): void {
  for (const key of Object.keys(data)) errors.invalid(`data[${key}]`, key, ...configKeyErrors(key));
}

function decoded(value: unknown): Buffer {
  return Buffer.from(textOf(value), 'base64');
}
