import type { BackoffPolicy } from '@hangar/shared/backoff';
import type { LogRefusal } from '../ports/log-source.ts';

/** What is known about a log that is being followed. Times are monotonic milliseconds. */
export interface FollowState {
  /** When the container was said to have terminated. */
  endedAtMs: number | undefined;
  /** When a new line came last. */
  progressAtMs: number;
  /** Streams in a row that brought nothing new. */
  failures: number;
  /** Streams that were opened after the container's end. */
  streamsAfterEnd: number;
  sawEnd: boolean;
  sawClose: boolean;
}

/** How one stream went: `fresh` new records; opened after the container's end or before. `silent`: nothing came for too long. */
export interface StreamEnd {
  readonly kind: 'clean' | 'broken' | 'silent' | LogRefusal;
  readonly afterEnd: boolean;
  readonly fresh: number;
  readonly reason: string;
}

/** What to do after a stream. */
export type AfterStream =
  | {
      readonly kind: 'again';
      readonly failures: number;
      /** The container has ended, and its log has been out of reach for a while: why. */
      readonly outOfReach?: string;
    }
  | { readonly kind: 'complete' }
  | { readonly kind: 'cut-off'; readonly reason: string };

/** A terminated container's log that can't be read for so long is said to be out of reach. */
export const OUT_OF_REACH_MS = 30_000;
/** A missing right that nobody has given in this time won't be given: the log is cut off. */
export const FORBIDDEN_MS = 300_000;
/** A container that ended without ever running has no log; the kubelet may need a moment to say so for good. */
const TRIES_WITHOUT_LOG = 3;
/** Before the next stream: doubling from 50 ms to 5 s, the upper half of it by chance. */
export const reopening = (random: () => number): BackoffPolicy => ({
  firstDelayMs: 50,
  maxDelayMs: 5_000,
  jitter: () => (1 + random()) / 2,
});

/**
 * Whether a log has been read to its end. Both last marks: yes. A clean end counts only of a stream that was opened after the
 * container's end and brought nothing new: an earlier one may have ended for any reason. While the API server or the node can't be
 * asked, the Pod still has the log: only a Pod that is gone or a right that stays missing ends the waiting.
 */
export function afterStream(state: Readonly<FollowState>, end: StreamEnd, nowMs: number): AfterStream {
  if (state.sawEnd && state.sawClose) return { kind: 'complete' };
  const harmless = end.fresh > 0 || end.kind === 'silent';
  const again = { kind: 'again', failures: harmless ? 0 : state.failures + 1 } as const;
  if (state.endedAtMs === undefined || !end.afterEnd) return again;
  const triedForMs = nowMs - Math.max(state.endedAtMs, state.progressAtMs);
  const isOutOfReach = triedForMs >= OUT_OF_REACH_MS && end.kind !== 'clean';
  return lastWord(state, end, triedForMs) ?? (isOutOfReach ? { ...again, outOfReach: end.reason } : again);
}

function lastWord(
  { streamsAfterEnd }: Readonly<FollowState>,
  { kind, fresh, reason }: StreamEnd,
  triedForMs: number,
): AfterStream | undefined {
  if (kind === 'gone') return { kind: 'cut-off', reason: 'the Pod is gone' };
  if (kind === 'forbidden' && triedForMs >= FORBIDDEN_MS) return { kind: 'cut-off', reason };
  const isRead = kind === 'clean' && fresh === 0;
  const hasNone = kind === 'not-ready' && streamsAfterEnd >= TRIES_WITHOUT_LOG;
  return isRead || hasNone ? { kind: 'complete' } : undefined;
}
