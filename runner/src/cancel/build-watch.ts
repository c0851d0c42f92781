import type { Clock } from '@hangar/shared/clock';
import { orLate } from '@hangar/shared/deadline';
import type { Logger } from '@hangar/shared/logger';
import type { CiServer } from '../ports/ci-server.ts';
import { type Coverage, NOTHING_CERTAIN, withCertainty, withQuietWatch } from './coverage.ts';
import type { ObservedHold } from './observed-hold.ts';

/** The state of a stage at the server. `unknown`: the request failed. */
export type ServerState = 'open' | 'cancelled' | 'unknown';

/** Requests the state of a stage from the server. */
export type StateCheck = (signal: AbortSignal) => Promise<ServerState>;

/** One stage's handle to the watch of its build. */
export interface StageWatch {
  /** Aborted when the build was cancelled. */
  readonly cancelled: AbortSignal;
  checkWith(check: StateCheck): void;
  /** Requests the stage's state now. Never rejects. */
  requestState(): Promise<ServerState>;
  /** Called when this stage needs the watch no longer; `last`: no other stage of the build needs it either. */
  leave(): 'last' | 'others-stay';
}

type Ended = 'quiet' | 'cancelled' | 'failed';

/** Limits the open connections if a server never ends its responses. */
const MOST_OPEN = 8;
/** A watch that ends sooner than this is not a long poll: it can't have waited for a cancel. */
const SHORTEST_HOLD_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A watch counts as open from this long after the request was sent until this long before its response arrived: the network takes time. */
const TRANSIT_MS = 1_000;
/** Interval at which the time of the next request for the state is computed again: other builds may show that watches are not answered. */
const REVIEW_INTERVAL_MS = 8_000;
/** The state is requested at this interval in any case. */
const CHECK_INTERVAL_MS = 300_000;
/** The server notifies watches of a cancel first, then the Git host, and updates the stages last (drone-rpc §4.6): within this time. */
const REWRITTEN_WITHIN_MS = 30_000;

/**
 * Watches one build for a cancel. The server reports it only to watches that are open at that moment, and a proxy
 * may cut or silence them: so watches overlap, and for any period that no watch covers, the state is requested from the server.
 */
export class BuildWatch {
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #buildId: number;
  readonly #hold: ObservedHold;
  readonly #cancelled = new AbortController();
  readonly #stop = new AbortController();
  readonly #over = AbortSignal.any([this.#stop.signal, this.#cancelled.signal]);
  readonly #stages = new Set<Stage>();
  readonly #open = new Set<Promise<Ended>>();
  #coverage: Coverage = NOTHING_CERTAIN;

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }, buildId: number, hold: ObservedHold) {
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
    this.#buildId = buildId;
    this.#hold = hold;
  }

  /** Adds a stage of the build. */
  join(): StageWatch {
    const stage = new Stage(this.#cancelled.signal, this.#stop.signal);
    this.#stages.add(stage);
    return {
      cancelled: stage.cancelled,
      checkWith: (check) => {
        stage.check = check;
      },
      requestState: () => this.#checkStage(stage),
      leave: () => this.#leave(stage),
    };
  }

  #leave(stage: Stage): 'last' | 'others-stay' {
    stage.close();
    if (!this.#stages.delete(stage) || this.#stages.size > 0) return 'others-stay';
    this.#stop.abort(new Error('the watch of this build is no longer needed'));
    return 'last';
  }

  /**
   * Runs until no stage needs it or the build is cancelled. Never rejects and never gives up: otherwise a cancel would be missed
   * (known issue 16).
   */
  async run(): Promise<void> {
    await Promise.all([this.#keepWatching(), this.#keepChecking()]);
  }

  async #keepWatching(): Promise<void> {
    const beganMs = this.#clock.monotonicMs();
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#over.aborted) {
      const openedMs = this.#clock.monotonicMs();
      const spacingMs = this.#hold.spacingMs(openedMs - beganMs);
      const ended = await orLate(this.#clock, spacingMs, this.#watch(openedMs), this.#over);
      const isBrief = ended !== 'late' && this.#clock.monotonicMs() - openedMs < SHORTEST_HOLD_MS;
      if (isBrief) await this.#clock.sleep(pauseMs, this.#over);
      pauseMs = isBrief ? Math.min(LONGEST_PAUSE_MS, pauseMs * 2) : FIRST_PAUSE_MS;
      while (this.#open.size >= MOST_OPEN) await Promise.race(this.#open);
    }
  }

  #watch(openedMs: number): Promise<Ended> {
    const watch = this.#untilItEnds().then((ended) => {
      this.#open.delete(watch);
      this.#watchEnded(openedMs, ended);
      return ended;
    });
    this.#open.add(watch);
    return watch;
  }

  async #untilItEnds(): Promise<Ended> {
    try {
      return await this.#ciServer.watch(this.#buildId, this.#over);
    } catch (error) {
      if (!this.#over.aborted)
        this.#log.debug({ err: error, buildId: this.#buildId }, 'a watch for cancellation failed');
      return 'failed';
    }
  }

  #watchEnded(openedMs: number, ended: Ended): void {
    if (ended === 'cancelled') this.#cancelled.abort(new Error('the build was cancelled'));
    if (this.#over.aborted) return;
    const endedMs = this.#clock.monotonicMs();
    const heldMs = endedMs - openedMs;
    if (heldMs >= SHORTEST_HOLD_MS) this.#noteHold(ended, heldMs, endedMs);
    if (ended === 'failed') return;
    const span = { fromMs: openedMs + TRANSIT_MS, toMs: endedMs - TRANSIT_MS };
    this.#coverage = withQuietWatch(this.#coverage, span);
  }

  #noteHold(ended: Ended, heldMs: number, endedMs: number): void {
    if (ended === 'failed') this.#hold.failed(heldMs, endedMs);
    else this.#hold.answered(heldMs, endedMs);
  }

  async #keepChecking(): Promise<void> {
    let checkedMs = this.#clock.monotonicMs();
    while (!this.#over.aborted) {
      const nowMs = this.#clock.monotonicMs();
      const certainUntilMs = Math.max(checkedMs, this.#coverage.certainUntilMs);
      const dueMs = Math.min(
        certainUntilMs + this.#hold.uncertainLimitMs(nowMs),
        checkedMs + CHECK_INTERVAL_MS,
      );
      if (dueMs > nowMs) {
        await this.#clock.sleep(Math.min(dueMs - nowMs, REVIEW_INTERVAL_MS), this.#over);
        continue;
      }
      checkedMs = this.#clock.monotonicMs();
      await this.#checkState(checkedMs);
    }
  }

  async #checkState(nowMs: number): Promise<void> {
    const findings = await Promise.all([...this.#stages].map((stage) => this.#checkStage(stage)));
    if (findings.includes('open'))
      this.#coverage = withCertainty(this.#coverage, nowMs - REWRITTEN_WITHIN_MS);
  }

  async #checkStage(stage: Stage): Promise<ServerState> {
    try {
      return await stage.checkState();
    } catch (error) {
      this.#log.debug({ err: error, buildId: this.#buildId }, 'the state of a stage could not be read');
      return 'unknown';
    }
  }
}

/** One stage of a build, which may be ended at the server separately. */
class Stage {
  readonly cancelled: AbortSignal;
  readonly #ended = new AbortController();
  readonly #closed = new AbortController();
  readonly #over: AbortSignal;
  check: StateCheck | undefined;

  constructor(buildCancelled: AbortSignal, stop: AbortSignal) {
    this.cancelled = AbortSignal.any([buildCancelled, this.#ended.signal]);
    this.#over = AbortSignal.any([this.cancelled, stop, this.#closed.signal]);
  }

  async checkState(): Promise<ServerState> {
    if (!this.check || this.#over.aborted) return 'unknown';
    const finding = await this.check(this.#over);
    if (finding === 'cancelled' && !this.#over.aborted)
      this.#ended.abort(new Error('the server reports that the stage was cancelled'));
    return finding;
  }

  close(): void {
    this.#closed.abort(new Error('the stage is over'));
  }
}
