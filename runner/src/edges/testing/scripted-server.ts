import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@hangar/shared/clock';

/** A request as the server of a test saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** How a test answers: a status with headers and text, `cut` = break the connection, `hang` = never answer. */
export type Play =
  | {
      readonly status: number;
      readonly body?: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'cut'
  | 'hang';

/** A server on loopback that answers as told, and remembers what it was asked. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #answer: (seen: Seen, index: number) => Play;
  #waiting: (() => void)[] = [];

  private constructor(answer: (seen: Seen, index: number) => Play) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Starts a server that answers one play after another; the last one stays. */
  static playing(...plays: readonly Play[]): Promise<ScriptedServer> {
    return ScriptedServer.answering((_, index) => plays[Math.min(index, plays.length - 1)] ?? 'cut');
  }

  /** Starts a server that answers by function. */
  static async answering(answer: (seen: Seen, index: number) => Play): Promise<ScriptedServer> {
    const one = new ScriptedServer(answer);
    await new Promise<void>((resolve) => one.#server.listen(0, '127.0.0.1', resolve));
    return one;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once `count` requests have come. */
  async asked(count: number): Promise<void> {
    while (this.seen.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    const play = this.#answer(seen, this.seen.push(seen) - 1);
    for (const wake of this.#waiting.splice(0)) wake();
    if (play === 'hang') return;
    if (play === 'cut') return void request.socket.destroy();
    response.writeHead(play.status, { 'content-type': 'text/plain; charset=utf-8', ...play.headers });
    response.end(play.body ?? '');
  }
}

/** A clock whose sleeps take no time and are written down, and whose alarms never ring. */
export class InstantClock implements Clock {
  readonly slept: number[] = [];
  nowMs = Date.parse('2026-01-14T09:30:00Z');

  now(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    this.slept.push(ms);
    this.nowMs += ms;
    await new Promise((resolve) => setImmediate(resolve));
  }

  after(): () => void {
    return () => undefined;
  }
}
