import type { FieldPath } from '../pipeline/pipeline.ts';
import type { ErrorPlace } from '../pipeline/pipeline-error.ts';
import type { YamlNode } from './yaml-node.ts';

function below(node: YamlNode, part: string | number): YamlNode | undefined {
  if (node.kind === 'seq') return typeof part === 'number' ? node.items[part] : undefined;
  if (node.kind !== 'map') return undefined;
  return node.entries.find(([key]) => key.kind === 'scalar' && key.text === part)?.[1];
}

/** Where a value is in the text; of one that is absent, where the value around it is. Pure. */
export function placeOf(tree: YamlNode, path: FieldPath): ErrorPlace {
  let found = tree;
  for (const part of path) {
    const next = below(found, part);
    if (next === undefined) break;
    found = next;
  }
  const { line, column } = found;
  return { line, column };
}
