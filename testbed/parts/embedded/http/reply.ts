import type { ServerResponse } from 'node:http';
import { ApiError } from '../api/status-errors.ts';

/** What a handler answers; `streamed` has written to the response itself. */
export type HttpReply =
  | { readonly kind: 'json'; readonly code: number; readonly body: unknown }
  | { readonly kind: 'text'; readonly code: number; readonly body: string }
  | { readonly kind: 'streamed' };

export function jsonReply(body: unknown, code = 200): HttpReply {
  return { kind: 'json', code, body };
}

export function textReply(body: string, code = 200): HttpReply {
  return { kind: 'text', code, body };
}

export function writeReply(response: ServerResponse, reply: HttpReply): void {
  if (reply.kind === 'streamed' || response.destroyed) return;
  const isJson = reply.kind === 'json';
  const body = isJson ? `${JSON.stringify(reply.body)}\n` : reply.body;
  response.writeHead(reply.code, {
    'content-type': isJson ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache, private',
  });
  response.end(body);
}

/** Writes a refusal; what is no ApiError is our bug and shows as 500 with its text. */
export function writeError(response: ServerResponse, error: unknown): void {
  const { status } =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  if (response.headersSent) {
    response.end();
    return;
  }
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
  writeReply(response, jsonReply(status, status.code));
}
