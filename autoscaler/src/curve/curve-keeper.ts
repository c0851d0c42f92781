import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { ComparisonData } from '../advise/adviser.ts';
import { recentJobs } from '../advise/recent-jobs.ts';
import type { Pool } from '../capacity/pools.ts';
import type { CurveQuestion, CurveSettings, PriceCurve } from './price-curve.ts';

/** Plays curves where they block nothing else. Rejects when it can't. */
export interface CurvePlayer {
  curve(question: CurveQuestion, signal: AbortSignal): Promise<PriceCurve>;
}

/** What a {@link CurveKeeper} is made of. */
export interface CurveKeeperParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: there is no curve. */
  readonly player: CurvePlayer | undefined;
}

/** A curve, and when it was played. */
export type DatedCurve = PriceCurve & { readonly atMs: number };

const RENEW_MS = 6 * 3_600_000;

/** Keeps the curve of cost against waiting on the remembered builds: played in the background, anew every six hours. */
export class CurveKeeper {
  readonly #parts: CurveKeeperParts;
  readonly #settings: CurveSettings;
  #curve: DatedCurve | undefined;
  #triedMs: number | undefined;
  #working: Promise<void> | undefined;

  constructor(parts: CurveKeeperParts, settings: CurveSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** The last one; undefined: there are too few builds so far. */
  get curve(): DatedCurve | undefined {
    return this.#curve;
  }

  /** Settles when nothing is played any more. */
  get idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  /** Begins a curve of the first pool where it is missing or old; never rejects, never waits. */
  consider([pool]: readonly Pool[], memories: ComparisonData, stop: AbortSignal): void {
    const { clock, player } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (player === undefined || pool === undefined || this.#working !== undefined) return;
    if (this.#triedMs !== undefined && nowMs - this.#triedMs < RENEW_MS) return;
    this.#triedMs = nowMs;
    const jobs = recentJobs(memories.jobs());
    if (jobs === undefined) return;
    const { bootSeconds } = memories;
    this.#working = this.#play(
      player,
      { jobs, node: pool.spec, bootSeconds, settings: this.#settings },
      stop,
    );
  }

  async #play(player: CurvePlayer, question: CurveQuestion, stop: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      this.#curve = { ...(await player.curve(question, stop)), atMs: clock.now() };
    } catch (error) {
      if (!stop.aborted) log.warn({ err: error }, 'the curve of cost against waiting could not be computed');
    } finally {
      this.#working = undefined;
    }
  }
}
