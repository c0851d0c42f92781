import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { bodyDigest, type HeaderValues, seal, verifySignature } from './plugin-crypto.ts';

/** A request that a plugin got, with what the usual plugin library does not check but a runner should get right. */
export interface PluginRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderValues;
  readonly body: Readonly<Record<string, unknown>>;
  readonly digestFits: boolean;
  /** What it was answered with; 0 while it waits or if it was cut. */
  status: number;
}

/** How a plugin answers. */
export type PluginAnswer =
  | { readonly kind: 'json'; readonly value: unknown; readonly encrypted?: 'if-asked' | 'always' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'error'; readonly status: number; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'never' };

/** Decides the answer to a request whose signature is right. */
export type PluginAnswerer = (request: PluginRequest) => PluginAnswer;

/** A plugin for tests: checks signatures as real ones do, and can misbehave. */
export class PluginDouble {
  /** All requests, refused ones too, oldest first. */
  readonly requests: PluginRequest[] = [];
  readonly #token: string;
  readonly #usual: PluginAnswerer;
  readonly #http: Server;
  #override: PluginAnswerer | undefined;

  private constructor(token: string, usual: PluginAnswerer) {
    this.#token = token;
    this.#usual = usual;
    this.#http = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Opens a free port on 127.0.0.1. */
  static async start(token: string, usual: PluginAnswerer): Promise<PluginDouble> {
    const plugin = new PluginDouble(token, usual);
    await once(plugin.#http.listen(0, '127.0.0.1'), 'listening');
    return plugin;
  }

  /** The endpoint to configure. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/plugin`;
  }

  /** Answers every request like this from now on; undefined goes back to the usual. */
  answerWith(answer: PluginAnswer | undefined): void {
    this.#override = answer === undefined ? undefined : () => answer;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(request);
    const headers = firstValues(request);
    const body = parseMembers(bytes);
    const seen: PluginRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      body: body ?? {},
      digestFits: headers['digest'] === bodyDigest(bytes),
      status: 0,
    };
    this.requests.push(seen);
    const verdict = verifySignature(headers, this.#token);
    if (verdict !== 'valid') answerText(seen, response, 400, verdict);
    else if (body === undefined) answerText(seen, response, 400, 'Invalid Input');
    else this.#answer(seen, response, (this.#override ?? this.#usual)(seen));
  }

  #answer(seen: PluginRequest, response: ServerResponse, answer: PluginAnswer): void {
    switch (answer.kind) {
      case 'json':
        return this.#answerJson(seen, response, answer);
      case 'nothing':
        return answerText(seen, response, 204, '');
      case 'error':
        return answerText(seen, response, answer.status, answer.text);
      case 'text':
        return answerText(seen, response, 200, answer.text);
      case 'never':
    }
  }

  /** Encrypts where the request allows it, as stock plugins do, or in any case. */
  #answerJson(
    seen: PluginRequest,
    response: ServerResponse,
    answer: PluginAnswer & { readonly kind: 'json' },
  ): void {
    const text = JSON.stringify(answer.value);
    seen.status = 200;
    if (answer.encrypted === 'always' || seen.headers['accept-encoding'] === 'aesgcm') {
      response.writeHead(200, { 'content-encoding': 'aesgcm', 'content-type': 'application/octet-stream' });
      response.end(seal(text, this.#token));
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(text);
    }
  }
}

function firstValues({ headersDistinct }: IncomingMessage): HeaderValues {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, values?.[0]]));
}

function parseMembers(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function answerText(seen: PluginRequest, response: ServerResponse, status: number, text: string): void {
  seen.status = status;
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(text);
}

/** A secret as a plugin keeps it; `path` and `name` are what the YAML's `get` says. */
export interface PluginSecret {
  readonly path: string;
  readonly name: string;
  readonly data: string;
  readonly pull_request?: boolean;
}

/** A secret plugin (drone-rpc §6.4): 204 for a name that it does not have. */
export function startSecretPlugin(token: string, secrets: readonly PluginSecret[]): Promise<PluginDouble> {
  return PluginDouble.start(token, ({ body }) => {
    const found = secrets.find(
      ({ path, name }) => path === (body['path'] ?? '') && name === (body['name'] ?? ''),
    );
    if (found === undefined) return { kind: 'nothing' };
    const { path: _path, ...value } = found;
    return { kind: 'json', value: { pull_request: false, ...value } };
  });
}

/** Credentials of a registry as a plugin answers them. */
export interface PluginRegistry {
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** A registry plugin (drone-rpc §6.4): 204 for an empty list. */
export function startRegistryPlugin(
  token: string,
  registries: readonly PluginRegistry[],
): Promise<PluginDouble> {
  return PluginDouble.start(token, () => listAnswer(registries));
}

/** A variable as an environment plugin answers it; masked ones are hidden in logs. */
export interface PluginVariable {
  readonly name: string;
  readonly data: string;
  readonly mask?: boolean;
}

/** An environment plugin (drone-rpc §6.4): a list for v2, a flat map for who asks for v1. */
export function startEnvironmentPlugin(
  token: string,
  variables: readonly PluginVariable[],
): Promise<PluginDouble> {
  return PluginDouble.start(token, ({ headers }) => {
    if (headers['accept'] !== 'application/vnd.drone.env.v1+json') return listAnswer(variables);
    return { kind: 'json', value: Object.fromEntries(variables.map(({ name, data }) => [name, data])) };
  });
}

function listAnswer(items: readonly unknown[]): PluginAnswer {
  return items.length === 0 ? { kind: 'nothing' } : { kind: 'json', value: items };
}
