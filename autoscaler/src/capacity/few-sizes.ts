import { type NodeSpec, podsOnEmptyNode } from './node-spec.ts';
import type { Resources } from './shape.ts';
import type { SizeClass } from './size-class.ts';

/** Up to so many distinct sizes are packed and simulated as they are: the cost of both is quadratic in them. */
export const MOST_SIZES = 64;

const keyOf = ({ request: { cpuMillicores, memoryBytes } }: SizeClass): string =>
  `${cpuMillicores}/${memoryBytes}`;

/** Reads no further than needed: this is asked for each kind of node. */
function areFew(classes: readonly SizeClass[]): boolean {
  if (classes.length <= MOST_SIZES) return true;
  const keys = new Set<string>();
  return classes.every((one) => keys.add(keyOf(one)).size <= MOST_SIZES);
}

/** 0: more than half of `whole`, 1: more than a quarter of it, and so on; the last of the levels holds all that is smaller. */
const levelOf = (amount: number, whole: number, levels: number): number =>
  Math.max(0, Math.min(levels - 1, Math.floor(Math.log2(Math.max(1, whole) / Math.max(1, amount)))));

function mergedBy(classes: readonly SizeClass[], cellOf: (request: Resources) => number): SizeClass[] {
  const cells = new Map<number, { cpuMillicores: number; memoryBytes: number; count: number }>();
  for (const { request, count } of classes) {
    const cell = cellOf(request);
    const so = cells.get(cell);
    cells.set(cell, {
      cpuMillicores: Math.max(so?.cpuMillicores ?? 0, request.cpuMillicores),
      memoryBytes: Math.max(so?.memoryBytes ?? 0, request.memoryBytes),
      count: (so?.count ?? 0) + count,
    });
  }
  return [...cells.values()].map(({ count, ...request }) => ({ request, count }));
}

/**
 * The same Pods in a bounded number of sizes, so that neither a lying runner nor a tenant's Pods of all sizes stop the decisions.
 * Up to {@link MOST_SIZES} distinct sizes stay exactly as they are. Of more, those in one power of two of a node are rounded up to
 * the largest of them: none gets less than it requests. A Pod that fits on an empty node of one of the kinds still does, and one
 * that fits on none still doesn't, because only Pods with the same answer share a size.
 *
 * @param kinds the nodes that they are packed onto; a few
 */
export function fewSizes(classes: readonly SizeClass[], kinds: readonly NodeSpec[]): readonly SizeClass[] {
  if (areFew(classes)) return classes;
  const levels = Math.max(2, Math.floor(Math.sqrt(MOST_SIZES / Math.max(1, kinds.length))));
  const byKind = Map.groupBy(classes, ({ request }) =>
    kinds.findIndex((node) => podsOnEmptyNode(node, request) > 0),
  );
  const few = [...byKind].flatMap(([at, members]) => {
    const whole = kinds[at]?.allocatable;
    if (whole === undefined) return mergedBy(members, () => 0);
    const level = (key: keyof Resources, request: Resources): number =>
      levelOf(request[key], whole[key], levels);
    return mergedBy(
      members,
      (request) => level('cpuMillicores', request) * levels + level('memoryBytes', request),
    );
  });
  return few.toSorted(
    ({ request: one }, { request: other }) =>
      other.cpuMillicores - one.cpuMillicores || other.memoryBytes - one.memoryBytes,
  );
}
