import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from './objects.ts';
import { ApiError, badRequest } from './status-errors.ts';

type Container = JsonRecord | unknown[];

/**
 * Applies an RFC 6902 patch to a copy of a document.
 *
 * @throws {ApiError} 400 for a patch that cannot be read, 422 for one that does not apply
 */
export function applyJsonPatch(document: JsonRecord, patch: unknown): JsonRecord {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  const root: JsonRecord = { document: structuredClone(document) };
  for (const operation of patch) {
    if (!isRecord(operation)) throw badRequest('error decoding patch: an operation must be an object');
    applyOperation(root, operation);
  }
  return isRecord(root['document']) ? root['document'] : {};
}

function applyOperation(root: JsonRecord, operation: JsonRecord): void {
  const path = pointer(operation['path']);
  switch (operation['op']) {
    case 'add':
      return add(root, path, operation['value']);
    case 'replace':
      remove(root, path);
      return add(root, path, operation['value']);
    case 'remove':
      return remove(root, path);
    case 'test':
      if (isDeepStrictEqual(read(root, path), operation['value'])) return;
      throw unappliable();
    case 'copy':
      return add(root, path, structuredClone(read(root, pointer(operation['from']))));
    case 'move': {
      const moved = read(root, pointer(operation['from']));
      remove(root, pointer(operation['from']));
      return add(root, path, moved);
    }
    default:
      throw unappliable();
  }
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string') throw unappliable();
  return [
    'document',
    ...path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
  ];
}

function holderOf(root: JsonRecord, path: string[]): [Container, string] {
  let here: unknown = root;
  for (const part of path.slice(0, -1)) here = child(here, part);
  if (!isRecord(here) && !Array.isArray(here)) throw unappliable();
  return [here, path.at(-1) ?? ''];
}

function child(here: unknown, part: string): unknown {
  if (Array.isArray(here)) return here[Number(part)] as unknown;
  return isRecord(here) ? here[part] : undefined;
}

function read(root: JsonRecord, path: string[]): unknown {
  const [holder, key] = holderOf(root, path);
  return child(holder, key);
}

function add(root: JsonRecord, path: string[], value: unknown): void {
  const [holder, key] = holderOf(root, path);
  if (Array.isArray(holder)) holder.splice(key === '-' ? holder.length : Number(key), 0, value);
  else holder[key] = value;
}

function remove(root: JsonRecord, path: string[]): void {
  const [holder, key] = holderOf(root, path);
  if (child(holder, key) === undefined) throw unappliable();
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

function unappliable(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request');
}
