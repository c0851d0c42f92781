import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RecordedCall } from './calls.ts';
import type { Fault, OddAnswer, RpcFaults } from './faults.ts';
import { readBodyBytes, send, sendHead } from './http-edge.ts';
import { applyCall, plain, type RpcCall, type RpcParts, type RpcReply } from './rpc.ts';
import { type Route, routeRpc } from './rpc-routes.ts';

/** What the edge needs besides the handlers' parts. */
export interface RpcEdgeParts extends RpcParts {
  readonly faults: RpcFaults;
  readonly maxBodyBytes: number;
  /** A number that changes when the server's process dies. */
  readonly incarnation: () => number;
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
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const method = request.method ?? 'GET';
  const route = routeRpc(method, path);
  const { endpoint, pathId } =
    route.kind === 'endpoint' ? route : ({ endpoint: 'unknown', pathId: 0 } as const);
  const record = parts.calls.begin({ method, path, endpoint, pathId });
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
    parts.calls.end(record, 0);
  });
  const exchange = { request, response, record };
  const body = await readBodyBytes(request, parts.maxBodyBytes);
  const fault = parts.faults.faultFor(record);
  if (await stoppedBefore(parts, exchange, fault)) return;
  const call = { record, query: new URLSearchParams(query), body, gone: gone.signal };
  const reply = refusal(parts, request) ?? (await answerRoute(parts, route, call));
  await deliver(parts, exchange, { fault, reply });
}

/** The token is checked before the routes (drone-rpc §1.2). */
function refusal({ settings }: RpcParts, request: IncomingMessage): RpcReply | undefined {
  if (settings.secret === '') return plain(403, '');
  return request.headers['x-drone-token'] === settings.secret ? undefined : plain(401, '');
}

function answerRoute(parts: RpcParts, route: Route, call: RpcCall): RpcReply | Promise<RpcReply> {
  switch (route.kind) {
    case 'endpoint':
      return applyCall(parts, route.endpoint, call);
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
    const incarnation = parts.incarnation();
    fault.onReached();
    await fault.released;
    return parts.incarnation() !== incarnation;
  }
  return false;
}

/** Sends the answer, or what the fault makes of it. */
async function deliver(
  parts: RpcEdgeParts,
  exchange: Exchange,
  { fault, reply }: { readonly fault: Fault | undefined; readonly reply: RpcReply },
): Promise<void> {
  switch (fault?.kind) {
    case 'cut':
      return cut(parts, exchange);
    case 'answer':
      return finish(parts, exchange, oddReply(fault.answer));
    case 'half-body':
      return sendHalf(parts, exchange, reply);
    case 'slow':
      return sendSlowly(parts, exchange, reply, fault.delayMs);
    case 'hold':
      if (fault.applied) {
        fault.onReached();
        await fault.released;
      }
      return finish(parts, exchange, reply);
    case undefined:
      return finish(parts, exchange, reply);
  }
}

function oddReply({ status, body = '', headers = {} }: OddAnswer): RpcReply {
  return { status, body: Buffer.from(body), headers };
}

/** The record ends before the client can see the answer, so that its next call never seems to overlap. */
function finish(parts: RpcEdgeParts, { response, record }: Exchange, reply: RpcReply): void {
  parts.calls.end(record, response.destroyed ? 0 : reply.status);
  send(response, reply);
}

function cut(parts: RpcEdgeParts, { request, record }: Exchange): void {
  parts.calls.end(record, 0);
  request.socket.destroy();
}

/** An empty answer has no half; there the connection is cut instead. */
async function sendHalf(parts: RpcEdgeParts, exchange: Exchange, reply: RpcReply): Promise<void> {
  const half = reply.body.subarray(0, Math.ceil(reply.body.length / 2));
  if (half.length > 0) {
    sendHead(exchange.response, reply);
    await new Promise((resolve) => exchange.response.write(half, resolve));
  }
  cut(parts, exchange);
}

async function sendSlowly(
  { backend, calls }: RpcEdgeParts,
  { response, record }: Exchange,
  reply: RpcReply,
  delayMs: number,
): Promise<void> {
  await backend.clock.sleep(delayMs);
  if (response.destroyed) return;
  const half = Math.floor(reply.body.length / 2);
  sendHead(response, reply);
  response.flushHeaders();
  if (half > 0) response.write(reply.body.subarray(0, half));
  await backend.clock.sleep(delayMs);
  calls.end(record, response.destroyed ? 0 : reply.status);
  if (!response.destroyed) response.end(reply.body.subarray(half));
}
