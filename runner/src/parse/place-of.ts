import type { FieldPath } from '../pipeline/pipeline.ts';
import type { ErrorPlace } from '../pipeline/pipeline-error.ts';
import type { YamlNode } from './yaml-node.ts';

function below(node: YamlNode, part: string | number): YamlNode | undefined {
  if (node.kind === 'seq') return typeof part === 'number' ? node.items[part] : undefined;
  if (node.kind !== 'map') return undefined;
  return node.entries.find(([key]) => key.kind === 'scalar' && key.text === part)?.[1];
}

/** A value of a document. */
export interface FoundNode {
  /** The value, or the innermost one around it that is there. */
  readonly node: YamlNode;
  readonly isThere: boolean;
}

/** Looks for a value by its path. Pure. */
export function nodeAt(tree: YamlNode, path: FieldPath): FoundNode {
  let node = tree;
  for (const part of path) {
    const next = below(node, part);
    if (next === undefined) return { node, isThere: false };
    node = next;
  }
  return { node, isThere: true };
}

/** Where a value is in the text; of one that is absent, where the value around it is. Pure. */
export function placeOf(tree: YamlNode, path: FieldPath): ErrorPlace {
  const { line, column } = nodeAt(tree, path).node;
  return { line, column };
}
