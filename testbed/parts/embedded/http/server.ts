import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@hangar/shared/clock';
import { recordOf } from '@hangar/shared/json';
import type { ObjectApi } from '../api/object-api.ts';
import type { ApiResource } from '../api/resources.ts';
import { foreignPage, unauthorized, unknownKind } from '../api/status-errors.ts';
import type { ApiFaults, FaultEffect, RequestFacts } from '../faults/faults.ts';
import { discoveryOf, VERSION } from './discovery.ts';
import { type Exchange, ObjectRoutes } from './object-routes.ts';
import type { Permissions } from './permissions.ts';
import { type PodLogSource, servePodLog } from './pod-log.ts';
import { parseBody, readBody } from './read-body.ts';
import { type HttpReply, jsonReply, textReply, writeError, writeReply } from './reply.ts';
import { qualifiedPath, type ResourceRequest, resourceRequestOf } from './request-info.ts';

export interface ApiServerParts {
  readonly clock: Clock;
  readonly api: ObjectApi;
  readonly resources: readonly ApiResource[];
  readonly faults: ApiFaults;
  readonly permissions: Permissions;
  readonly logs: PodLogSource;
  readonly token: string;
  readonly bookmarkIntervalMs: number;
}

const HEALTH = ['/livez', '/readyz', '/healthz'];
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** The HTTP server in front of the objects; listens on 127.0.0.1 alone. */
export class ApiServer {
  private readonly parts: ApiServerParts;
  private readonly routes: ObjectRoutes;
  private server: Server | undefined;
  private port = 0;

  constructor(parts: ApiServerParts) {
    this.parts = parts;
    const { clock, api, faults, bookmarkIntervalMs } = parts;
    this.routes = new ObjectRoutes(api, { clock, store: api.store, faults, bookmarkIntervalMs });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens; after a `stop` on the same port as before. */
  async start(): Promise<void> {
    if (this.server !== undefined) return;
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      void this.serve(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Refuses connections and breaks those that are open. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (isFromWebPage(request)) throw foreignPage();
      const url = new URL(request.url ?? '/', this.url);
      const target = resourceRequestOf(request.method ?? 'GET', url, this.parts.resources);
      const facts = factsOf(target, url);
      const body = await readBody(request);
      const effects = await this.delayed(facts);
      if (breaks(effects, 'before')) return void response.destroy();
      this.assertAuthenticated(request, url);
      const contentType = request.headers['content-type'] ?? 'application/json';
      const reply =
        target === undefined
          ? this.other(url, body)
          : this.resource({ request: target, facts, body, contentType, response }, effects);
      if (breaks(effects, 'after')) return void response.destroy();
      writeReply(response, reply);
    } catch (error) {
      writeError(response, error);
    }
  }

  /** The faults of a request, after the delay that they have. */
  private async delayed(facts: RequestFacts): Promise<readonly FaultEffect[]> {
    const effects = this.parts.faults.effectsOn(facts);
    for (const effect of effects) if (effect.kind === 'delay') await this.parts.clock.sleep(effect.delayMs);
    return effects;
  }

  private assertAuthenticated(request: IncomingMessage, url: URL): void {
    const { token } = this.parts;
    if (HEALTH.includes(url.pathname)) return;
    if (request.headers.authorization !== `Bearer ${token}`) throw unauthorized();
  }

  private resource(exchange: Exchange, effects: readonly FaultEffect[]): HttpReply {
    const { request, response } = exchange;
    this.parts.permissions.assertAllowed(request);
    if (request.resource.plural !== 'pods' || request.subresource !== 'log')
      return this.routes.handle(exchange);
    const cut = effects.find((effect) => effect.kind === 'cut-log');
    const { api, logs, clock } = this.parts;
    return servePodLog({ api, logs, nowMs: () => clock.now() }, request, response, cut?.atByte);
  }

  private other({ pathname }: URL, body: string): HttpReply {
    if (HEALTH.some((path) => `${pathname}/`.startsWith(`${path}/`))) return textReply('ok');
    if (pathname === '/version') return jsonReply(VERSION);
    if (pathname === REVIEWS) return jsonReply(this.parts.permissions.review(recordOf(parseBody(body))), 201);
    const discovery = discoveryOf(pathname, this.parts.resources);
    if (discovery !== undefined) return jsonReply(discovery);
    if (this.isKnownGroup(pathname)) throw unknownKind();
    return textReply('404 page not found\n', 404);
  }

  /** Below a group that is served, an unknown kind has another answer than elsewhere. */
  private isKnownGroup(path: string): boolean {
    return this.parts.resources.some(({ group, version }) =>
      path.startsWith(group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`),
    );
  }
}

/** The names of this machine: another one in `Host` is that of a web page which leads its name here (DNS rebinding). */
const OWN_NAMES = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/;

/** Clients of Kubernetes send no `Origin`, and browsers send one with each change and with each request to another site. */
const isFromWebPage = ({ headers: { origin, host = '' } }: IncomingMessage): boolean =>
  origin !== undefined || !OWN_NAMES.test(host);

function factsOf(target: ResourceRequest | undefined, url: URL): RequestFacts {
  const path = `${url.pathname}${url.search}`;
  if (target === undefined) return { verb: 'other', resource: '', namespace: '', name: '', path };
  const { verb, resource, subresource, namespace, name } = target;
  return { verb, resource: qualifiedPath(resource.plural, subresource), namespace, name, path };
}

/** Whether an ordered fault breaks the connection at this point. @throws {ApiError} where it orders an answer */
function breaks(effects: readonly FaultEffect[], when: 'before' | 'after'): boolean {
  const failure = effects.find((effect) => effect.kind === 'fail' && effect.when === when);
  if (failure?.kind === 'fail') throw failure.error;
  return effects.some((effect) => effect.kind === 'drop' && effect.when === when);
}
