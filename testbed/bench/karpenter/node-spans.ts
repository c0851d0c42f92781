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
