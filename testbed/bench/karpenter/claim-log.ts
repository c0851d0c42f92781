import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import type { Clock } from '@hangar/shared/clock';
import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { FakePool } from '../../suites/real-flows/fake-pool.ts';
import type { NodeSpan } from './node-spans.ts';

/** Watches the NodeClaims of some NodePools: what a cloud would bill, from the order on. */
export class ClaimLog {
  readonly #clock: Clock;
  readonly #pool: FakePool;
  readonly #spans = new Map<string, NodeSpan>();

  constructor(clock: Clock, pool: FakePool) {
    this.#clock = clock;
    this.#pool = pool;
  }

  spansOf(nodePool: string): readonly NodeSpan[] {
    return [...this.#spans.values()].filter((span) => span.nodePool === nodePool);
  }

  /** Nodes that were there at the last look, or on their way. */
  nodesOf(nodePool: string): number {
    return this.spansOf(nodePool).filter(({ goneMs }) => goneMs === undefined).length;
  }

  async look(): Promise<void> {
    const { cluster, signal } = this.#pool;
    const { items } = await cluster.list({ resource: ACT_RESOURCE.nodeClaims }, {}, signal);
    const nowMs = this.#clock.now();
    const there = new Set(items.map(({ metadata }) => metadata?.uid ?? ''));
    for (const { metadata = {} } of items)
      if (!this.#spans.has(metadata.uid ?? '')) this.#spans.set(metadata.uid ?? '', began(metadata));
    for (const [uid, span] of this.#spans)
      if (span.goneMs === undefined && !there.has(uid)) this.#spans.set(uid, { ...span, goneMs: nowMs });
  }
}

const began = ({ labels, creationTimestamp = new Date() }: V1ObjectMeta): NodeSpan => ({
  nodePool: labels?.['karpenter.sh/nodepool'] ?? '',
  orderedMs: new Date(creationTimestamp).getTime(),
  goneMs: undefined,
});
