import type { Clock } from '@hangar/shared/clock';

/** A process that finds an ended stage tries to report it for at least this long: for longer than the retention, none may have been running. */
const LEAST_MS = 3_600_000;

/**
 * Limits how long the record of an ended stage is kept while the server doesn't accept its end; then the signal is aborted. Only the monotonic
 * clock counts, since the record is the only one of that end, and the wall clock may be set by days.
 */
export class Expiry {
  readonly #clock: Clock;
  readonly #retentionMs: number;
  readonly #expired = new AbortController();
  #cancelTimer: (() => void) | undefined;

  constructor(parts: { readonly clock: Clock; readonly retentionMs: number }) {
    this.#clock = parts.clock;
    this.#retentionMs = parts.retentionMs;
  }

  get signal(): AbortSignal {
    return this.#expired.signal;
  }

  /**
   * Called when the stage has ended; only the first call takes effect.
   *
   * @param agoMs how long ago it had ended for certain, in milliseconds: another process may have tried to report it before
   */
  begin(agoMs: number): void {
    const leastMs = Math.min(LEAST_MS, this.#retentionMs);
    const leftMs = Math.max(leastMs, this.#retentionMs - Math.max(0, agoMs));
    this.#cancelTimer ??= this.#clock.after(leftMs, () =>
      this.#expired.abort(new Error('the record of the stage has expired')),
    );
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
