import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import type { Clock } from '@hangar/shared/clock';
import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { FakePool } from '../../suites/real-flows/fake-pool.ts';

/** The life of one node. Milliseconds since 1970. */
export interface NodeSpan {
  readonly nodePool: string;
  readonly orderedMs: number;
  /** Undefined: it is still there. */
  readonly goneMs: number | undefined;
}

/** What is counted, as in a replay: from the first to the last arrival. Milliseconds since 1970. */
export interface Counted {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;

/** Hours of all nodes together within what is counted; a node counts from its order until it is gone (scheduling-and-scaling §5.1). */
export function nodeHours(spans: readonly NodeSpan[], { fromMs, toMs }: Counted): number {
  const within = ({ orderedMs, goneMs = toMs }: NodeSpan): number =>
    Math.max(0, Math.min(goneMs, toMs) - Math.max(orderedMs, fromMs));
  return spans.reduce((sum, span) => sum + within(span), 0) / HOUR_MS;
}

/** Nodes that were ordered within what is counted. */
export const boots = (spans: readonly NodeSpan[], { fromMs, toMs }: Counted): number =>
  spans.filter(({ orderedMs }) => orderedMs >= fromMs && orderedMs <= toMs).length;

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
