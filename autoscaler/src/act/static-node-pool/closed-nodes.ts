import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { CLOSING_TAINT, hasTaint, type PoolNode } from '../../capacity/pool-node.ts';
import { writeTaint } from '../node-taints.ts';

type Named = Pick<PoolNode, 'name' | 'uid'>;

/** A node that was found occupied, by any Pod, is not closed again for so long. */
const REST_MS = 120_000;

/** The nodes that we closed and since when, whether or not the watch shows it yet. */
export class ClosedNodes {
  readonly #clock: Clock;
  readonly #cluster: Cluster;
  readonly #log: Logger;
  readonly #nodes = new Map<string, Named>();
  readonly #since = new Map<string, number>();
  /** By uid: until when a node that was found occupied counts as not empty. */
  readonly #restUntilMs = new Map<string, number>();

  constructor(clock: Clock, cluster: Cluster, log: Logger) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#log = log;
  }

  /** By uid, on the monotonic clock in milliseconds: counted from the answer of the write, or from when it was first seen. */
  get since(): ReadonlyMap<string, number> {
    return this.#since;
  }

  known(): readonly Named[] {
    return [...this.#nodes.values()];
  }

  /** The watch's nodes with what this process knows better; it finds here the nodes that an earlier process closed. */
  overlay(nodes: readonly PoolNode[]): readonly PoolNode[] {
    const present = new Set(nodes.map(({ uid }) => uid));
    for (const { uid } of this.known()) if (!present.has(uid)) this.#forget(uid);
    for (const uid of this.#restUntilMs.keys()) if (!present.has(uid)) this.#restUntilMs.delete(uid);
    return nodes.map((node) => {
      if (hasTaint(node, CLOSING_TAINT)) {
        this.#remember(node);
        return node;
      }
      if (this.#nodes.has(node.uid)) return { ...node, taints: [...node.taints, CLOSING_TAINT] };
      return this.#rested(node);
    });
  }

  /** Closes nodes to new Pods. @throws {KubernetesError} at the first that can't be written */
  async close(nodes: readonly Named[], signal: AbortSignal): Promise<void> {
    for (const node of nodes) {
      const written = await writeTaint(this.#cluster, node, { taint: CLOSING_TAINT, to: 'present' }, signal);
      if (written === 'written' || written === 'unchanged') this.#remember(node);
    }
  }

  /** Opens them again. @throws {KubernetesError} at the first that can't be written: it stays known, and is tried again */
  async reopen(nodes: readonly Named[], why: string, signal: AbortSignal): Promise<void> {
    for (const node of nodes) {
      const written = await writeTaint(this.#cluster, node, { taint: CLOSING_TAINT, to: 'absent' }, signal);
      if (written === 'contended') continue;
      this.#forget(node.uid);
      this.#log.info({ node: node.name, why }, 'node uncordoned');
    }
  }

  /** The same for a node with a Pod that the watch of builds doesn't show. */
  async reopenOccupied(node: Named, why: string, signal: AbortSignal): Promise<void> {
    this.#restUntilMs.set(node.uid, this.#clock.monotonicMs() + REST_MS);
    await this.reopen([node], why, signal);
  }

  #rested(node: PoolNode): PoolNode {
    const untilMs = this.#restUntilMs.get(node.uid);
    const { emptySinceMs } = node;
    if (untilMs === undefined || emptySinceMs === undefined) return node;
    return { ...node, emptySinceMs: Math.max(emptySinceMs, untilMs) };
  }

  #remember({ name, uid }: Named): void {
    this.#nodes.set(uid, { name, uid });
    if (!this.#since.has(uid)) this.#since.set(uid, this.#clock.monotonicMs());
  }

  #forget(uid: string): void {
    this.#nodes.delete(uid);
    this.#since.delete(uid);
  }
}
