import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { CiServer } from '../ports/ci-server.ts';

/** Told when a build is cancelled; close it when the stage is over. */
export interface CancelWatch {
  readonly cancelled: AbortSignal;
  close(): void;
}

/** The next watch is opened this long after the former (which lasts 30 s), so that one is always open: the server forgets a cancel that nobody watches for. */
const OVERLAP_MS = 20_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Watches builds for cancellation, one watcher a build however many of its stages fly here (drone-rpc-spec §2.6). */
export class CancelWatches {
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #watches = new Map<number, { users: number; cancelled: AbortController; stop: AbortController }>();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }) {
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
  }

  open(buildId: number): CancelWatch {
    const watch = this.#watches.get(buildId) ?? this.#begin(buildId);
    watch.users += 1;
    let open = true;
    return {
      cancelled: watch.cancelled.signal,
      close: () => {
        if (!open) return;
        open = false;
        watch.users -= 1;
        if (watch.users > 0) return;
        this.#watches.delete(buildId);
        watch.stop.abort(new Error('nobody watches this build any more'));
      },
    };
  }

  #begin(buildId: number): { users: number; cancelled: AbortController; stop: AbortController } {
    const watch = { users: 0, cancelled: new AbortController(), stop: new AbortController() };
    this.#watches.set(buildId, watch);
    void this.#run(buildId, watch);
    return watch;
  }

  async #run(buildId: number, watch: { cancelled: AbortController; stop: AbortController }): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    const over = AbortSignal.any([watch.stop.signal, watch.cancelled.signal]);
    while (!over.aborted) {
      const look = this.#look(buildId, watch, over);
      const first = await Promise.race([
        look,
        this.#clock.sleep(OVERLAP_MS, over).then(() => 'overlap' as const),
      ]);
      if (first !== 'failed') pauseMs = FIRST_PAUSE_MS;
      else {
        await this.#clock.sleep(pauseMs, over);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  async #look(
    buildId: number,
    watch: { cancelled: AbortController },
    signal: AbortSignal,
  ): Promise<'quiet' | 'cancelled' | 'failed'> {
    try {
      const word = await this.#ciServer.watch(buildId, signal);
      if (word === 'cancelled') watch.cancelled.abort(new Error('the build was cancelled'));
      return word;
    } catch (error) {
      if (!signal.aborted) this.#log.debug({ err: error, buildId }, 'a watch for cancellation failed');
      return 'failed';
    }
  }
}
