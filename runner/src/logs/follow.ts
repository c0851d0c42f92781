import { type BackoffPolicy, backoffDelayMs } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type LogRefusal, type LogSource, LogSourceError, type LogTarget } from '../ports/log-source.ts';
import { DeadlineWait } from './deadline-wait.ts';
import { afterStream, type FollowState, isRefused, reopening, type StreamEnd } from './follow-rules.ts';
import type { GateMark } from './marks.ts';
import type { NodeLogPiece } from './piece.ts';
import { ReadingTurns, TURN_BYTES } from './reading-turns.ts';
import { isUndelivered, LogCursor } from './resume.ts';
import type { StepLog } from './step-log.ts';
import { TimestampedParser } from './timestamped.ts';

/** The dependencies of following a log. `random` returns 0 ≤ x < 1. */
export interface FollowDeps {
  readonly clock: Clock;
  readonly source: LogSource;
  readonly random: () => number;
}

/** Signals from the caller and callbacks to it while a log is followed. */
export interface FollowControl {
  /** Resolves when the container has terminated or will never start, by its status. */
  readonly ended: Promise<unknown>;
  /** Aborted to stop at once; lines that were read are kept. */
  readonly signal: AbortSignal;
  /** Called once for each gate mark, when it is read. */
  readonly onMark: (mark: GateMark) => void;
  /** Called with true when the log of an ended container is requested, and with false when there is an answer. */
  readonly onReach?: (isOutOfReach: boolean) => void;
  /** The log must begin with the gate's mark (an adopted step): if it doesn't, its beginning was rotated away, and a note is written. */
  readonly expectsStart?: boolean;
}

/**
 * How following ended. `complete`: by both last marks, or by a clean end after the container's. `cut-off`: the container has
 * terminated but its log could not be read to the end, which the step's log notes. `stopped`: by the caller's signal.
 */
export type FollowEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'cut-off'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** Receives a log. `room` resolves when that many bytes can be taken; without it, this log shares the event loop by itself. */
export type LogSink = Pick<StepLog, 'append' | 'note'> & Partial<Pick<StepLog, 'room'>>;

/** A silent stream is reopened after this: a connection that was lost silently is detected in no other way. */
export const IDLE_MS = 120_000;
/** The same once the container has ended: its stream ends within a second or so. */
export const IDLE_AFTER_END_MS = 5000;
/** Requests without an answer by then have failed. */
const OPEN_TIMEOUT_MS = 30_000;
/** Maximum number of different messages of the node that are written to the log; more would be noise. */
const REMEMBERED_MESSAGES = 20;
/** How any mark begins (runner/gate/PROTOCOL.md). */
const MARK_BEGINNING = '\u001ehangar ';
const GAP_NOTE = '... the node rotated this log before the rest could be read: lines may be missing here ...';
const LOST_BEGINNING_NOTE = '... the node rotated this log before its beginning could be read ...';

/**
 * Follows the log of one container into a step's log, over any number of broken streams: no line is lost or doubled as long as
 * the node has it; lines that the node rotated away meanwhile are marked as missing. Never rejects for reasons of the source.
 */
export function followLog(
  deps: FollowDeps,
  target: LogTarget,
  sink: LogSink,
  control: FollowControl,
): Promise<FollowEnd> {
  return new Follower(deps, target, sink, control).run();
}

class Follower {
  readonly #deps: FollowDeps;
  readonly #target: LogTarget;
  readonly #sink: LogSink;
  readonly #control: FollowControl;
  readonly #cursor = new LogCursor();
  readonly #messages = new Set<string>();
  readonly #wait: DeadlineWait;
  readonly #reopening: BackoffPolicy;
  readonly #state: FollowState;
  #tail: NodeLogPiece | undefined;
  #hasStarted = false;
  #isOutOfReachNoted = false;
  /** The message of the node in the present stream that it could not read the log. */
  #undelivered: string | undefined;
  readonly #turns = new ReadingTurns();

  constructor(deps: FollowDeps, target: LogTarget, sink: LogSink, control: FollowControl) {
    this.#deps = deps;
    this.#target = target;
    this.#sink = sink;
    this.#control = control;
    this.#wait = new DeadlineWait(deps.clock);
    this.#reopening = reopening(deps.random);
    this.#state = {
      endedAtMs: undefined,
      progressAtMs: 0,
      failures: 0,
      streamsAfterEnd: 0,
      sawEnd: false,
      sawClose: false,
      refusedAtMs: undefined,
    };
  }

  async run(): Promise<FollowEnd> {
    const stop = (): void => this.#wait.wake();
    this.#control.signal.addEventListener('abort', stop, { once: true });
    this.#control.ended.then(this.#ended, this.#ended);
    try {
      return await this.#follow();
    } finally {
      this.#control.signal.removeEventListener('abort', stop);
    }
  }

  readonly #ended = (): void => {
    this.#state.endedAtMs = this.#deps.clock.monotonicMs();
    this.#state.failures = 0;
    this.#wait.wake();
  };

  async #follow(): Promise<FollowEnd> {
    while (!this.#control.signal.aborted) {
      const end = await this.#stream();
      if (this.#control.signal.aborted) break;
      const nowMs = this.#deps.clock.monotonicMs();
      this.#state.refusedAtMs = isRefused(end) ? (this.#state.refusedAtMs ?? nowMs) : undefined;
      if (isRefused(end)) this.#control.onReach?.(true);
      const next = afterStream(this.#state, end, nowMs);
      if (next.kind !== 'again') return this.#finish(next);
      if (next.outOfReach !== undefined) this.#noteOutOfReach(next.outOfReach);
      this.#state.failures = next.failures;
      await this.#wait.pause(backoffDelayMs(this.#reopening, next.failures));
    }
    return { kind: 'stopped' };
  }

  #finish(end: FollowEnd): FollowEnd {
    if (this.#tail && !this.#bothMarks()) this.#pass(this.#tail);
    if (end.kind === 'cut-off')
      this.#sink.note(`... the rest of this log could not be read: ${end.reason} ...`);
    return end;
  }

  #noteOutOfReach(reason: string): void {
    if (this.#isOutOfReachNoted) return;
    this.#isOutOfReachNoted = true;
    this.#sink.note(
      `... this log cannot be read now; the runner retries while the Pod exists: ${reason} ...`,
    );
  }

  async #stream(): Promise<StreamEnd> {
    const afterEnd = this.#state.endedAtMs !== undefined;
    if (afterEnd) this.#state.streamsAfterEnd++;
    const connection = new AbortController();
    const drop = (): void => connection.abort();
    this.#control.signal.addEventListener('abort', drop, { once: true });
    try {
      if (afterEnd) this.#control.onReach?.(true);
      const opened = await this.#open(connection.signal);
      if (opened.kind !== 'unavailable' && opened.kind !== 'forbidden') this.#control.onReach?.(false);
      if (opened.kind !== 'opened') return { ...opened, afterEnd, fresh: 0 };
      return { ...(await this.#read(opened.chunks[Symbol.asyncIterator]())), afterEnd };
    } finally {
      drop();
      this.#control.signal.removeEventListener('abort', drop);
    }
  }

  async #open(
    signal: AbortSignal,
  ): Promise<{ kind: 'opened'; chunks: AsyncIterable<Uint8Array> } | { kind: LogRefusal; reason: string }> {
    const sinceTime = this.#cursor.sinceTime();
    const request = { ...this.#target, ...(sinceTime === undefined ? {} : { sinceTime }), signal };
    const opening = this.#deps.source.open(request);
    const untilMs = this.#deps.clock.monotonicMs() + OPEN_TIMEOUT_MS;
    try {
      const chunks = await this.#wait.settled(opening, () =>
        this.#control.signal.aborted ? 0 : untilMs - this.#deps.clock.monotonicMs(),
      );
      return chunks === 'too-late'
        ? { kind: 'unavailable', reason: 'no answer' }
        : { kind: 'opened', chunks };
    } catch (error) {
      return {
        kind: error instanceof LogSourceError ? error.refusal : 'unavailable',
        reason: errorText(error),
      };
    }
  }

  async #read(
    chunks: AsyncIterator<Uint8Array>,
  ): Promise<{ kind: 'clean' | 'broken' | 'silent' | 'undelivered'; fresh: number; reason: string }> {
    const parser = new TimestampedParser();
    this.#cursor.begin();
    this.#undelivered = undefined;
    let fresh = 0;
    try {
      for (;;) {
        const sinceMs = this.#deps.clock.monotonicMs();
        const next = await this.#wait.settled(chunks.next(), () => this.#idleLeftMs(sinceMs));
        if (next === 'too-late') return { kind: 'silent', fresh, reason: 'its stream was silent' };
        if (next.done) return this.#endOfStream(fresh + this.#keepTail(parser));
        fresh += await this.#takeChunk(next.value, parser);
        if (this.#bothMarks()) return { kind: 'clean', fresh, reason: 'both marks were read' };
      }
    } catch (error) {
      this.#keepTail(parser);
      return { kind: 'broken', fresh, reason: errorText(error) };
    }
  }

  #endOfStream(fresh: number): { kind: 'clean' | 'undelivered'; fresh: number; reason: string } {
    return this.#undelivered === undefined
      ? { kind: 'clean', fresh, reason: 'its stream ended' }
      : { kind: 'undelivered', fresh, reason: `the node reports: ${this.#undelivered}` };
  }

  async #takeChunk(chunk: Uint8Array, parser: TimestampedParser): Promise<number> {
    let fresh = 0;
    for (let at = 0; at < chunk.length && !this.#bothMarks(); at += TURN_BYTES) {
      const part = chunk.subarray(at, at + TURN_BYTES);
      await (this.#sink.room ? this.#sink.room(part.length) : this.#turns.take(part.length));
      fresh += this.#take(parser.push(part));
    }
    return fresh;
  }

  #idleLeftMs(sinceMs: number): number {
    if (this.#control.signal.aborted) return 0;
    const nowMs = this.#deps.clock.monotonicMs();
    const { endedAtMs } = this.#state;
    const untilMs =
      endedAtMs === undefined ? sinceMs + IDLE_MS : Math.max(sinceMs, endedAtMs) + IDLE_AFTER_END_MS;
    return Math.min(untilMs, sinceMs + IDLE_MS) - nowMs;
  }

  /** Returns the number of new records. */
  #take(records: readonly NodeLogPiece[]): number {
    let fresh = 0;
    for (const record of records) {
      if (this.#isUndelivered(record)) continue;
      const verdict = this.#cursor.next(record);
      if (verdict === 'drop') continue;
      if (verdict === 'gap-then-take') this.#sink.note(GAP_NOTE);
      fresh += this.#pass(record);
    }
    if (fresh > 0) this.#state.progressAtMs = this.#deps.clock.monotonicMs();
    return fresh;
  }

  #pass(record: NodeLogPiece): number {
    if (record.stampNs === undefined) return this.#passMessage(record);
    this.#tail = undefined;
    const lost =
      !this.#hasStarted && this.#control.expectsStart === true && !record.text.startsWith(MARK_BEGINNING);
    if (lost) this.#sink.note(LOST_BEGINNING_NOTE);
    this.#hasStarted = true;
    for (const mark of this.#sink.append(record)) this.#onMark(mark);
    return 1;
  }

  /** Messages of the node are repeated at each try: each is written once, and they do not count as progress. */
  #passMessage({ text }: NodeLogPiece): 0 {
    if (text.trim() === '' || this.#messages.has(text) || this.#messages.size >= REMEMBERED_MESSAGES)
      return 0;
    this.#messages.add(text);
    this.#sink.note(text);
    return 0;
  }

  /** Keeps the message for the case that no later stream delivers the log. */
  #isUndelivered(record: NodeLogPiece): boolean {
    if (!isUndelivered(record)) return false;
    this.#undelivered ??= record.text;
    return true;
  }

  #onMark(mark: GateMark): void {
    this.#state.sawEnd ||= mark.kind === 'end';
    this.#state.sawClose ||= mark.kind === 'close';
    this.#control.onMark(mark);
  }

  #bothMarks(): boolean {
    return this.#state.sawEnd && this.#state.sawClose;
  }

  /** A last line without newline is kept until the log has ended: a later stream may contain more of it. */
  #keepTail(parser: TimestampedParser): number {
    const tail = parser.tail();
    if (!tail || this.#isUndelivered(tail)) return 0;
    if (tail.stampNs === undefined && this.#cursor.next(tail) === 'take') return this.#passMessage(tail);
    if (!this.#cursor.isNew(tail) || this.#tail?.text === tail.text) return 0;
    this.#tail = tail;
    return 1;
  }
}
