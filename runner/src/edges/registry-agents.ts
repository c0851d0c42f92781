import type { LookupFunction } from 'node:net';
import { BoundedMap } from '@hangar/shared/bounded';
import type { Dispatcher } from 'undici';
import { createAgent, type Proxies } from './http-agent.ts';
import { type AddressKind, assertAllowed, checkedConnector } from './registry-address.ts';

const MOST_HOSTS = 1_000;
const TLS = { allowH2: false, rejectUnauthorized: true } as const;

/** What the connections to registries are made with. */
export interface RegistryAgentOptions {
  readonly proxies?: Proxies;
  readonly apiServer?: string;
  /** Resolves names; default: by the system's name servers, without its threads. */
  readonly resolve?: LookupFunction;
}

/** Connections to registries: a pool for those that the operator named, and one for all others, each with and without TLS. */
export class RegistryAgents {
  readonly #named: ReadonlyMap<string, Dispatcher>;
  readonly #others: ReadonlyMap<string, Dispatcher>;
  /** By host, the last kind of its addresses. */
  readonly #kinds = new BoundedMap<string, AddressKind>(MOST_HOSTS);

  readonly #apiServer: string;

  constructor(options: RegistryAgentOptions) {
    this.#apiServer = options.apiServer ?? '';
    this.#named = this.#agents(options, true);
    this.#others = this.#agents(options, false);
  }

  /**
   * Connections for a URL.
   *
   * @throws {AddressRefused} if its host is an address that may not be contacted: a proxy would not check that
   */
  of({ protocol, hostname, port }: URL, isNamed: boolean): Dispatcher {
    assertAllowed(hostname, port, { apiServer: this.#apiServer, arePrivateAllowed: isNamed });
    const agent = (isNamed ? this.#named : this.#others).get(protocol);
    if (!agent) throw new Error(`no connections for ${protocol}`);
    return agent;
  }

  /** Whether the last connection to that host went to a public address. */
  isPublic(host: string): boolean {
    return this.#kinds.get(host.replace(/:\d+$/, '')) === 'public';
  }

  async close(): Promise<void> {
    await Promise.all([...this.#named.values(), ...this.#others.values()].map((agent) => agent.destroy()));
  }

  #agents(options: RegistryAgentOptions, arePrivateAllowed: boolean): ReadonlyMap<string, Dispatcher> {
    const { proxies, apiServer = '', resolve } = options;
    const seen = (host: string, kind: AddressKind): void => void this.#kinds.set(host, kind);
    const connect = checkedConnector({ apiServer, arePrivateAllowed, seen }, TLS, resolve);
    return new Map(
      ['https:', 'http:'].map((url) => [url, createAgent({ url, connect, ...(proxies ? { proxies } : {}) })]),
    );
  }
}
