import type { ErrorPlace } from '../pipeline/pipeline-error.ts';
import type { YamlNode } from './yaml-node.ts';

const textOf = ({ line, column }: ErrorPlace): string => `${line}:${column}`;

/** The same tree with null in the place of one scalar that has a tag; undefined if there is none. Aliases stay shared. Pure. */
export function withoutScalar(tree: YamlNode, place: ErrorPlace): YamlNode | undefined {
  const copies = new Map<YamlNode, YamlNode>();
  const copied = (node: YamlNode): YamlNode => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    const copy = copyOf(node);
    copies.set(node, copy);
    return copy;
  };
  let isFound = false;
  const copyOf = (node: YamlNode): YamlNode => {
    if (node.kind === 'seq') return { ...node, items: node.items.map(copied) };
    if (node.kind === 'map')
      return { ...node, entries: node.entries.map(([key, value]) => [copied(key), copied(value)] as const) };
    if (node.tag === '' || textOf(node) !== textOf(place)) return node;
    isFound = true;
    return { ...node, text: '', plain: true, tag: '' };
  };
  const copy = copied(tree);
  return isFound ? copy : undefined;
}

/** The nodes at these places, and all that have one of them below. Pure. */
export function nodesWith(tree: YamlNode, places: readonly ErrorPlace[]): ReadonlySet<YamlNode> {
  const wanted = new Set(places.map(textOf));
  const found = new Map<YamlNode, boolean>();
  const has = (node: YamlNode): boolean => {
    const known = found.get(node);
    if (known !== undefined) return known;
    // All children are looked at, since each of them may be asked for.
    const below = childrenOf(node).map(has).some(Boolean);
    const isFound = below || wanted.has(textOf(node));
    found.set(node, isFound);
    return isFound;
  };
  if (wanted.size > 0) has(tree);
  return new Set([...found].flatMap(([node, isFound]) => (isFound ? [node] : [])));
}

function childrenOf(node: YamlNode): readonly YamlNode[] {
  if (node.kind === 'seq') return node.items;
  return node.kind === 'map' ? node.entries.flat() : [];
}
