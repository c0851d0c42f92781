import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { mayGo, type NodeBilling } from '../../capacity/node-billing.ts';
import { CLOSING_TAINT, hasTaint, isPaused, type PoolNode } from '../../capacity/pool-node.ts';

/** A static pool as observed; frozen for one step. Times in milliseconds on the monotonic clock. */
export interface StaticPool {
  /** Nodes that the engine keeps: `spec.replicas`. */
  readonly size: number;
  readonly nodes: readonly PoolNode[];
  /** Does the pool carry a taking, even an empty one? It forbids new nodes. */
  readonly held: boolean;
  /** Nodes whose taking was ordered and that `size` still counts. */
  readonly taking: number;
  /** Of those, the ones that are not gone yet. */
  readonly leaving: number;
  /** Since when each node is closed, as far as this process knows. */
  readonly closedSinceMs: ReadonlyMap<string, number>;
}

/** How carefully nodes are taken. */
export interface RemovalRules {
  /** From a node's closing to the look whether it is empty: longer than any scheduler's view is late. Milliseconds. */
  readonly settleMs: number;
  /** A node must have been empty for so long. Milliseconds. */
  readonly emptyForMs: number;
  /** Undefined: a node may go at any age. */
  readonly billing?: NodeBilling;
  /** Nodes taken at once, at most. */
  readonly batch: number;
}

/** What to do next with the pool; one thing at a time. */
export type PoolStep =
  | { readonly do: 'nothing'; readonly text: string }
  /** Set `spec.replicas`, and end the taking under way. */
  | { readonly do: 'resize'; readonly nodes: number }
  | { readonly do: 'close'; readonly nodes: readonly PoolNode[] }
  | { readonly do: 'reopen'; readonly nodes: readonly PoolNode[] }
  /** Look whether they are still empty, and take those that are. */
  | { readonly do: 'take'; readonly nodes: readonly PoolNode[] }
  | { readonly do: 'wait'; readonly text: string };

/**
 * The next step from a pool to its desired number of nodes. Growing: reopen what was closed, then ask for more. Shrinking: close
 * empty nodes to new Pods, wait until every scheduler knows it, look again, take those very nodes, and set the smaller number only when
 * they are gone, so that the engine has no node to choose by itself.
 */
export function planPool(pool: StaticPool, wanted: number, rules: RemovalRules, nowMs: number): PoolStep {
  const closed = pool.nodes.filter((node) => hasTaint(node, CLOSING_TAINT));
  const staying = pool.size - pool.taking;
  const surplus = Math.max(0, staying - wanted);
  // Nodes that are on their way out are closed too, and stay so.
  const ready = pool.taking > 0 ? [] : closed;
  if (ready.length > surplus) return { do: 'reopen', nodes: ready.slice(surplus) };
  const mayRelease = pool.held && (pool.taking === 0 || wanted === pool.size);
  if (wanted > pool.size || mayRelease) return { do: 'resize', nodes: Math.max(wanted, pool.size) };
  if (pool.taking > 0) return finish(pool, Math.max(wanted, staying));
  if (surplus === 0) return { do: 'nothing', text: `${wanted} nodes, unchanged` };
  if (ready.length > 0) return settle(pool, ready, rules, nowMs);
  // Nodes that were ordered and are not there yet don't replace those that are.
  const beyond = pool.nodes.filter((node) => node.ready).length - wanted;
  return close(pool, Math.min(surplus, beyond, rules.batch), rules, nowMs);
}

function finish({ leaving }: StaticPool, nodes: number): PoolStep {
  if (leaving === 0) return { do: 'resize', nodes };
  return { do: 'wait', text: `${leaving} empty nodes are being removed` };
}

/** The wait for a node that a former leader closed starts anew. */
function settle(
  { closedSinceMs }: StaticPool,
  closed: readonly PoolNode[],
  { settleMs }: RemovalRules,
  nowMs: number,
): PoolStep {
  const isSettled = ({ uid }: PoolNode): boolean => nowMs - (closedSinceMs.get(uid) ?? nowMs) > settleMs;
  if (closed.every(isSettled)) return { do: 'take', nodes: closed };
  return {
    do: 'wait',
    text: `${closed.length} empty nodes are cordoned; waiting for all schedulers to observe it`,
  };
}

function close(
  { nodes }: StaticPool,
  most: number,
  { emptyForMs, billing }: RemovalRules,
  nowMs: number,
): PoolStep {
  const isOld = ({ createdMs = -Infinity }: PoolNode): boolean =>
    billing === undefined || createdMs === -Infinity || mayGo(nowMs - createdMs, billing);
  const isFree = (node: PoolNode): boolean =>
    node.builds === 0 &&
    nowMs - (node.emptySinceMs ?? nowMs) >= emptyForMs &&
    isOld(node) &&
    !isPaused(node.annotations);
  const free = nodes.filter(isFree).toSorted(bySurplus).slice(0, Math.max(0, most));
  if (free.length > 0) return { do: 'close', nodes: free };
  return { do: 'nothing', text: 'no node has been empty long enough to be removed' };
}

/** Marked ones first: few Pods want to go there; then who is empty longest. */
function bySurplus(one: PoolNode, other: PoolNode): number {
  const marked = Number(hasTaint(other, SURPLUS_TAINT)) - Number(hasTaint(one, SURPLUS_TAINT));
  return marked || (one.emptySinceMs ?? 0) - (other.emptySinceMs ?? 0);
}
