/** One object for all: by itself, each abort would make a DOMException with a stack trace. */
const OVER = new Error('the call is over');

/**
 * An abort handle for one call, linked to its caller's signal for the duration of the call. `close` removes the listener from the
 * caller's signal, which may exist as long as the process.
 */
export class CallSpan {
  readonly #own = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #giveUp = (): void => this.#own.abort(this.#caller?.reason);

  /** @param caller undefined: only the call itself can abort it */
  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#giveUp();
    caller?.addEventListener('abort', this.#giveUp, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Aborts the call; the first reason is kept. */
  abort(reason: unknown = OVER): void {
    this.#own.abort(reason);
  }

  /** Unlinks the caller's signal. */
  close(): void {
    this.#caller?.removeEventListener('abort', this.#giveUp);
  }
}
