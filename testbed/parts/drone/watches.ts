import type { Timers } from './timers.ts';

/** `memory`: a cancel reaches only open watches. `redis`: it is remembered, but quiet watches end in an error (drone-rpc §2.6). */
export type WatchMode = 'memory' | 'redis';

/** How a watch ended. */
export type WatchOutcome = 'cancelled' | 'quiet' | 'redis-nil';

/** How long Redis keeps the marker of a cancel. */
const MARKER_MS = 5 * 60_000;

/** Long polls that wait for the cancel of a build. */
export class Watches {
  readonly #timers: Timers;
  readonly #mode: WatchMode;
  readonly #changed: () => void;
  readonly #open = new Map<number, Set<(outcome: WatchOutcome) => void>>();
  readonly #markers = new Map<number, number>();

  constructor(timers: Timers, mode: WatchMode, changed: () => void) {
    this.#timers = timers;
    this.#mode = mode;
    this.#changed = changed;
  }

  /** Waits for a cancel, the end of the window or the client's going. */
  watch(buildId: number, windowMs: number, gone: AbortSignal): Promise<WatchOutcome> {
    if (this.#marked(buildId)) return Promise.resolve('cancelled');
    return new Promise((resolve) => {
      const leave = () => {
        end(this.#mode === 'redis' ? 'redis-nil' : 'quiet');
      };
      const cancelTimer = this.#timers.after(windowMs, leave);
      const end = (outcome: WatchOutcome) => {
        cancelTimer();
        gone.removeEventListener('abort', leave);
        this.#openFor(buildId).delete(end);
        if (this.#openFor(buildId).size === 0) this.#open.delete(buildId);
        resolve(outcome);
        this.#changed();
      };
      this.#openFor(buildId).add(end);
      gone.addEventListener('abort', leave);
      if (gone.aborted) leave();
      this.#changed();
    });
  }

  /** Wakes the open watches of a build; only Redis remembers it for later ones. */
  cancel(buildId: number): void {
    if (this.#mode === 'redis') this.#markers.set(buildId, this.#timers.nowMs() + MARKER_MS);
    for (const end of [...(this.#open.get(buildId) ?? [])]) end('cancelled');
  }

  /** How many watches a build has now. */
  count(buildId: number): number {
    return this.#open.get(buildId)?.size ?? 0;
  }

  /** Ends all watches as their windows would; used when the server goes. */
  close(): void {
    for (const ends of [...this.#open.values()]) for (const end of [...ends]) end('quiet');
  }

  #openFor(buildId: number): Set<(outcome: WatchOutcome) => void> {
    const ends = this.#open.get(buildId) ?? new Set();
    this.#open.set(buildId, ends);
    return ends;
  }

  #marked(buildId: number): boolean {
    const untilMs = this.#markers.get(buildId);
    if (untilMs === undefined) return false;
    if (untilMs > this.#timers.nowMs()) return true;
    this.#markers.delete(buildId);
    return false;
  }
}
