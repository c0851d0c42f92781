type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * RFC 7386; with `byName` lists of named things are merged by name, which is as much of a strategic merge as fakes need.
 *
 * @returns a new value; nothing given is changed
 */
export function merged(value: unknown, patch: unknown, byName = false): unknown {
  if (byName && isNamedList(value) && isNamedList(patch)) return mergedLists(value, patch);
  if (!isTree(patch)) return patch;
  const result: Record<string, unknown> = isTree(value) ? { ...value } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete result[key];
    else if (change !== undefined) result[key] = merged(result[key], change, byName);
  }
  return result;
}

type Named = Tree & { readonly name: string };

const isNamedList = (value: unknown): value is readonly Named[] =>
  Array.isArray(value) && value.every((one) => isTree(one) && typeof one['name'] === 'string');

function mergedLists(list: readonly Named[], patch: readonly Named[]): unknown[] {
  const changed = list.map((one) => {
    const change = patch.find((other) => other.name === one.name);
    return change ? merged(one, change, true) : one;
  });
  return [...changed, ...patch.filter((one) => !list.some((other) => other.name === one.name))];
}
