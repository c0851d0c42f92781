import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { Job } from '../capacity/job.ts';
import { comparisonKey } from './advice.ts';
import type { Proposal } from './proposals.ts';
import { recentJobs } from './recent-jobs.ts';
import type { SettingsComparison, SettingsGain } from './settings-gain.ts';

/** Runs comparisons where they block nothing else. Rejects when it can't. */
export interface Comparer {
  compare(comparison: SettingsComparison, signal: AbortSignal): Promise<SettingsGain>;
}

/** What a comparison rests on. */
export interface ComparisonData {
  readonly bootSeconds: number;
  /** Past Pods. */
  jobs(): readonly Job[];
}

/** What an {@link Adviser} is made of. */
export interface AdviserParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: nothing is compared, published figures stand. */
  readonly comparer: Comparer | undefined;
}

const RENEW_MS = 6 * 3_600_000;

/** Keeps comparisons of engine settings on what was remembered: one at a time, in the background, anew every six hours. */
export class Adviser {
  readonly #parts: AdviserParts;
  readonly #compared = new Map<string, SettingsGain>();
  readonly #triedMs = new Map<string, number>();
  #working: Promise<void> | undefined;

  constructor(parts: AdviserParts) {
    this.#parts = parts;
  }

  /** What was compared, by {@link comparisonKey}. */
  get compared(): ReadonlyMap<string, SettingsGain> {
    return new Map(this.#compared);
  }

  /** Settles when nothing is compared any more. */
  get idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  /**
   * Begins what is missing or old, unless something is being compared; never rejects, never waits.
   *
   * @param memories its Pods may come in any order; they are asked for only when something begins
   */
  consider(proposals: readonly Proposal[], memories: ComparisonData, stop: AbortSignal): void {
    const { comparer } = this.#parts;
    if (comparer === undefined || this.#working !== undefined) return;
    this.#forget(proposals);
    const due = proposals.find(
      (one) => one.replay !== undefined && this.#isDue(comparisonKey(one, one.pool)),
    );
    if (due?.replay === undefined) return;
    const key = comparisonKey(due, due.pool);
    this.#triedMs.set(key, this.#parts.clock.monotonicMs());
    const jobs = recentJobs(memories.jobs());
    if (jobs === undefined) return;
    const { spec: node } = due.pool;
    const comparison: SettingsComparison = { jobs, node, bootSeconds: memories.bootSeconds, ...due.replay };
    this.#working = this.#compare(key, comparison, comparer, stop);
  }

  async #compare(
    key: string,
    comparison: SettingsComparison,
    comparer: Comparer,
    stop: AbortSignal,
  ): Promise<void> {
    try {
      this.#compared.set(key, await comparer.compare(comparison, stop));
    } catch (error) {
      if (!stop.aborted)
        this.#parts.log.warn(
          { err: error },
          'engine settings could not be compared; published figures apply',
        );
    } finally {
      this.#working = undefined;
    }
  }

  #isDue(key: string): boolean {
    const triedMs = this.#triedMs.get(key);
    return triedMs === undefined || this.#parts.clock.monotonicMs() - triedMs >= RENEW_MS;
  }

  /** Forgets comparisons whose proposal is gone. */
  #forget(proposals: readonly Proposal[]): void {
    const keys = new Set(proposals.map((one) => comparisonKey(one, one.pool)));
    for (const key of this.#triedMs.keys())
      if (!keys.has(key)) {
        this.#triedMs.delete(key);
        this.#compared.delete(key);
      }
  }
}
