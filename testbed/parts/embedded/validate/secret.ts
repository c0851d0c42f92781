import { invalidValue, required, tooLong } from '../api/field-errors.ts';
import { type KubeObject, recordOf } from '../api/objects.ts';
import type { FieldError } from '../api/status-errors.ts';
import { configKeyFaults } from './names.ts';

const LARGEST_BYTES = 1024 * 1024;
const DOCKER_CONFIG_KEY = '.dockerconfigjson';

/** Faults of a Secret: keys, total size, and the keys that its type demands. */
export function secretFaults(secret: KubeObject): FieldError[] {
  const data = recordOf(secret['data']);
  const keys = Object.keys(data).flatMap((key) =>
    configKeyFaults(key).map((text) => invalidValue(`data[${key}]`, key, text)),
  );
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + decoded(value).length, 0);
  const size = bytes > LARGEST_BYTES ? [tooLong('data', LARGEST_BYTES)] : [];
  return [...keys, ...size, ...dockerConfigFaults(secret, data)];
}

function decoded(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64');
}

function dockerConfigFaults(secret: KubeObject, data: Record<string, unknown>): FieldError[] {
  if (secret['type'] !== 'kubernetes.io/dockerconfigjson') return [];
  const path = `data[${DOCKER_CONFIG_KEY}]`;
  if (!Object.hasOwn(data, DOCKER_CONFIG_KEY)) return [required(path)];
  try {
    JSON.parse(decoded(data[DOCKER_CONFIG_KEY]).toString());
    return [];
  } catch {
    return [invalidValue(path, '<secret contents redacted>', 'unexpected end of JSON input')];
  }
}

/** Faults of a ConfigMap: keys and total size. */
export function configMapFaults(configMap: KubeObject): FieldError[] {
  const data = { ...recordOf(configMap['data']), ...recordOf(configMap['binaryData']) };
  const keys = Object.keys(data).flatMap((key) =>
    configKeyFaults(key).map((text) => invalidValue(`data[${key}]`, key, text)),
  );
  return JSON.stringify(data).length > LARGEST_BYTES ? [...keys, tooLong('', LARGEST_BYTES)] : keys;
}
