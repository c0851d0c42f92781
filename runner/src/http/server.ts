import { writeDemand } from '@hangar/shared/contract/demand';
import { limitConnections } from '@hangar/shared/program/connection-limit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { demandOf } from '../demand/runner-demand.ts';
import { apiPage } from './api-page.ts';
import { type Credentials, challenge, hasToken, mayEnter } from './basic-auth.ts';
import { addDashboard } from './dashboard-routes.ts';
import { notAlive, notReady } from './health.ts';
import type { HttpParts } from './http-parts.ts';
import { openApi } from './openapi.ts';
import { PAGE_HEADERS } from './page-frame.ts';
import { stageViews } from './stage-views.ts';

const NOT_KEPT = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A connection without traffic for this long is closed; so is a request that takes this long to arrive. */
const SLOW_MS = 30_000;

/** All routes, not listening yet. What is wrong with a request ends that request and nothing else. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: SLOW_MS,
    connectionTimeout: SLOW_MS,
  });
  limitConnections(app.server);
  ignoreBodies(app);
  app.addHook('onRequest', async (_request, reply) => void reply.headers(NOT_KEPT));
  // As before: 200 without a word, by any method, whatever the state; probes of old manifests ask here.
  app.all('/healthz', (_request, reply) => reply.send());
  app.get('/livez', (_request, reply) => health(reply, notAlive(parts.signs())));
  app.get('/readyz', (_request, reply) => health(reply, notReady(parts.signs())));
  app.get('/metrics', async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );
  const { ui, token, dashboard } = parts;
  app.get('/demand', guarded({ token }), (_request, reply) =>
    reply.send(writeDemand(demandOf(parts.stages(), parts.ahead()))),
  );
  app.get('/stages', guarded({ ui, token }), (_request, reply) =>
    reply.send({ stages: stageViews(parts.stages()) }),
  );
  addDescription(app, parts.about.version);
  if (ui && dashboard) addDashboard(app, parts, { ...dashboard, guard: guarded({ ui }) });
  return app;
}

/** The description of all routes, for programs and for people. It names nothing of this cluster, so it is open. */
function addDescription(app: FastifyInstance, version: string): void {
  const api = openApi(version);
  const page = apiPage(api);
  app.get('/openapi.json', (_request, reply) => reply.send(api));
  app.get('/api', (_request, reply) => reply.headers(PAGE_HEADERS).send(page));
}

/** Nobody sends us anything to read: whatever comes is let go, of any type. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
}

function health(reply: FastifyReply, reasons: readonly string[]): FastifyReply {
  return reply.code(reasons.length === 0 ? 200 : 503).send({ ok: reasons.length === 0, reasons });
}

/** Either opens a route; neither: it is open. */
interface Keys {
  readonly ui?: Credentials | undefined;
  readonly token?: string | undefined;
}

function guarded({ ui, token }: Keys): {
  onRequest?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
} {
  if (ui === undefined && token === undefined) return {};
  const error = ui ? 'authentication required' : 'the bearer token of HANGAR_HTTP_TOKEN is required';
  return {
    onRequest: async ({ headers: { authorization } }, reply) => {
      if (ui && mayEnter(authorization, ui)) return;
      if (token !== undefined && hasToken(authorization, token)) return;
      await reply
        .code(401)
        .header('www-authenticate', ui ? challenge(ui) : 'Bearer')
        .send({ error });
    },
  };
}
