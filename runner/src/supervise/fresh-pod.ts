import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import { retry } from '@hangar/shared/retry';
import { POD_READS } from '../watch/current-pod.ts';
import type { PodFeed } from '../watch/pod-watch.ts';

/** A Pod that was read this recently is as it is. */
const FRESH_MS = 5_000;

/** Reads a Pod from the API server where a decision must not rest on a watch that may be silent. */
export class FreshPod {
  readonly #parts: { readonly clock: Clock; readonly log: Logger };
  readonly #feed: PodFeed;
  readonly #wasRead: () => void;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** @param wasRead called after each read, whatever it has shown */
  constructor(parts: { readonly clock: Clock; readonly log: Logger }, feed: PodFeed, wasRead: () => void) {
    this.#parts = parts;
    this.#feed = feed;
    this.#wasRead = wasRead;
  }

  /** Whether it was read so recently that there is nothing to add. */
  get isFresh(): boolean {
    return this.#parts.clock.monotonicMs() - this.#readMs < FRESH_MS;
  }

  /** Reads it, however long the API server is away; one read at a time. Never rejects: if it is aborted, nothing was read. */
  read(signal: AbortSignal): Promise<void> {
    this.#reading ??= this.#read(signal).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      await retry(clock, POD_READS, signal, () => this.#feed.refresh(signal));
      this.#readMs = clock.monotonicMs();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the Pod of a stage could not be read');
    }
    this.#wasRead();
  }
}
