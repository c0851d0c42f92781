import { isDeepStrictEqual } from 'node:util';
import { type JsonRecord, recordOf, textOf } from '@hangar/shared/json';
import { ApiError, badRequest } from './status-errors.ts';

/**
 * Applies the operations `replace` and `test` of an RFC 6902 patch to a copy of a document.
 *
 * @throws {ApiError} 400 for a patch that cannot be read, 422 for one that does not apply
 */
export function applyJsonPatch(document: JsonRecord, patch: unknown): JsonRecord {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  const result = structuredClone(document);
  for (const operation of patch) if (!applies(result, operation)) throw unappliable();
  return result;
}

function unappliable(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request');
}

/** Changes `document`; false when the operation does not fit it. */
function applies(document: JsonRecord, operation: unknown): boolean {
  const { op, path, value } = recordOf(operation);
  const keys = textOf(path).split('/').slice(1).map(unescaped);
  const key = keys.pop() ?? '';
  const holder = keys.reduce<unknown>(member, document);
  if (op === 'test') return isDeepStrictEqual(member(holder, key), value);
  if (op !== 'replace' || member(holder, key) === undefined) return false;
  Object.assign(holder as object, { [key]: value });
  return true;
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function member(holder: unknown, key: string): unknown {
  if (Array.isArray(holder)) return holder[Number(key)] as unknown;
  return recordOf(holder)[key];
}
