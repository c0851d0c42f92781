import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint, RecordedCall } from './calls.ts';
import type { Fault, Faults } from './faults.ts';
import { readBody, send, sendHead } from './http-edge.ts';
import { applyCall, plain, type Reply, type RpcParts } from './rpc.ts';
import { type Route, routeRpc } from './rpc-routes.ts';

/** What the edge needs besides the handlers' parts. */
export interface RpcEdgeParts extends RpcParts {
  readonly faults: Faults;
  readonly maxBodyBytes: number;
  /** A number that changes when the server's process dies. */
  readonly life: () => number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RecordedCall;
}

/** Answers one request under /rpc/v2, with whatever was planned to go wrong. */
export async function serveRpc(
  parts: RpcEdgeParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = splitUrl(request.url ?? '/');
  const method = request.method ?? 'GET';
  const route = routeRpc(method, url.path);
  const record = parts.calls.begin({ method, path: url.path, ...named(route) });
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
    parts.calls.end(record, 0);
  });
  const exchange = { request, response, record };
  const body = await readBody(request, parts.maxBodyBytes);
  const fault = parts.faults.take(record);
  if (await stoppedBefore(parts, exchange, fault)) return;
  const call = { record, query: url.query, body, gone: gone.signal };
  const reply =
    refusal(parts, request) ?? (await answerRoute(route, (endpoint) => applyCall(parts, endpoint, call)));
  await deliver(parts, exchange, { fault, reply });
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const [path = '/', query = ''] = url.split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

function named(route: Route): Pick<RecordedCall, 'endpoint' | 'pathId'> {
  return route.kind === 'endpoint' ? route : { endpoint: 'unknown', pathId: 0 };
}

/** The token is checked before the routes (drone-rpc §1.2). */
function refusal({ settings }: RpcParts, request: IncomingMessage): Reply | undefined {
  if (settings.secret === '') return plain(403, '');
  return request.headers['x-drone-token'] === settings.secret ? undefined : plain(401, '');
}

async function answerRoute(route: Route, apply: (endpoint: Endpoint) => Promise<Reply>): Promise<Reply> {
  switch (route.kind) {
    case 'endpoint':
      return await apply(route.endpoint);
    case 'nothing-to-do':
      return plain(200, '');
    case 'wrong-method':
      return plain(405, '');
    case 'unknown':
      return plain(404, '404 page not found\n');
  }
}

/** Faults that keep the call from taking effect; true if the exchange is over. */
async function stoppedBefore(
  parts: RpcEdgeParts,
  exchange: Exchange,
  fault: Fault | undefined,
): Promise<boolean> {
  if (fault?.kind === 'cut' && !fault.applied) {
    cut(parts, exchange);
    return true;
  }
  if (fault?.kind === 'answer' && fault.answer.applied !== true) {
    finish(parts, exchange, oddReply(fault.answer));
    return true;
  }
  if (fault?.kind === 'hold' && !fault.applied) {
    const life = parts.life();
    fault.reach();
    await fault.gate;
    return parts.life() !== life;
  }
  return false;
}

/** Sends the answer, or what the fault makes of it. */
async function deliver(
  parts: RpcEdgeParts,
  exchange: Exchange,
  { fault, reply }: { readonly fault: Fault | undefined; readonly reply: Reply },
): Promise<void> {
  switch (fault?.kind) {
    case 'cut':
      cut(parts, exchange);
      return;
    case 'answer':
      finish(parts, exchange, oddReply(fault.answer));
      return;
    case 'half-body':
      await sendHalf(parts, exchange, reply);
      return;
    case 'slow':
      await sendSlowly(parts, exchange, { reply, delayMs: fault.delayMs });
      return;
    case 'hold':
      if (fault.applied) {
        fault.reach();
        await fault.gate;
      }
      finish(parts, exchange, reply);
      return;
    case undefined:
      finish(parts, exchange, reply);
  }
}

function oddReply(answer: {
  status: number;
  body?: string;
  headers?: Readonly<Record<string, string>>;
}): Reply {
  return { status: answer.status, body: Buffer.from(answer.body ?? ''), headers: answer.headers ?? {} };
}

/** The record ends before the client can see the answer, so that its next call never seems to overlap. */
function finish(parts: RpcEdgeParts, { response, record }: Exchange, reply: Reply): void {
  parts.calls.end(record, response.destroyed ? 0 : reply.status);
  send(response, reply);
}

function cut(parts: RpcEdgeParts, { request, record }: Exchange): void {
  parts.calls.end(record, 0);
  request.socket.destroy();
}

/** An empty answer has no half; there the connection is cut instead. */
async function sendHalf(parts: RpcEdgeParts, exchange: Exchange, reply: Reply): Promise<void> {
  if (reply.body.length > 0) {
    sendHead(exchange.response, reply);
    await new Promise<void>((resolve) => {
      exchange.response.write(reply.body.subarray(0, Math.ceil(reply.body.length / 2)), () => {
        resolve();
      });
    });
  }
  cut(parts, exchange);
}

async function sendSlowly(
  parts: RpcEdgeParts,
  exchange: Exchange,
  { reply, delayMs }: { readonly reply: Reply; readonly delayMs: number },
): Promise<void> {
  const pause = () => new Promise<void>((resolve) => parts.backend.timers.after(delayMs, resolve));
  await pause();
  if (exchange.response.destroyed) return;
  const half = Math.floor(reply.body.length / 2);
  sendHead(exchange.response, reply);
  exchange.response.flushHeaders();
  if (half > 0) exchange.response.write(reply.body.subarray(0, half));
  await pause();
  parts.calls.end(exchange.record, exchange.response.destroyed ? 0 : reply.status);
  if (!exchange.response.destroyed) exchange.response.end(reply.body.subarray(half));
}
