/**
 * One call's own abort handle, tied to its caller's for as long as the call lasts. After `close` nothing is left on the caller's
 * signal, which may live as long as the process.
 */
export class CallSpan {
  readonly #own = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #giveUp = (): void => this.#own.abort(this.#caller?.reason);

  /** @param caller undefined: nobody but the call itself ends it */
  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#giveUp();
    caller?.addEventListener('abort', this.#giveUp, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Cuts the call short; the first reason counts. */
  abort(reason?: unknown): void {
    this.#own.abort(reason);
  }

  /** The caller's signal has no say any more. */
  close(): void {
    this.#caller?.removeEventListener('abort', this.#giveUp);
  }
}
