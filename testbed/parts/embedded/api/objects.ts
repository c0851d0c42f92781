import { randomInt } from 'node:crypto';
import type { V1ObjectMeta } from '@kubernetes/client-node';

/** A type of the Kubernetes client as it stands on the wire, where times are RFC 3339 text. */
export type OnWire<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: OnWire<T[Key]> } : T;

/** Metadata of a stored object. */
export type ObjectMeta = OnWire<
  V1ObjectMeta & Required<Pick<V1ObjectMeta, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'>>
>;

/** Any API object; kinds that the testbed reads into have their own type. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export type JsonRecord = Record<string, unknown>;

/** Whether a JSON value is an object (neither null nor an array). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one: for reading what a caller may have left out. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** The value if it is an array of objects, else none. */
export function recordsOf(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The value if it is text, else empty. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Five letters as the API server appends to `generateName`. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('');
}
