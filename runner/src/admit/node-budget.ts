import { type Admission, type Load, requestText } from './admit.ts';
import type { BuildNode, Room } from './build-node.ts';
import { isOpenTo, type Placement, suits } from './placement.ts';

/** What a stage needs of one node. */
export interface NodeWish {
  readonly asks: Load;
  readonly placement: Placement;
  /** Where it was admitted to, if the scheduler has not decided yet. */
  readonly node?: string | undefined;
}

/** What is taken on one node. */
export interface NodeLoad {
  readonly node: string;
  readonly asks: Room;
}

/** What admitted Pods take of nodes. */
export interface NodeLoads {
  /** Pods on their nodes. */
  readonly bound: readonly NodeLoad[];
  /** Pods that have no node yet; first those that were admitted to one. */
  readonly pending: readonly NodeWish[];
}

/** The nodes of the cluster. */
export interface NodeView {
  /** Those that exist; undefined: not listed yet. */
  readonly nodes: readonly BuildNode[] | undefined;
  /** The same, and those that are gone: they may come back. */
  readonly everSeen: readonly BuildNode[];
}

/** The room on nodes, for decisions of one moment: a stage that waits keeps its nodes from those that are asked about after it. */
export interface NodeLook {
  judge(wish: NodeWish): Admission;
}

/** Admission by what single nodes can hold. */
export interface NodeBudget {
  /** @param reserved what other replicas have admitted lately, by stage */
  look(reserved?: ReadonlyMap<number, NodeLoad>): NodeLook;
}

/**
 * First fit on single nodes: what fits on no node waits, though the sum of what is free may be enough. The scheduler may place in another
 * way; a Pod that finds no room then is pending, and nothing is admitted to its nodes before it. Pure.
 */
export function lookAtNodes({ nodes, everSeen }: NodeView, { bound, pending }: NodeLoads): NodeLook {
  const free = new Map(nodes?.map(({ name, room }) => [name, room]));
  for (const { node, asks } of bound) take(free, node, asks);
  for (const wish of pending) placeFirst(nodes ?? [], free, wish);
  return {
    judge: (wish) => {
      if (nodes === undefined) return waiting('the nodes of the cluster are not listed yet');
      // Who scales nodes must see the Pod, or none is added for it.
      if (nodes.some((node) => node.scaler !== undefined && suits(node, wish.placement)))
        return { kind: 'admitted' };
      const node = placeFirst(nodes, free, wish);
      if (node !== undefined) return { kind: 'admitted', node };
      const suitable = everSeen.filter((one) => suits(one, wish.placement));
      return isTooLarge(wish, suitable) ? refused(wish, suitable) : waiting(whyNone(wish, nodes, suitable));
    },
  };
}

/**
 * On the node that it was admitted to, so that all replicas count alike, or on the first with room. Without one, nothing else goes to the
 * nodes that it waits for.
 */
function placeFirst(
  nodes: readonly BuildNode[],
  free: Map<string, Room>,
  { asks, placement, node }: NodeWish,
): string | undefined {
  const able = nodes.filter((one) => holds(one.room, asks) && isOpenTo(one, placement));
  const withRoom = able.filter(({ name }) => holds(free.get(name) ?? NO_ROOM, asks));
  const first = withRoom.find(({ name }) => name === node) ?? withRoom[0];
  if (first === undefined) for (const { name } of able) free.set(name, NO_ROOM);
  else take(free, first.name, asks);
  return first?.name;
}

const NO_ROOM: Room = { pods: 0, cpuMillicores: 0, memoryBytes: 0 };

function take(free: Map<string, Room>, name: string, asks: Room): void {
  const room = free.get(name) ?? NO_ROOM;
  free.set(name, {
    pods: room.pods - asks.pods,
    cpuMillicores: room.cpuMillicores - asks.cpuMillicores,
    memoryBytes: room.memoryBytes - asks.memoryBytes,
  });
}

/** What requests nothing of a kind fits where nothing of it is free, as for the scheduler. */
const holds = (room: Room, asks: Room): boolean =>
  (['pods', 'cpuMillicores', 'memoryBytes'] as const).every(
    (key) => asks[key] === 0 || asks[key] <= room[key],
  );

const isTooLarge = ({ asks }: NodeWish, suitable: readonly BuildNode[]): boolean =>
  suitable.length > 0 && !suitable.some(({ room }) => holds(room, asks));

const waiting = (text: string): Admission => ({ kind: 'waiting', reason: 'budget-nodes', text });

const refused = ({ asks }: NodeWish, { length }: readonly BuildNode[]): Admission => ({
  kind: 'refused',
  text: `the pipeline requests ${requestText(asks)}, more than any of the ${length} nodes that it may be scheduled to can hold`,
});

function whyNone(
  { asks, placement }: NodeWish,
  nodes: readonly BuildNode[],
  suitable: readonly BuildNode[],
): string {
  if (suitable.length === 0)
    return 'no node has the labels that this pipeline requires and only taints that it tolerates';
  const open = nodes.filter((node) => holds(node.room, asks) && isOpenTo(node, placement));
  const wants = `needs ${requestText(asks)} on one node`;
  return open.length === 0
    ? `this pipeline ${wants}, and none of the nodes that can hold it is ready and schedulable`
    : `this pipeline ${wants}, and none of the ${open.length} nodes that can hold it has so much free`;
}
