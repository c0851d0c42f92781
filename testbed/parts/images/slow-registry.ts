import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How a registry is slowed. */
export interface Slowness {
  /** Registry behind it, `host:port`. */
  readonly upstream: string;
  /** Rate of all its answers together. */
  readonly bytesPerSecond: number;
  /** Time before each answer begins. */
  readonly latencyMs: number;
  /** Where it listens on loopback; default: any free port. */
  readonly port?: number;
  /** Status to answer with instead of forwarding, for tests of failures; undefined to forward. */
  readonly refuse?: (path: string) => number | undefined;
}

/** A slowed registry that runs until closed. */
export interface SlowRegistry {
  /** `127.0.0.1:port`, as in image names. */
  readonly address: string;
  /** Paths requested so far, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Largest piece that is sent at once: small, so that a slow answer flows evenly. */
const pieceBytes = 16_384;

/** When the line is free again after a piece that is sent as soon as it's free; times in ms, rate in bytes a second. */
export function freeAfter(freeAtMs: number, nowMs: number, bytes: number, bytesPerSecond: number): number {
  return Math.max(freeAtMs, nowMs) + (bytes / bytesPerSecond) * 1000;
}

/** Gives each sender its turn, so that all answers together keep the rate. */
function pacer(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let freeAtMs = 0;
  return async (bytes) => {
    const nowMs = performance.now();
    freeAtMs = freeAfter(freeAtMs, nowMs, bytes, bytesPerSecond);
    await pause(freeAtMs - nowMs);
  };
}

async function sendSlowly(from: IncomingMessage, to: ServerResponse, pace: (bytes: number) => Promise<void>) {
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length && !to.destroyed; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      await pace(piece.length);
      to.write(piece);
    }
    if (to.destroyed) return;
  }
  to.end();
}

function ask(upstream: string, incoming: IncomingMessage): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = forward(
      `http://${upstream}${incoming.url ?? '/'}`,
      { method: incoming.method ?? 'GET', headers: { ...incoming.headers, host: upstream }, agent: false },
      resolve,
    );
    outgoing.on('error', reject);
    incoming.pipe(outgoing);
  });
}

/** Starts a proxy on loopback that passes a registry on at a limited rate: cold images without a network. */
export async function startSlowRegistry(slowness: Slowness): Promise<SlowRegistry> {
  const pace = pacer(slowness.bytesPerSecond);
  const asked: string[] = [];
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const path = incoming.url ?? '/';
    asked.push(path);
    await pause(slowness.latencyMs);
    const refused = slowness.refuse?.(path);
    if (refused !== undefined) {
      response.writeHead(refused, { 'content-type': 'application/json' }).end('{"errors":[]}');
      return;
    }
    const answer = await ask(slowness.upstream, incoming);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    await sendSlowly(answer, response, pace);
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(slowness.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address: `127.0.0.1:${port}`, asked, close };
}
