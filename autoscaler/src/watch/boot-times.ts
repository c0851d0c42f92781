import { BoundedSet } from '@hangar/shared/bounded';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';

/** One observed boot: from the order of a node, or the creation of the Pod that caused it, until the node is ready. */
export interface Boot {
  readonly pool: string;
  readonly node: string;
  readonly atMs: number;
  readonly seconds: number;
  /** The part of it until the Node object existed. */
  readonly machineSeconds: number;
}

/** A boot that took longer was delayed by something else: a scaler that hung, a quota. */
const LONGEST_SECONDS = 3_600;
/** Limit of remembered nodes; the oldest are forgotten. */
const MOST_NODES = 20_000;

/**
 * Measures how long nodes take to boot. A node that this service did not order and whose first build was created after it is
 * ignored: it may have been idle.
 */
export class BootTimes {
  readonly #seen = new BoundedSet<string>(MOST_NODES);
  readonly #ordersMs = new Map<string, number>();

  /** Records that this service ordered more nodes of a pool. */
  ordered(pool: string, atMs: number): void {
    this.#ordersMs.set(pool, atMs);
  }

  /** Records that a build runs on a node; the first build of a node reports its boot. */
  started(pod: PodFact, node: NodeFact | undefined): Boot | undefined {
    if (node === undefined || pod.startedMs === undefined || this.#seen.has(node.name)) return undefined;
    this.#seen.add(node.name);
    const orderedMs = this.#orderOf(pod, node);
    if (orderedMs === undefined) return undefined;
    // A node that was ordered ahead may be idle for long before its first build; one that was unready for a while is ready since later.
    const readyMs = Math.min(node.readyMs ?? Infinity, pod.startedMs);
    const seconds = (readyMs - orderedMs) / 1000;
    if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) return undefined;
    const machineSeconds = (node.createdMs - orderedMs) / 1000;
    return { pool: node.pool, node: node.name, atMs: pod.startedMs, seconds, machineSeconds };
  }

  #orderOf({ createdMs }: PodFact, node: NodeFact): number | undefined {
    const ordered = this.#ordersMs.get(node.pool);
    if (
      ordered !== undefined &&
      ordered <= node.createdMs &&
      node.createdMs - ordered <= LONGEST_SECONDS * 1000
    )
      return ordered;
    return createdMs < node.createdMs ? createdMs : undefined;
  }
}
