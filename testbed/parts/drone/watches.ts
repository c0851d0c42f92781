import type { Clock } from '@hangar/shared/clock';
import { LongPolls } from './long-polls.ts';

/** `memory`: a cancel reaches only open watches. `redis`: it is remembered, but quiet watches end in an error (drone-rpc §2.6). */
export type WatchMode = 'memory' | 'redis';

/** How a watch ended. */
export type WatchOutcome = 'cancelled' | 'quiet' | 'redis-nil';

/** How long Redis keeps the marker of a cancel. */
const MARKER_MS = 5 * 60_000;

/** Long polls that wait for the cancel of a build. */
export class Watches {
  readonly #clock: Clock;
  readonly #mode: WatchMode;
  readonly #polls: LongPolls<number, WatchOutcome>;
  readonly #cancelledAtMs = new Map<number, number>();

  constructor(clock: Clock, mode: WatchMode, changed: () => void) {
    this.#clock = clock;
    this.#mode = mode;
    this.#polls = new LongPolls(clock, changed);
  }

  /** Waits for a cancel, the end of the window or the client's going. */
  watch(buildId: number, windowMs: number, gone: AbortSignal): Promise<WatchOutcome> {
    const cancelledAtMs = this.#cancelledAtMs.get(buildId) ?? Number.NEGATIVE_INFINITY;
    if (this.#clock.now() < cancelledAtMs + MARKER_MS) return Promise.resolve('cancelled');
    return this.#polls.wait(buildId, windowMs, gone, this.#mode === 'redis' ? 'redis-nil' : 'quiet');
  }

  /** Wakes the open watches of a build; only Redis keeps it for later ones. */
  cancel(buildId: number): void {
    if (this.#mode === 'redis') this.#cancelledAtMs.set(buildId, this.#clock.now());
    for (const { about, end } of this.#polls.open) if (about === buildId) end('cancelled');
  }

  /** How many watches a build has now. */
  count(buildId: number): number {
    return this.#polls.open.filter(({ about }) => about === buildId).length;
  }

  /** Ends all watches as on their timeout; used when the server stops. */
  close(): void {
    for (const { end } of this.#polls.open) end('quiet');
  }
}
