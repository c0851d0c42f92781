import type { ServerResponse } from 'node:http';
import { ApiError } from '../api/status-errors.ts';

/** What a handler answers; `streamed` has written to the response itself. */
export type Reply =
  | { readonly is: 'json'; readonly code: number; readonly body: unknown }
  | { readonly is: 'text'; readonly code: number; readonly body: string }
  | { readonly is: 'streamed' };

export function json(body: unknown, code = 200): Reply {
  return { is: 'json', code, body };
}

export function text(body: string, code = 200): Reply {
  return { is: 'text', code, body };
}

export function writeReply(response: ServerResponse, reply: Reply): void {
  switch (reply.is) {
    case 'json':
      return writeBody(response, reply.code, 'application/json', `${JSON.stringify(reply.body)}\n`);
    case 'text':
      return writeBody(response, reply.code, 'text/plain; charset=utf-8', reply.body);
    case 'streamed':
      return;
  }
}

/** Writes a refusal; what is no ApiError is our bug and shows as 500 with its text. */
export function writeError(response: ServerResponse, error: unknown): void {
  const refusal =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'InternalError', `Internal error occurred: ${String(error)}`);
  const retryAfter = refusal.status.details?.retryAfterSeconds;
  if (retryAfter !== undefined && !response.headersSent)
    response.setHeader('retry-after', String(retryAfter));
  writeBody(response, refusal.status.code, 'application/json', `${JSON.stringify(refusal.status)}\n`);
}

function writeBody(response: ServerResponse, code: number, type: string, body: string): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache, private',
  });
  response.end(body);
}
