import type { ChartValue } from '../values/chart-value.ts';

/** A node in the tree of values: a value, or a parent of others. */
export type Nested = { readonly value: ChartValue } | { readonly children: ReadonlyMap<string, Nested> };

/** Converts flat paths to a tree, in their order. Pure. @throws where a value is a parent too */
export function nest(values: readonly ChartValue[]): ReadonlyMap<string, Nested> {
  return branch(values.map((value) => ({ words: value.path.split('.'), value })));
}

interface Placed {
  readonly words: readonly string[];
  readonly value: ChartValue;
}

function branch(placed: readonly Placed[]): ReadonlyMap<string, Nested> {
  const names = [...new Set(placed.map(({ words: [first = ''] }) => first))];
  return new Map(names.map((name) => [name, nestedOf(placed.filter(({ words }) => words[0] === name))]));
}

function nestedOf(below: readonly Placed[]): Nested {
  const leaf = below.find(({ words }) => words.length === 1);
  if (leaf === undefined)
    return { children: branch(below.map(({ words, value }) => ({ words: words.slice(1), value }))) };
  if (below.length > 1) throw new Error(`${leaf.value.path} is a value and a parent, or appears twice`);
  return { value: leaf.value };
}
