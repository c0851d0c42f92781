import type { NodeShape } from '../capacity/shape.ts';
import { type Guardrails, guarded } from './guardrails.ts';
import { bounded } from './meet-objective.ts';

/** A pool at a tick. Room is counted in Pods of the typical request. */
export interface PoolState {
  /** Nodes that exist or are being created. */
  readonly nodes: number;
  readonly bootingNodes: number;
  /** Ready nodes that accept builds and hold none. */
  readonly emptyNodes: number;
  /** Free room on the ready nodes that accept builds. */
  readonly readyRoomPods: number;
  /** Room of an empty node; 0: the typical Pod is too large for it. */
  readonly podsPerNode: number;
  /** New nodes that the waiting Pods need, because no free piece of a node holds them. */
  readonly newNodesForWaiting: number;
  /** When it last grew by our decision; undefined: never. */
  readonly grewAtMs: number | undefined;
  readonly allocatable: NodeShape['allocatable'];
}

/** Nodes that the objective demands, by a simulation of the waits. */
export interface ObjectiveNodes {
  /** Enough for the work as it packs, and then more until the simulated wait is short enough. */
  readonly nodes: number;
  /** The part of `nodes` that the simulation added. */
  readonly added: number;
}

/** The room that a pool should have, in Pods of the typical request. */
export interface RoomWanted {
  /** Waiting Pods; a large one counts as several. */
  readonly waitingPods: number;
  /** Free room for future arrivals, beside room for waiting Pods. */
  readonly bufferPods: number;
  /** Free room, beside room for waiting Pods, below which no empty node is closed. */
  readonly keepPods: number;
  /** Undefined: the room alone decides. */
  readonly objective: ObjectiveNodes | undefined;
}

/** How many nodes a pool needs now. */
export interface PoolNeed {
  /** The nodes that should exist now: when there are fewer, the difference is to be ordered. */
  readonly needNodes: number;
  /** Empty nodes may be closed down to this number; ≥ `needNodes`. */
  readonly shrinkToNodes: number;
  /** The next size of this pool: the need, held by the nodes with builds and by the guardrails. */
  readonly desiredNodes: number;
  /** Nodes that are needed beyond what the guardrails allow. */
  readonly shortNodes: number;
  /** Nodes for future work: beyond what runs and waits. */
  readonly spareNodes: number;
  /** The change that the room demands, before the objective and the guardrails: more nodes, or fewer. */
  readonly changeByRoom: number;
  readonly objective: ObjectiveNodes | undefined;
  /** The guardrails that changed `desiredNodes`, as text. */
  readonly held: readonly string[];
}

/** Room of whole nodes must not be lost to rounding. */
const ROUNDING = 1e-9;

/** Bounds of a pool before the guardrails. */
interface Bounds {
  readonly needNodes: number;
  readonly shrinkToNodes: number;
}

function boundsByRoom(pool: PoolState, wanted: RoomWanted): Bounds {
  const { nodes, podsPerNode, readyRoomPods } = pool;
  // Nothing of the usual size fits: more such nodes would not help, and the present ones have their reason.
  if (podsPerNode === 0) return { needNodes: nodes, shrinkToNodes: nodes };
  const roomPods = readyRoomPods + pool.bootingNodes * podsPerNode;
  const wantedRoom = wanted.waitingPods + wanted.bufferPods;
  const keptRoom = wanted.waitingPods + Math.max(wanted.bufferPods, wanted.keepPods);
  const byRoom = nodes + Math.ceil((wantedRoom - roomPods) / podsPerNode - ROUNDING);
  const byPieces = pool.newNodesForWaiting > 0 ? nodes + pool.newNodesForWaiting : 0;
  const needNodes = Math.max(byRoom, byPieces, 0);
  // Booting nodes don't replace nodes that are ready.
  const shrinkToNodes = nodes - Math.floor((readyRoomPods - keptRoom) / podsPerNode + ROUNDING);
  return { needNodes, shrinkToNodes: Math.max(needNodes, shrinkToNodes) };
}

function withObjective(
  byRoom: Bounds,
  { podsPerNode }: PoolState,
  objective: ObjectiveNodes | undefined,
): Bounds {
  if (objective === undefined || objective.added === 0 || podsPerNode === 0) return byRoom;
  return {
    needNodes: Math.max(byRoom.needNodes, objective.nodes),
    shrinkToNodes: Math.max(byRoom.shrinkToNodes, objective.nodes),
  };
}

/** Nodes of which `emptyNodes` may go: as many as the need allows. */
const nextSize = ({ nodes, emptyNodes }: PoolState, { needNodes, shrinkToNodes }: Bounds): number =>
  Math.max(needNodes, nodes - Math.max(0, Math.min(emptyNodes, nodes - shrinkToNodes)));

function spareNodesOf({ podsPerNode }: PoolState, { bufferPods, objective }: RoomWanted): number {
  if (podsPerNode === 0) return 0;
  return Math.ceil(bufferPods / podsPerNode - ROUNDING) + (objective?.added ?? 0);
}

/** The number of nodes that a pool needs for this room. The same input gives the same answer. */
export function poolNeed(pool: PoolState, wanted: RoomWanted, rails: Guardrails, nowMs: number): PoolNeed {
  const { nodes, grewAtMs, allocatable, podsPerNode } = pool;
  const byRoom = boundsByRoom(pool, wanted);
  const bounds = withObjective(byRoom, pool, wanted.objective);
  const next = nextSize(pool, bounds);
  const { nodes: desiredNodes, held } = guarded(next, { nodes, grewAtMs, nowMs, node: allocatable }, rails);
  const within = (count: number): number => bounded(count, rails, { allocatable });
  return {
    needNodes: within(bounds.needNodes),
    shrinkToNodes: within(bounds.shrinkToNodes),
    desiredNodes,
    shortNodes: Math.max(0, next - desiredNodes),
    spareNodes: Math.min(desiredNodes, spareNodesOf(pool, wanted)),
    changeByRoom: nextSize(pool, byRoom) - nodes,
    objective: podsPerNode === 0 ? undefined : wanted.objective,
    held,
  };
}
