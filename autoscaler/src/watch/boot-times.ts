import { BoundedSet } from '@hangar/shared/bounded';
import type { NodeFact } from '../capacity/read-node.ts';
import type { PodFact } from '../capacity/read-pod.ts';

/** One boot as it was seen: from the order of a node (or the Pod that made somebody order it) to its first build running. */
export interface Boot {
  readonly pool: string;
  readonly node: string;
  readonly atMs: number;
  readonly seconds: number;
}

/** A boot that took longer began with something else: an engine that was stuck, a quota. */
const LONGEST_SECONDS = 3_600;
/** Nodes of long ago are forgotten. */
const MOST_NODES = 20_000;

/**
 * Learns how long nodes take. A node whose first build came after it was there, and that nobody ordered, tells nothing: it may have
 * stood idle.
 */
export class BootTimes {
  readonly #seen = new BoundedSet<string>(MOST_NODES);
  readonly #ordersMs = new Map<string, number>();

  /** This service ordered more nodes of a pool. */
  ordered(pool: string, atMs: number): void {
    this.#ordersMs.set(pool, atMs);
  }

  /** A build is running on a node; the first one tells a boot. */
  started(pod: PodFact, node: NodeFact | undefined): Boot | undefined {
    if (node === undefined || pod.startedMs === undefined || this.#seen.has(node.name)) return undefined;
    this.#seen.add(node.name);
    const orderedMs = this.#orderOf(pod, node);
    if (orderedMs === undefined) return undefined;
    const seconds = (pod.startedMs - orderedMs) / 1000;
    if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) return undefined;
    return { pool: node.pool, node: node.name, atMs: pod.startedMs, seconds };
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
