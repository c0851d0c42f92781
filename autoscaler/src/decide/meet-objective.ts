import { nodesWithin } from '../capacity/node-spec.ts';
import type { NodeShape } from '../capacity/shape.ts';
import type { Guardrails } from './guardrails.ts';

/** A number of nodes and its simulated wait in seconds; undefined: not simulated. */
export interface SizedWait<T> {
  readonly size: T;
  readonly wait: number | undefined;
}

/** Attempts with a larger pool when the simulated wait is too long: each step is larger than the one before; the first is a twentieth. */
const MOST_TRIES = 5;

/**
 * The smallest size from `first` on whose simulated wait meets the objective, or the last that was tried.
 *
 * @param grow returns a size that is larger by this many twentieths of the first one; the same size: it can't grow further
 */
export function meetObjective<T>(
  first: T,
  grow: (size: T, twentieths: number) => T,
  wait: (size: T) => number | undefined,
  objectiveSeconds: number,
): SizedWait<T> {
  let tried: SizedWait<T> = { size: first, wait: wait(first) };
  for (let nth = 1; nth <= MOST_TRIES; nth += 1) {
    if (tried.wait === undefined || tried.wait <= objectiveSeconds) break;
    const size = grow(tried.size, nth);
    if (size === tried.size) break;
    tried = { size, wait: wait(size) };
  }
  return tried;
}

/** A number of nodes within the bounds that always hold. */
export function bounded(
  nodes: number,
  { minNodes, maxNodes, quota }: Guardrails,
  { allocatable }: Pick<NodeShape, 'allocatable'>,
): number {
  return Math.min(maxNodes, Math.max(minNodes, Math.min(nodes, nodesWithin(quota, allocatable))));
}
