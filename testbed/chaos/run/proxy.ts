import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '@hangar/shared/clock';
import type { OutageKind, RequestEffect, RequestKind, ServerName, WatchEffect } from '../plan/actions.ts';
import type { Upstream } from './chaos-cluster.ts';
import { errorBodyOf } from './error-bodies.ts';
import { WatchRelay } from './watch-relay.ts';

/** A fault that affects the next requests of a class. */
export interface RequestRule {
  readonly effect: RequestEffect;
  readonly of: RequestKind;
  /** Number of requests that it still affects; shared by all proxies that have the rule. */
  left: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

/**
 * An HTTP proxy with faults between one replica and one server. It can be used as a server, as a forward proxy, or by CONNECT, so that
 * each replica has its own proxy even if all must use the same address of a server.
 */
export class FaultProxy {
  readonly #clock: Clock;
  readonly #name: ServerName;
  readonly #upstream: URL;
  readonly #agent: Agent;
  readonly #isSecure: boolean;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rules = new Set<RequestRule>();
  readonly #watches = new Set<WatchRelay>();
  readonly #outages = new Set<{ readonly how: OutageKind }>();
  #watchEffect: WatchEffect | undefined;

  constructor(clock: Clock, name: ServerName, { url, authority }: Upstream) {
    this.#clock = clock;
    this.#name = name;
    this.#upstream = new URL(url);
    this.#isSecure = authority !== undefined;
    const pool = { keepAlive: true, maxSockets: 200 };
    this.#agent = authority === undefined ? new Agent(pool) : new HttpsAgent({ ...pool, ca: authority });
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
      if (this.#outage === 'refused') socket.destroy();
    });
    this.#server.on('connect', (_, socket: Socket) => {
      if (this.#outage !== undefined) return;
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      this.#server.emit('connection', socket);
    });
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks or silences all connections, old and new, until the returned function is called. */
  beginOutage(how: OutageKind): () => void {
    const outage = { how };
    this.#outages.add(outage);
    for (const watch of this.#watches) watch.silence();
    if (how === 'refused') this.#breakAll();
    return () => {
      this.#outages.delete(outage);
      // Answers from the time of silence never arrive, so the old connections are useless.
      this.#breakAll();
    };
  }

  /** Adds a fault; the returned function removes it. */
  addRule(rule: RequestRule): () => void {
    this.#rules.add(rule);
    return () => this.#rules.delete(rule);
  }

  /** Sets what happens to watches from now on; `dropped`, `expired` and `silent` affect open ones. */
  setWatchEffect(effect: WatchEffect | undefined): void {
    this.#watchEffect = effect;
    for (const watch of this.#watches) {
      if (effect === 'dropped' || effect === 'expired') watch.drop();
      if (effect === 'silent') watch.silence();
    }
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#breakAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  get #outage(): OutageKind | undefined {
    const all = [...this.#outages].map(({ how }) => how);
    return all.includes('refused') ? 'refused' : all[0];
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    if (this.#outage !== undefined) return this.#fail(request);
    const effect = this.#effectOn(request);
    if (effect && (await this.#endsBefore(effect, request, response))) return;
    const exchange = { request, response, body };
    const answer = await this.#forward(exchange);
    // If an outage began meanwhile, the answer is lost.
    if (this.#outage !== undefined) return this.#fail(request);
    await this.#deliver(exchange, answer, effect);
  }

  /** Whether a fault ends the request before it is sent to the server. */
  async #endsBefore(
    effect: RequestEffect,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    if (effect.kind === 'slow') await this.#clock.sleep(effect.delayMs);
    if (!('when' in effect) || effect.when === 'after') return false;
    if (effect.kind === 'cut') request.socket.destroy();
    else this.#answer(response, effect.status);
    return true;
  }

  /** A silent outage gives no answer until it ends and the connection breaks. */
  #fail(request: IncomingMessage): void {
    if (this.#outage === 'refused') request.socket.destroy();
  }

  #effectOn(request: IncomingMessage): RequestEffect | undefined {
    for (const rule of this.#rules) {
      if (rule.left <= 0 || !isOf(rule.of, request)) continue;
      rule.left -= 1;
      return rule.effect;
    }
    return undefined;
  }

  #forward({ request, response, body }: Exchange): Promise<IncomingMessage> {
    const { hostname, port } = this.#upstream;
    const { method, headers } = request;
    const path = new URL(request.url ?? '/', this.#upstream);
    return new Promise((resolve, reject) => {
      const target = { hostname, port, method, headers, path: path.pathname + path.search };
      const send = this.#isSecure ? httpsRequest : httpRequest;
      const onward = send({ ...target, agent: this.#agent }, resolve);
      onward.on('error', reject);
      response.once('close', () => onward.destroy());
      onward.end(body);
    });
  }

  async #deliver(
    { request, response }: Exchange,
    answer: IncomingMessage,
    effect: RequestEffect | undefined,
  ): Promise<void> {
    if (effect?.kind === 'cut' || effect?.kind === 'answer') {
      // The server has carried out the request once the answer begins; a stream may never end.
      answer.resume();
      if (effect.kind === 'answer') return this.#answer(response, effect.status);
      return void request.socket.destroy();
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    if (effect?.kind === 'half-answer') return this.#deliverHalf(request, response, answer);
    if (isWatch(request)) return this.#relay(response, answer);
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
    answer.on('data', (chunk: Buffer) => {
      if (this.#outage === undefined) response.write(chunk);
    });
    answer.on('end', () => {
      if (this.#outage === undefined) response.end();
    });
  }

  async #deliverHalf(
    { socket }: IncomingMessage,
    response: ServerResponse,
    answer: IncomingMessage,
  ): Promise<void> {
    for await (const chunk of answer) {
      const half = (chunk as Buffer).subarray(0, (chunk as Buffer).length / 2);
      await new Promise((resolve) => response.write(half, resolve));
      break;
    }
    socket.destroy();
  }

  #relay(response: ServerResponse, answer: IncomingMessage): void {
    const relay = new WatchRelay(this.#clock, response, answer, () => this.#watchEffect);
    this.#watches.add(relay);
    response.once('close', () => this.#watches.delete(relay));
  }

  #answer(response: ServerResponse, status: number): void {
    const { headers, body } = errorBodyOf(this.#name, status);
    response.writeHead(status, headers);
    response.end(body);
  }
}

const isWatch = ({ url = '' }: IncomingMessage): boolean => /[?&]watch=(true|1)/.test(url);

function isOf(wanted: RequestKind, request: IncomingMessage): boolean {
  const { method = 'GET' } = request;
  if (wanted === 'all') return true;
  if (wanted === 'watches') return isWatch(request);
  if (wanted === 'patches') return method === 'PATCH' || method === 'PUT';
  return (wanted === 'reads') === (method === 'GET');
}
