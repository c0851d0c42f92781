import { randomInt } from 'node:crypto';
import type { V1ObjectMeta } from '@kubernetes/client-node';

/** A type of the Kubernetes client as it is on the wire, where times are RFC 3339 text. */
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

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Five letters as the API server appends to `generateName`. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('');
}
