import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { CiServer } from '../ports/ci-server.ts';

/** Told when a build is cancelled; close it when the stage is over. */
export interface CancelWatch {
  readonly cancelled: AbortSignal;
  close(): void;
}

interface Watched {
  users: number;
  readonly cancelled: AbortController;
  readonly stop: AbortController;
}

type Word = 'quiet' | 'cancelled' | 'failed';

/** The next watch is opened this long after the former (which lasts 30 s), so that one is always open: the server forgets a cancel that nobody watches for. */
const OVERLAP_MS = 20_000;
/** One that hangs and the next: a server that never ends its answers must not collect our connections. */
const MOST_OPEN = 2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A quiet watch lasts 30 s; one that ends sooner than this is something in between that does not wait. */
const SHORTEST_QUIET_MS = 1_000;

/** Watches builds for cancellation, one watcher a build however many of its stages fly here (drone-rpc §2.6). */
export class CancelWatches {
  readonly #clock: Clock;
  readonly #ciServer: CiServer;
  readonly #log: Logger;
  readonly #watches = new Map<number, Watched>();

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }) {
    this.#clock = parts.clock;
    this.#ciServer = parts.ciServer;
    this.#log = parts.log;
  }

  /** Begins, or shares, the watch over a build; each caller closes its own. */
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

  #begin(buildId: number): Watched {
    const watch = { users: 0, cancelled: new AbortController(), stop: new AbortController() };
    this.#watches.set(buildId, watch);
    void this.#run(buildId, watch);
    return watch;
  }

  /** Never rejects, and never gives up: without a watch nobody could cancel the build (known issue 16). */
  async #run(buildId: number, watch: Watched): Promise<void> {
    const over = AbortSignal.any([watch.stop.signal, watch.cancelled.signal]);
    const open = new Set<Promise<Word>>();
    let pauseMs = FIRST_PAUSE_MS;
    while (!over.aborted) {
      const openedMs = this.#clock.monotonicMs();
      const look = this.#look(buildId, watch, over);
      open.add(look);
      void look.then(() => open.delete(look));
      const word = await this.#orOverlap(look, over);
      if (word !== 'failed') pauseMs = FIRST_PAUSE_MS;
      if (word === 'failed' || this.#clock.monotonicMs() - openedMs < SHORTEST_QUIET_MS) {
        await this.#clock.sleep(pauseMs, over);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
      while (open.size >= MOST_OPEN) await Promise.race(open);
    }
  }

  /** What the look came to, unless it is still open when the next is due. */
  async #orOverlap(look: Promise<Word>, over: AbortSignal): Promise<Word | 'overlap'> {
    const first = new AbortController();
    const until = AbortSignal.any([over, first.signal]);
    const overlap = this.#clock.sleep(OVERLAP_MS, until).then(() => 'overlap' as const);
    try {
      return await Promise.race([look, overlap]);
    } finally {
      first.abort();
    }
  }

  async #look(buildId: number, watch: Watched, signal: AbortSignal): Promise<Word> {
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
