import { type FoundNode, nodeAt } from '../../parse/place-of.ts';
import type { YamlNode } from '../../parse/yaml-node.ts';
import { nodesWith } from '../../parse/yaml-subtree.ts';
import type { FieldPath } from '../../pipeline/pipeline.ts';
import type { ErrorPlace } from '../../pipeline/pipeline-error.ts';

/**
 * Tells which findings may only be there because values of a wrong type were left out: those about such a value or one around it, and those
 * about a name whose declaration cannot be read. Pure.
 */
export function dueToTypeErrors(tree: YamlNode, places: readonly ErrorPlace[]): (at: FieldPath) => boolean {
  const affected = nodesWith(tree, places);
  const isWrong = ({ line, column }: YamlNode): boolean =>
    places.some((place) => place.line === line && place.column === column);
  const isAffected = ({ node, isThere }: FoundNode): boolean =>
    isThere ? affected.has(node) : isWrong(node);
  const hasUnreadableNames = ['steps', 'services'].some((list) => namesIn(tree, list).some(isWrong));
  const { node: volumes, isThere } = nodeAt(tree, ['volumes']);
  const hasUnreadableVolumes = isThere && affected.has(volumes);
  return (at) =>
    isAffected(nodeAt(tree, at)) ||
    (hasUnreadableNames && at[2] === 'depends_on') ||
    (hasUnreadableVolumes && at[2] === 'volumes' && at.at(-1) === 'name');
}

/** All that names the items of a list: the list, the items and their names. */
function namesIn(tree: YamlNode, key: string): readonly YamlNode[] {
  const { node: list, isThere } = nodeAt(tree, [key]);
  if (!isThere) return [];
  const items = list.kind === 'seq' ? list.items : [];
  return [list, ...items, ...items.map((item) => nodeAt(item, ['name']).node)];
}
