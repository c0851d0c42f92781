import type { Clock } from '@hangar/shared/clock';
import { type StageAhead, writeDemand } from '@hangar/shared/contract/demand';
import { limitConnections } from '@hangar/shared/program/connection-limit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { demandOf } from '../demand/runner-demand.ts';
import type { RegisteredStage } from '../stage-registry.ts';
import { type Credentials, challenge, hasToken, mayEnter } from './basic-auth.ts';
import { renderDashboard } from './dashboard.ts';
import { notAlive, notReady, type Signs } from './health.ts';
import { stageViews } from './stage-views.ts';

/** What the HTTP side shows. Every call looks anew. */
export interface HttpParts {
  readonly clock: Clock;
  readonly stages: () => readonly RegisteredStage[];
  /** Stages of running builds that are still to come. */
  readonly ahead: () => readonly StageAhead[];
  readonly signs: () => Signs;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly about: { readonly machine: string; readonly version: string; readonly capacity: number };
  /** Absent: no dashboard. */
  readonly ui: Credentials | undefined;
  /** The bearer token that the names of repositories need. Absent: `/demand` is open, and `/stages` needs what the dashboard needs. */
  readonly token: string | undefined;
}

const NOT_KEPT = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** All routes, not listening yet. What is wrong with a request ends that request and nothing else. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true, requestTimeout: 30_000 });
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
  const { ui, token } = parts;
  const sendStages = (reply: FastifyReply): FastifyReply =>
    reply.send({ stages: stageViews(parts.stages()) });
  app.get('/demand', guarded({ token }), (_request, reply) =>
    reply.send(writeDemand(demandOf(parts.stages(), parts.ahead()))),
  );
  app.get('/stages', guarded({ ui, token }), (_request, reply) => sendStages(reply));
  // Programs that accept only JSON get it here too, as from the previous dashboard.
  if (ui)
    app.get('/', guarded({ ui }), ({ headers: { accept = '' } }, reply) =>
      /^application\/json\b/.test(accept) ? sendStages(reply) : reply.headers(PAGE_HEADERS).send(page(parts)),
    );
  return app;
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

function page(parts: HttpParts): string {
  return renderDashboard({
    ...parts.about,
    nowMs: parts.clock.now(),
    notReady: notReady(parts.signs()),
    stages: stageViews(parts.stages()),
  });
}
