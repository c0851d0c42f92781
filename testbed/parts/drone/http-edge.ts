import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RpcReply } from './rpc.ts';

/** Reads a whole request body; rejects when it has more than `maxBytes`. */
export async function readBodyBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Every answer of the real server disables caching. */
const NO_CACHE = {
  'cache-control': 'no-cache, no-store, max-age=0, must-revalidate, value',
  expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
  pragma: 'no-cache',
};

/** Sends the head, with the length of the body except for 204. */
export function sendHead(response: ServerResponse, reply: RpcReply): void {
  const length = reply.status === 204 ? {} : { 'content-length': reply.body.length };
  response.writeHead(reply.status, { ...NO_CACHE, ...reply.headers, ...length });
}

/** Sends a whole answer. */
export function send(response: ServerResponse, reply: RpcReply): void {
  if (response.destroyed || response.writableEnded) return;
  sendHead(response, reply);
  response.end(reply.body);
}
