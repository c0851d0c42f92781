/** Where a container's log comes from: the API server's log endpoint, as the follower needs it. */

/** The container whose log is meant. */
export interface LogTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/**
 * Why no stream could be opened. `not-ready`: the container was not created yet (400); `gone`: no such Pod or container (404);
 * `forbidden`: the right to read logs is missing (403); `unavailable`: anything else, which may pass (5xx, 429, 401, network).
 */
export type LogRefusal = 'not-ready' | 'gone' | 'forbidden' | 'unavailable';

/** A stream of log bytes that could not be opened; the refusal says what to do next. */
export class LogSourceError extends Error {
  override readonly name = 'LogSourceError';
  readonly refusal: LogRefusal;

  constructor(refusal: LogRefusal, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.refusal = refusal;
  }
}

/**
 * One GET of a container's log with `follow=true` and `timestamps=true`. `sinceTime` is RFC 3339 in whole seconds; left out, the
 * log comes from its beginning. The iterable ends when the server ends the stream and throws when the connection breaks;
 * aborting `signal` closes the connection in both phases. Rejects with a {@link LogSourceError}.
 */
export interface LogSource {
  open(
    request: LogTarget & { readonly sinceTime?: string; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
}
