import type { Clock } from '@hangar/shared/clock';

/** Limits how long the record of an ended stage is kept while the server doesn't accept its end; then the signal is aborted. */
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
   * @param endedMs when, milliseconds since 1970: another process may have tried to report it before
   */
  begin(endedMs: number): void {
    const leftMs = Math.min(this.#retentionMs, endedMs + this.#retentionMs - this.#clock.now());
    this.#cancelTimer ??= this.#clock.after(leftMs, () =>
      this.#expired.abort(new Error('the record of the stage has expired')),
    );
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
