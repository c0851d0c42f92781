import { STATUS_CODES } from 'node:http';
import type { Clock } from '@hangar/shared/clock';
import { listOf, parseJson, recordOf, textOf } from '@hangar/shared/json';
import type { Dispatcher } from 'undici';
import type { RegistryCredentials } from '../compile/settings.ts';
import {
  type EnvironmentEntry,
  type EnvironmentPlugin,
  PluginError,
  type PluginSubject,
  type RegistryPlugin,
  type SecretPlugin,
} from '../ports/plugins.ts';
import { decryptAesGcm } from '../prepare/aes-gcm.ts';
import { createAgent, type Proxies } from './http-agent.ts';
import { httpCall } from './http-call.ts';
import { signedHeaders } from './plugin-signature.ts';

/** Address and credentials of a plugin. */
export interface PluginOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly skipVerify: boolean;
  readonly proxies?: Proxies;
}

/** A plugin's client; `close` ends its connections and pending requests. */
export type Closable<T> = T & { close(): Promise<void> };

/** 60 s in total, no retry (drone-rpc §6.1). */
const TIMEOUT_MS = 60_000;
/** The first 32 bytes of the token are the key of encrypted responses (drone-rpc §6.3). */
const KEY_BYTES = 32;

/** Client of a secret plugin. */
export function createSecretPlugin(clock: Clock, options: PluginOptions): Closable<SecretPlugin> {
  const plugin = new PluginHttp(clock, options, 'secret', 'application/vnd.drone.secret.v1+json');
  return {
    close: () => plugin.close(),
    find: async ({ path, name }, { repo, build }, signal) => {
      const answer = await plugin.ask({ path, name, repo, build }, signal);
      return textOf(recordOf(answer).data) || undefined;
    },
  };
}

/** Client of a registry plugin. */
export function createRegistryPlugin(clock: Clock, options: PluginOptions): Closable<RegistryPlugin> {
  const plugin = new PluginHttp(clock, options, 'registry', 'application/vnd.drone.registry.v1+json');
  return {
    close: () => plugin.close(),
    list: async ({ repo, build }, signal) => {
      const answer = await plugin.ask({ repo, build }, signal);
      return listOf(answer)
        .map(credentialsOf)
        .filter(({ address }) => address !== '');
    },
  };
}

/** Client of an environment plugin; it requests v2 and parses v1 too (drone-rpc §6.4). */
export function createEnvironmentPlugin(clock: Clock, options: PluginOptions): Closable<EnvironmentPlugin> {
  const plugin = new PluginHttp(clock, options, 'environment', 'application/vnd.drone.env.v2+json');
  return {
    close: () => plugin.close(),
    list: async ({ repo, build }: PluginSubject, signal) =>
      entriesOf(await plugin.ask({ repo, build }, signal)),
  };
}

function credentialsOf(raw: unknown): RegistryCredentials {
  const { address, username, password } = recordOf(raw);
  return { address: textOf(address), username: textOf(username), password: textOf(password) };
}

function entriesOf(answer: unknown): readonly EnvironmentEntry[] {
  const entries = Array.isArray(answer)
    ? answer
        .map(recordOf)
        .map(({ name, data, mask }) => ({ name: textOf(name), value: textOf(data), mask: mask === true }))
    : Object.entries(recordOf(answer)).map(([name, data]) => ({ name, value: textOf(data), mask: false }));
  return entries.filter(({ name }) => name !== '');
}

class PluginHttp {
  readonly #clock: Clock;
  readonly #options: PluginOptions;
  readonly #what: string;
  readonly #accept: string;
  readonly #dispatcher: Dispatcher;

  constructor(clock: Clock, options: PluginOptions, what: string, accept: string) {
    this.#clock = clock;
    this.#options = options;
    const { origin, pathname } = new URL(options.endpoint);
    this.#what = `the ${what} plugin at ${origin}${pathname}`;
    this.#accept = accept;
    this.#dispatcher = createAgent({ ...options, url: options.endpoint });
  }

  /** The parsed response; undefined if the plugin has no data. */
  async ask(question: object, signal?: AbortSignal): Promise<unknown> {
    const { endpoint, token } = this.#options;
    const body = JSON.stringify(question);
    const headers = signedHeaders(this.#accept, body, token, this.#clock.now());
    const call = { method: 'POST', url: endpoint, headers, body, timeoutMs: TIMEOUT_MS } as const;
    const outcome = await httpCall({ clock: this.#clock, dispatcher: this.#dispatcher }, call, signal);
    if (outcome.kind === 'none')
      throw new PluginError(`${this.#what} did not answer: ${outcome.reason}`, { cause: outcome.cause });
    if (outcome.status === 204) return undefined;
    if (outcome.status > 299)
      throw new PluginError(`${this.#what} refused: ${this.#refusal(outcome.status, outcome.body)}`);
    return this.#parse(this.#open(outcome.body, outcome.headers.get('content-encoding')));
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #refusal(status: number, body: Buffer): string {
    const text = body.toString('utf8').trim().slice(0, 300) || (STATUS_CODES[status] ?? '');
    const { token } = this.#options;
    return `${status} ${token === '' ? text : text.replaceAll(token, '[redacted]')}`;
  }

  #open(body: Buffer, encoding: string | undefined): Buffer {
    if (encoding !== 'aesgcm') return body;
    const key = Buffer.from(this.#options.token, 'utf8').subarray(0, KEY_BYTES);
    if (key.length < KEY_BYTES)
      throw new PluginError(`${this.#what} encrypts, but its token is shorter than ${KEY_BYTES} bytes`);
    try {
      return decryptAesGcm(body, key);
    } catch (cause) {
      throw new PluginError(`${this.#what} sent data that its token cannot decrypt`, { cause });
    }
  }

  #parse(body: Buffer): unknown {
    const text = body.toString('utf8');
    if (text.trim() === '') return undefined;
    const answer = parseJson(text);
    if (answer === undefined) throw new PluginError(`${this.#what} did not answer in JSON`);
    return answer;
  }
}
