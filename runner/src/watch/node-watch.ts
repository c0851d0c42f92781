import { isDeepStrictEqual } from 'node:util';
import { BoundedMap } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Change, ListWatch } from '@hangar/shared/kubernetes/list-watch';
import type { Logger } from '@hangar/shared/logger';
import type { V1Node } from '@kubernetes/client-node';
import { type BuildNode, type Room, readNode } from '../admit/build-node.ts';
import type { NodeView } from '../admit/node-budget.ts';

/** Nodes that are remembered after they are gone. */
const MOST_REMEMBERED = 10_000;

/** The dependencies of a {@link NodeWatch}. */
export interface NodeWatchParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Pick<Logger, 'warn'>;
}

/** The nodes of the cluster, for admission. */
export class NodeWatch implements NodeView {
  readonly #watch: ListWatch<V1Node, BuildNode>;
  readonly #seen = new BoundedMap<string, BuildNode>(MOST_REMEMBERED);
  readonly #listeners = new Set<() => void>();
  readonly #log: NodeWatchParts['log'];
  #isReported = false;

  /** @param reserve what is left to Pods that no runner makes, on each node */
  constructor({ clock, cluster, log }: NodeWatchParts, reserve: Room) {
    this.#log = log;
    this.#watch = new ListWatch<V1Node, BuildNode>(clock, cluster, {
      target: { resource: RESOURCE.nodes },
      selection: {},
      read: (node) => readNode(node, reserve),
      onChange: (change) => this.#changed(change),
      onTrouble: ({ status, message }) => log.warn({ status, reason: message }, 'the watch of nodes failed'),
    });
  }

  get nodes(): readonly BuildNode[] | undefined {
    return this.#watch.staleMs === undefined ? undefined : this.#watch.objects;
  }

  get everSeen(): readonly BuildNode[] {
    return [...this.#seen.values()];
  }

  /** Lists the nodes once; rejects if that fails. */
  list(signal: AbortSignal): Promise<void> {
    return this.#watch.sync(signal);
  }

  /** Watches until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#watch.run(signal);
  }

  /** Calls that when a node changes in a way that matters. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #changed({ object, before, kind }: Change<BuildNode>): void {
    this.#seen.set(object.name, object);
    if (object.scaler !== undefined) this.#report(object);
    // A kubelet reports every few minutes, changed or not.
    if (kind === 'present' && isDeepStrictEqual(object, before)) return;
    for (const listener of this.#listeners) listener();
  }

  #report({ name, scaler }: BuildNode): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#log.warn(
      { node: name, scaler },
      'a node is autoscaled: stages that can be scheduled to it do not wait for room on nodes',
    );
  }
}
