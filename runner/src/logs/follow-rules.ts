import type { BackoffPolicy } from '@hangar/shared/backoff';
import type { LogRefusal } from '../ports/log-source.ts';

/** State of a log that is being followed. Times are monotonic milliseconds. */
export interface FollowState {
  /** When the container was reported as terminated. */
  endedAtMs: number | undefined;
  /** When the last new line arrived. */
  progressAtMs: number;
  /** Streams in a row that brought nothing new. */
  failures: number;
  /** Streams that were opened after the container's end. */
  streamsAfterEnd: number;
  sawEnd: boolean;
  sawClose: boolean;
  /** Since when each answer after the container's end was a refusal: an outage before it says nothing about the permission. */
  refusedAtMs: number | undefined;
}

/**
 * How one stream ended, with its number of new records (`fresh`). `silent`: nothing arrived for too long. `undelivered`: the node reported
 * that it could not read the log.
 */
export interface StreamEnd {
  readonly kind: 'clean' | 'broken' | 'silent' | 'undelivered' | LogRefusal;
  readonly afterEnd: boolean;
  readonly fresh: number;
  readonly reason: string;
}

/** What to do after a stream. */
export type AfterStream =
  | {
      readonly kind: 'again';
      readonly failures: number;
      /** Why the log of an ended container could not be read for a while. */
      readonly outOfReach?: string;
    }
  | { readonly kind: 'complete' }
  | { readonly kind: 'cut-off'; readonly reason: string };

/** After this long, a terminated container's log that can't be read is reported as out of reach. */
export const OUT_OF_REACH_MS = 30_000;
/** A permission that is missing, or a log that the node cannot read, for this time stays so: the log is cut off. */
export const REFUSED_MS = 300_000;
/** A container that ended without ever running has no log; the kubelet's first answers about it may be temporary. */
const TRIES_WITHOUT_LOG = 3;
/** The delay before the next stream: doubling from 50 ms to 5 s, with its upper half random. */
export const reopening = (random: () => number): BackoffPolicy => ({
  firstDelayMs: 50,
  maxDelayMs: 5_000,
  jitter: () => (1 + random()) / 2,
});

/**
 * Whether a log has been read to its end. It has, if both last marks were read. A clean end counts only for a stream that was opened
 * after the container's end and contained nothing new: an earlier one may have ended for any reason. While the API server or the node
 * is unreachable, the Pod still has the log: waiting ends only if the Pod is gone, or all answers are refusals for {@link REFUSED_MS}.
 */
export function afterStream(state: Readonly<FollowState>, end: StreamEnd, nowMs: number): AfterStream {
  if (state.sawEnd && state.sawClose) return { kind: 'complete' };
  const harmless = end.fresh > 0 || end.kind === 'silent';
  const again = { kind: 'again', failures: harmless ? 0 : state.failures + 1 } as const;
  if (state.endedAtMs === undefined || !end.afterEnd) return again;
  const triedForMs = nowMs - Math.max(state.endedAtMs, state.progressAtMs);
  const isOutOfReach = triedForMs >= OUT_OF_REACH_MS && end.kind !== 'clean';
  return finalEnd(state, end, nowMs) ?? (isOutOfReach ? { ...again, outOfReach: end.reason } : again);
}

/** Whether the cluster answered, and the answer may stay the same. */
export const isRefused = ({ kind, afterEnd }: StreamEnd): boolean =>
  afterEnd && (kind === 'forbidden' || kind === 'undelivered');

function finalEnd(
  { streamsAfterEnd, refusedAtMs }: Readonly<FollowState>,
  { kind, fresh, reason }: StreamEnd,
  nowMs: number,
): AfterStream | undefined {
  if (kind === 'gone') return { kind: 'cut-off', reason: 'the Pod no longer exists' };
  if (refusedAtMs !== undefined && nowMs - refusedAtMs >= REFUSED_MS) return { kind: 'cut-off', reason };
  const isRead = kind === 'clean' && fresh === 0;
  const hasNone = kind === 'not-ready' && streamsAfterEnd >= TRIES_WITHOUT_LOG;
  return isRead || hasNone ? { kind: 'complete' } : undefined;
}
