import type { NodeTraits } from './scheduling.ts';
import type { NodeShape, Resources } from './shape.ts';

/** A node as the scheduler sees it. */
export interface NodeSpec {
  readonly allocatable: NodeShape['allocatable'];
  readonly traits?: NodeTraits;
  /** What DaemonSets hold from the start, and how many Pods they are. */
  readonly daemonSets?: Resources & { readonly pods: number };
}

/** Pods of this size that an empty node holds. */
export function roomOnEmpty({ allocatable, daemonSets }: NodeSpec, request: Resources): number {
  const per = (all: number, held: number, each: number): number =>
    each > 0 ? Math.floor((all - held) / each) : Infinity;
  return Math.max(
    0,
    Math.min(
      per(allocatable.cpuMillicores, daemonSets?.cpuMillicores ?? 0, request.cpuMillicores),
      per(allocatable.memoryBytes, daemonSets?.memoryBytes ?? 0, request.memoryBytes),
      allocatable.pods - (daemonSets?.pods ?? 0),
    ),
  );
}
