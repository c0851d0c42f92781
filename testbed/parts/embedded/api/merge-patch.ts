import { isRecord, type JsonRecord } from '@hangar/shared/json';

/** Applies an RFC 7386 merge patch: null removes, objects merge, everything else replaces. */
export function applyMergePatch(document: JsonRecord, patch: JsonRecord): JsonRecord {
  const result: JsonRecord = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isRecord(value)) result[key] = applyMergePatch(isRecord(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

/** Lists that Kubernetes merges by a key; all others are replaced whole (tolerations among them). */
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

/**
 * Applies a strategic merge patch for the types that this server keeps; of the directives it knows `$patch: delete`
 * for items of lists.
 */
export function applyStrategicMerge(document: JsonRecord, patch: JsonRecord): JsonRecord {
  const result: JsonRecord = { ...document };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergedField(key, result[key], value);
  }
  return result;
}

function mergedField(key: string, current: unknown, value: unknown): unknown {
  if (isRecord(value)) return applyStrategicMerge(isRecord(current) ? current : {}, value);
  if (!Array.isArray(value)) return value;
  const list: unknown[] = value;
  const existing: unknown[] = Array.isArray(current) ? current : [];
  // The one list of plain values that is merged as a set.
  if (key === 'finalizers') return [...new Set([...existing, ...list])];
  const mergeKey = MERGE_KEYS[key];
  return mergeKey === undefined ? list : mergedList(existing, list, mergeKey);
}

/** Merges lists of objects by a key. */
function mergedList(existing: unknown[], patch: unknown[], key: string): unknown[] {
  const items = patch.filter(isRecord);
  const current = existing.filter(isRecord);
  const named = new Set(items.map((item) => item[key]));
  const left = items
    .filter((item) => item['$patch'] !== 'delete')
    .map((item) => applyStrategicMerge(current.find((one) => one[key] === item[key]) ?? {}, item));
  const right = current.filter((one) => !named.has(one[key]));
  return inServerOrder(left, right, (item) => current.findIndex((one) => one[key] === item[key]));
}

/** The server's order: what the patch names and what it leaves out keep their places, what is new comes first. */
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
