import type { NodeTraits } from './scheduling.ts';
import type { NodeShape, Resources } from './shape.ts';

/** A node as the scheduler sees it. */
export interface NodeSpec {
  readonly allocatable: NodeShape['allocatable'];
  readonly traits?: NodeTraits;
  /** What DaemonSets hold from the start, and how many Pods they are. */
  readonly daemonSets?: Resources & { readonly pods: number };
}

/** CPU, memory and a number of Pods: what is free on a node, or left in a quota. */
export interface FreeResources extends Resources {
  readonly pods: number;
}

/** Pods with this request that fit into the free resources; whole, ≥ 0. A request of zero takes none of that resource. */
export function podsThatFit(free: FreeResources, request: Resources): number {
  const per = (amount: number, each: number): number => (each > 0 ? Math.floor(amount / each) : Infinity);
  return Math.max(
    0,
    Math.min(
      per(free.cpuMillicores, request.cpuMillicores),
      per(free.memoryBytes, request.memoryBytes),
      free.pods,
    ),
  );
}

/** What Pods may use of a node with nothing but its DaemonSets. */
export const freeOnEmpty = ({ allocatable, daemonSets }: NodeSpec): FreeResources => ({
  cpuMillicores: allocatable.cpuMillicores - (daemonSets?.cpuMillicores ?? 0),
  memoryBytes: allocatable.memoryBytes - (daemonSets?.memoryBytes ?? 0),
  pods: allocatable.pods - (daemonSets?.pods ?? 0),
});

/** Pods with this request that an empty node holds. */
export const podsOnEmptyNode = (node: NodeSpec, request: Resources): number =>
  podsThatFit(freeOnEmpty(node), request);

/** Whole nodes of this size within a quota of CPU and memory. */
export const nodesWithin = (quota: Resources, node: Resources): number =>
  podsThatFit({ ...quota, pods: Infinity }, node);
