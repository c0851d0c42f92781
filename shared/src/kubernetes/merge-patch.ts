import { isRecord, type JsonRecord, recordOf } from '../json.ts';

/**
 * Applies an RFC 7386 merge patch: null removes, objects merge, everything else replaces; undefined has no effect. Does not change its
 * inputs.
 */
export function mergePatch(document: JsonRecord, patch: JsonRecord): JsonRecord {
  const result: JsonRecord = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isRecord(value)) result[key] = mergePatch(recordOf(result[key]), value);
    else if (value !== undefined) result[key] = value;
  }
  return result;
}

/** Lists that Kubernetes merges by a key; all others are replaced (tolerations among them). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  schedulingGates: 'name',
  resourceClaims: 'name',
  topologySpreadConstraints: 'topologyKey',
  ownerReferences: 'uid',
  conditions: 'type',
  addresses: 'type',
  secrets: 'name',
};

/** Lists of plain values that are merged as sets. */
const MERGED_SETS = new Set(['finalizers']);

/**
 * Applies a strategic merge patch, with `$patch: delete|replace`, `$deleteFromPrimitiveList` and `$retainKeys`, for the types that
 * Hangar writes and fake servers keep; undefined has no effect. Does not change its inputs.
 */
export function strategicMergePatch(document: JsonRecord, patch: JsonRecord): JsonRecord {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const result: JsonRecord = retainedOf(document, patch['$retainKeys']);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) applyDirective(result, key, value);
    else if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergedField(key, result[key], value);
  }
  return result;
}

function mergedField(key: string, current: unknown, value: unknown): unknown {
  if (isRecord(value)) return strategicMergePatch(recordOf(current), value);
  if (!Array.isArray(value)) return value;
  const list: unknown[] = value;
  const existing: unknown[] = Array.isArray(current) ? current : [];
  if (MERGED_SETS.has(key)) return [...new Set([...existing, ...list])];
  const mergeKey = MERGE_KEYS[key];
  return mergeKey === undefined ? list : mergedList(existing, list, mergeKey);
}

/** Merges lists of objects by a key. */
function mergedList(existing: unknown[], patch: unknown[], key: string): unknown[] {
  const items = patch.filter(isRecord);
  const current = items.some(isReplaceMarker) ? [] : existing.filter(isRecord);
  const named = new Set(items.map((item) => item[key]));
  const left = items
    .filter((item) => !isReplaceMarker(item) && item['$patch'] !== 'delete')
    .map((item) => strategicMergePatch(current.find((one) => one[key] === item[key]) ?? {}, item));
  const right = current.filter((one) => !named.has(one[key]));
  return inServerOrder(left, right, (item) => current.findIndex((one) => one[key] === item[key]));
}

/** The server's order: items in the patch and items that it does not mention keep their places, new items come first. */
function inServerOrder(
  left: JsonRecord[],
  right: JsonRecord[],
  placeOf: (item: JsonRecord) => number,
): JsonRecord[] {
  const [first, other] = [left[0], right[0]];
  if (first === undefined) return right;
  if (other === undefined) return left;
  return placeOf(first) < placeOf(other)
    ? [first, ...inServerOrder(left.slice(1), right, placeOf)]
    : [other, ...inServerOrder(left, right.slice(1), placeOf)];
}

function isReplaceMarker(item: JsonRecord): boolean {
  return item['$patch'] === 'replace' && Object.keys(item).length === 1;
}

function retainedOf(document: JsonRecord, retain: unknown): JsonRecord {
  if (!Array.isArray(retain)) return { ...document };
  return Object.fromEntries(Object.entries(document).filter(([key]) => retain.includes(key)));
}

const DELETE_FROM = '$deleteFromPrimitiveList/';

function applyDirective(result: JsonRecord, directive: string, value: unknown): void {
  if (!directive.startsWith(DELETE_FROM) || !Array.isArray(value)) return;
  const field = directive.slice(DELETE_FROM.length);
  const current = result[field];
  if (Array.isArray(current)) result[field] = current.filter((item) => !value.includes(item));
}

function withoutDirectives(patch: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}
