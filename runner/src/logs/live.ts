import { type BackoffPolicy, backoffDelayMs } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { orLate, withDeadline } from '@hangar/shared/deadline';
import { orAborted } from '@hangar/shared/or-aborted';
import type { LogLine } from '../pipeline/drone.ts';
import type { Removed } from './line-chunk.ts';
import { LineStore } from './line-store.ts';
import type { LogMemory } from './log-memory.ts';

/** Sends one batch; one try. */
export type SendBatch = (lines: readonly LogLine[], signal: AbortSignal) => Promise<void>;

/** Minimum time between batches (drone-rpc §5.3): a line of an endless stream is sent within a second. */
export const BATCH_EVERY_MS = 800;
/** Delay of the first batch after a pause, so that lines that arrive together are sent together. */
export const FIRST_BATCH_MS = 100;
/** The server keeps the last 5000 lines for late viewers, so older lines that still wait are useless. */
export const BATCH_LINES = 5000;
export const BATCH_BYTES = 1024 * 1024;
/** The same while the logs of all steps together need more memory than they should. */
const BATCH_BYTES_IF_SHORT = 64 * 1024;
/** A batch that takes longer than this has failed. */
const SEND_TIMEOUT_MS = 10_000;
/** Batches are sent less often after failures: a server that lost the stream (a restart) does not get it back. */
const PACE: BackoffPolicy = { firstDelayMs: BATCH_EVERY_MS, maxDelayMs: 15_000 };
/** After failing for this long, waiting lines are dropped and only new ones are tried. */
const GIVE_UP_MS = 120_000;
/** Time limit of the last batches: the upload is authoritative and must not wait for the live view. */
export const CLOSE_MS = 2000;

/**
 * The live view of one step's log: sends lines in batches, one at a time. A failed batch waits for the next try within limits of size
 * and time; lines that can't be shown in time are left out, and a line notes how many. Never rejects: live lines are optional.
 */
export class LiveView {
  readonly #clock: Clock;
  readonly #send: SendBatch;
  readonly #memory: LogMemory;
  readonly #waiting: LineStore;
  /** Lines of a batch that failed. */
  #again: readonly LogLine[] = [];
  readonly #end = new AbortController();
  #left: Removed | undefined;
  #cancelTimer: (() => void) | undefined;
  #inFlight: Promise<void> | undefined;
  #failures = 0;
  #failingSinceMs = 0;
  #lastBatchMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  #held: boolean;

  /** @param held lines wait until {@link goLive}: the server creates a step's stream when the step is reported as running */
  constructor(clock: Clock, to: { readonly send: SendBatch; readonly memory: LogMemory }, held = false) {
    this.#clock = clock;
    this.#send = to.send;
    this.#memory = to.memory;
    this.#waiting = new LineStore(to.memory, { movesOut: false });
    this.#held = held;
  }

  /** Starts to send lines. */
  goLive(): void {
    this.#held = false;
    this.#arm();
  }

  /** Takes a line for the next batch; after {@link close} it is dropped. */
  push(line: LogLine): void {
    if (this.#closed) return;
    this.#waiting.push(line);
    this.#trim();
    this.#arm();
  }

  /** Sends waiting lines (none if it never went live), within two seconds or until `signal` is aborted; then no more. */
  async close(signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    if (signal.aborted) this.#end.abort();
    if (!this.#held) await orLate(this.#clock, CLOSE_MS, this.#drain(), signal);
    this.free();
  }

  /** Stops sending and frees the memory. */
  free(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#end.abort();
    this.#again = [];
    this.#waiting.free();
  }

  get #isIdle(): boolean {
    return this.#waiting.lines === 0 && this.#again.length === 0;
  }

  async #drain(): Promise<void> {
    await this.#inFlight;
    const failures = this.#failures;
    while (!this.#isIdle && this.#failures <= failures && !this.#end.signal.aborted) await this.#sendBatch();
  }

  #arm(): void {
    const idle = !this.#cancelTimer && !this.#inFlight && !this.#closed && !this.#held;
    if (!idle || this.#isIdle) return;
    this.#cancelTimer = this.#clock.after(this.#delayMs(), () => {
      this.#cancelTimer = undefined;
      void this.#sendBatch();
    });
  }

  #delayMs(): number {
    if (this.#failures > 0) return backoffDelayMs(PACE, this.#failures);
    return Math.max(FIRST_BATCH_MS, this.#lastBatchMs + BATCH_EVERY_MS - this.#clock.monotonicMs());
  }

  #sendBatch(): Promise<void> {
    this.#lastBatchMs = this.#clock.monotonicMs();
    const batch = this.#nextBatch();
    this.#inFlight = this.#try(batch).then((sent) => {
      this.#inFlight = undefined;
      if (sent) this.#failures = 0;
      else this.#failed(batch);
      this.#arm();
    });
    return this.#inFlight;
  }

  /** Whether the server accepted it; also false if it takes too long, even if the sender ignores its signal. */
  async #try(batch: readonly LogLine[]): Promise<boolean> {
    const { signal } = this.#end;
    if (signal.aborted) return false;
    const send = (own: AbortSignal): Promise<void> => orAborted(this.#send(batch, own), own);
    return withDeadline(this.#clock, { ms: SEND_TIMEOUT_MS, signal }, send).then(
      () => true,
      () => false,
    );
  }

  #nextBatch(): LogLine[] {
    const batch = [...this.#again, ...(this.#left ? [leftOutLine(this.#left)] : [])];
    this.#again = [];
    this.#left = undefined;
    const bytes = BATCH_BYTES - batch.reduce((sum, { out }) => sum + Buffer.byteLength(out), 0);
    const lines = BATCH_LINES - batch.length;
    const more = lines > 0 && (bytes > 0 || batch.length === 0) ? this.#waiting.first({ lines, bytes }) : [];
    for (const _ of more) this.#waiting.shift();
    return [...batch, ...more];
  }

  #failed(batch: readonly LogLine[]): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#failures === 0) this.#failingSinceMs = nowMs;
    this.#failures++;
    if (nowMs - this.#failingSinceMs < GIVE_UP_MS && !this.#end.signal.aborted) this.#again = batch;
  }

  #trim(): void {
    const mostBytes = this.#memory.isShort ? BATCH_BYTES_IF_SHORT : BATCH_BYTES;
    // A single line may be longer: it is a batch of its own.
    while (
      this.#waiting.lines > BATCH_LINES ||
      (this.#waiting.bytes > mostBytes && this.#waiting.lines > 1)
    ) {
      const removed = this.#waiting.shift();
      if (!removed) return;
      this.#left = { ...(this.#left ?? removed), lines: (this.#left?.lines ?? 0) + 1 };
    }
  }
}

function leftOutLine({ lines, pos, time }: Removed): LogLine {
  return {
    pos,
    time,
    out: `... ${lines} ${lines === 1 ? 'line' : 'lines'} not shown live: the output is faster than the server accepts it ...\n`,
  };
}
