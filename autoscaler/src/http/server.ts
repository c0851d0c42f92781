import { createHash } from 'node:crypto';
import type { Clock } from '@hangar/shared/clock';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Calibration } from '../calibrate/calibrate.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { Ledger } from '../store/ledger.ts';
import {
  decisionsAnswer,
  demandAnswer,
  forecastAnswer,
  modelAnswer,
  recommendationAnswer,
  whatIfAnswer,
} from './answers.ts';
import { type Health, liveness, readiness } from './health.ts';
import { API_PREFIX, openApi } from './openapi.ts';
import { PROBLEM_TYPE, type Problem, problemOf } from './problem.ts';
import { hoursQuestion, whatIfQuestion } from './questions.ts';

/** What the HTTP side shows. Every call looks anew; nothing here changes anything. */
export interface HttpParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly calibration: () => Calibration;
  readonly meanMissPods: () => number | undefined;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly version: string;
  /** The page, whole. */
  readonly page: string;
}

const NOT_KEPT = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

type Query = Readonly<Record<string, string | string[] | undefined>>;
type Answer = (query: Query) => object;

const queryOf = ({ query }: FastifyRequest): Query =>
  typeof query === 'object' && query !== null ? (query as Query) : {};

/** All routes, not listening yet. What is wrong with a request ends that request and nothing else. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { clock, ledger, version } = parts;
  const beganMs = clock.monotonicMs();
  const app = Fastify({ logger: false, forceCloseConnections: true, requestTimeout: 30_000 });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(NOT_KEPT));
  app.setErrorHandler((error, _request, reply) => refuse(reply, problemOf(error)));
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, {
      title: 'Not found',
      status: 404,
      detail: `there is no ${request.method} ${request.url.slice(0, 200)}`,
      cure: 'all there is stands in /openapi.json; a page for people is at /',
    }),
  );
  for (const [path, answer] of Object.entries(answersOf(parts)))
    for (const full of [path, `${API_PREFIX}${path}`])
      app.get(full, (request, reply) => reply.send(answer(queryOf(request))));
  app.get('/livez', (_request, reply) => health(reply, liveness(ledger, beganMs, clock.monotonicMs())));
  app.get('/readyz', (_request, reply) => health(reply, readiness(ledger)));
  app.get('/metrics', async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );
  app.get('/openapi.json', (_request, reply) => reply.send(openApi(version)));
  const headers = pageHeaders(parts.page);
  app.get('/', (_request, reply) => reply.headers(headers).send(parts.page));
  return app;
}

function answersOf({
  clock,
  ledger,
  calibration,
  meanMissPods,
}: HttpParts): Readonly<Record<string, Answer>> {
  const last = (): Recommendation => {
    if (ledger.recommendation !== undefined) return ledger.recommendation;
    throw new NothingYet(ledger);
  };
  const recommendation = (): object => recommendationAnswer(ledger, last(), clock.now());
  return {
    '/recommendation': recommendation,
    '/recommendations': recommendation,
    '/what-if': (query) => whatIfAnswer(whatIfQuestion(query), calibration()),
    '/model': () => modelAnswer(calibration()),
    '/demand': (query) => demandAnswer(ledger, hoursQuestion(query), clock.now()),
    '/forecast': () => forecastAnswer(last(), meanMissPods()),
    '/pools': () => ({ pools: last().pools }),
    '/decisions': () => decisionsAnswer(ledger),
  };
}

/** Nothing good was ever decided. */
class NothingYet extends Error {
  readonly statusCode = 503;
  readonly cure: string;

  constructor({ conditions }: Ledger) {
    super('nothing is decided yet');
    this.cure = conditions[0]?.text ?? 'wait for the first tick; /readyz says how it stands';
  }
}

function refuse(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

function health(reply: FastifyReply, state: Health): FastifyReply {
  return reply.code(state.ok ? 200 : 503).send(state);
}

/** The page may run its own script, by its hash, and ask this server; nothing else. */
function pageHeaders(page: string): Readonly<Record<string, string>> {
  const [, script = ''] = /<script>([^]*?)<\/script>/.exec(page) ?? [];
  const hash = createHash('sha256').update(script).digest('base64');
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
  };
}

/** Listens at `host` (empty: all addresses) and `port`; gives the address. Rejects when that can't be done. */
export function listen(app: FastifyInstance, at: { host: string; port: number }): Promise<string> {
  return app.listen({ host: at.host === '' ? '::' : at.host, port: at.port }).catch((error: unknown) => {
    const noIpv6 =
      error instanceof Error &&
      'code' in error &&
      (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
    if (at.host !== '' || !noIpv6) throw error;
    return app.listen({ host: '0.0.0.0', port: at.port });
  });
}
