import { podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { LoadLevel, NodeShape } from '../capacity/shape.ts';
import type { ModelParameters } from './parameters.ts';
import { PUBLISHED } from './parameters.ts';

/** Absorbs floating-point error before rounding up, far below the smallest margin of the table (0.099 node). */
const ROUNDING = 1e-9;
const SECONDS_PER_HOUR = 3600;

/** The limit of PRs a day that the model accepts: beyond it the result is exact but meaningless. */
export const MAX_PRS_PER_DAY = 1_000_000;

const roundUp = (value: number): number => Math.ceil(value - ROUNDING);

/**
 * Pods of the model's size that fit on a node beside its DaemonSets.
 *
 * @returns a whole number ≥ 0; 0 when not even one fits
 */
export const podsPerNode = (
  { allocatable }: NodeShape,
  { pod, daemonSets }: ModelParameters = PUBLISHED,
): number => podsOnEmptyNode({ allocatable, daemonSets: { ...daemonSets, pods: 0 } }, pod);

/** Pods per node that the model assumes: those that fit, less the unused room of large nodes (scheduling-and-scaling §4.3). */
export function podsCounted(shape: NodeShape, parameters: ModelParameters = PUBLISHED): number {
  const fit = podsPerNode(shape, parameters);
  return fit < parameters.packingFromPods ? fit : fit * parameters.packing;
}

/**
 * Pods that run at once in the busiest hour: Little's law.
 *
 * @param prsPerDay ≥ 0
 */
export function peakPods(
  prsPerDay: number,
  level: LoadLevel,
  parameters: ModelParameters = PUBLISHED,
): number {
  const perHour = prsPerDay * parameters.podsPerPr * parameters.peakHourShare;
  const surge = level === 'high' ? parameters.surge : 1;
  return ((perHour * parameters.podSeconds) / SECONDS_PER_HOUR) * surge;
}

/**
 * Nodes of a shape that carry this many PRs a day: the published model, exact in all twelve numbers.
 *
 * @param prsPerDay from 0 to {@link MAX_PRS_PER_DAY}; fractions are allowed
 * @returns whole nodes, never falling with more PRs; the same inputs give the same answer
 * @throws {RangeError} when prsPerDay is out of range, or not even one Pod fits on a node
 * @see scheduling-and-scaling §4.3
 */
export function nodesFor(
  prsPerDay: number,
  shape: NodeShape,
  level: LoadLevel,
  parameters: ModelParameters = PUBLISHED,
): number {
  if (!(prsPerDay >= 0 && prsPerDay <= MAX_PRS_PER_DAY)) {
    throw new RangeError(`PRs per day must be between 0 and ${MAX_PRS_PER_DAY}, not ${prsPerDay}`);
  }
  const perNode = podsCounted(shape, parameters);
  if (perNode === 0) throw new RangeError(`no Pod of the model fits on a node ${shape.name}`);
  const inUse = roundUp(parameters.baseNodes + peakPods(prsPerDay, level, parameters) / perNode);
  return inUse + roundUp(inUse * parameters.spareShare);
}

/**
 * What a pool of this many nodes can carry: the largest whole number of PRs a day for which {@link nodesFor} needs no more.
 *
 * @param nodes whole number ≥ 0
 * @returns PRs a day up to {@link MAX_PRS_PER_DAY}; undefined when the pool is smaller than the model's base
 * @throws {RangeError} as {@link nodesFor}
 */
export function prsCarriedBy(
  nodes: number,
  shape: NodeShape,
  level: LoadLevel,
  parameters: ModelParameters = PUBLISHED,
): number | undefined {
  if (nodesFor(0, shape, level, parameters) > nodes) return undefined;
  let carried = 0;
  let tooMany = MAX_PRS_PER_DAY + 1;
  while (tooMany - carried > 1) {
    const middle = Math.floor((carried + tooMany) / 2);
    if (nodesFor(middle, shape, level, parameters) <= nodes) carried = middle;
    else tooMany = middle;
  }
  return carried;
}
