import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@hangar/shared/clock';
import { limitConnections } from '@hangar/shared/program/connection-limit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Calibration } from '../calibrate/calibrate.ts';
import type { UsualPhase } from '../capacity/boot-phase.ts';
import type { DatedCurve } from '../curve/curve-keeper.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { Ledger } from '../history/ledger.ts';
import {
  decisionsAnswer,
  demandAnswer,
  forecastAnswer,
  modelAnswer,
  recommendationAnswer,
  whatIfAnswer,
} from './answers.ts';
import { apiPage } from './api-page.ts';
import { bootsAnswer } from './boot-answers.ts';
import { poolAnswer } from './cost-answers.ts';
import { type Health, liveness, readiness } from './health.ts';
import { API_PREFIX, openApi } from './openapi.ts';
import { addPage, DOCUMENT_HEADERS, type Page } from './page.ts';
import { noRouteProblem, PROBLEM_TYPE, type Problem, problemOf, unreadableProblem } from './problem.ts';
import { hoursQuestion, whatIfQuestion } from './questions.ts';

/** The data that the HTTP server shows. Every request reads the current state; nothing changes state, so no token is needed. */
export interface HttpParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly calibration: () => Calibration;
  readonly meanMissPods: () => number | undefined;
  readonly curve: () => DatedCurve | undefined;
  readonly bootPhases: () => readonly UsualPhase[];
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly version: string;
  readonly page: Page;
}

/** Headers of every answer; documents have their own policy. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** A connection without traffic for this long is closed; so is a request that takes this long to arrive. */
const SLOW_MS = 30_000;

type Query = Readonly<Record<string, string | string[] | undefined>>;
type Answer = (query: Query) => object;

const queryOf = ({ query }: FastifyRequest): Query =>
  typeof query === 'object' && query !== null ? (query as Query) : {};

/** All routes, without listening. An invalid request affects nothing but its own response. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { clock, ledger, version } = parts;
  const beganMs = clock.monotonicMs();
  const app = openApp();
  for (const [path, answer] of Object.entries(answersOf(parts)))
    app.get(`${API_PREFIX}${path}`, (request, reply) => reply.send(answer(queryOf(request))));
  app.get('/livez', (_request, reply) => health(reply, liveness(ledger, beganMs, clock.monotonicMs())));
  app.get('/readyz', (_request, reply) => health(reply, readiness(ledger, clock.now())));
  app.get('/metrics', async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );
  app.get('/openapi.json', (_request, reply) => reply.send(openApi(version)));
  const description = apiPage(openApi(version));
  app.get('/api', (_request, reply) =>
    reply.headers(DOCUMENT_HEADERS).type('text/html; charset=utf-8').send(description),
  );
  addPage(app, parts.page);
  return app;
}

/** The app without routes; every error is a problem document. */
function openApp(): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: SLOW_MS,
    connectionTimeout: SLOW_MS,
    // A path that can't be parsed, such as /%zz.
    frameworkErrors: (error, _request, reply) => {
      void refuse(reply.headers(HEADERS), problemOf(error));
    },
    clientErrorHandler: ({ code }, socket) => hangUp(socket, code),
  });
  limitConnections(app.server);
  // No route reads a body: bodies of any type are discarded.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  // Fastify's own look-up reads a path as a pattern, and throws for some.
  const paths = new Set<string>();
  app.addHook('onRoute', (route) => void paths.add(route.url));
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS));
  app.setErrorHandler((error, _request, reply) => refuse(reply, problemOf(error)));
  app.setNotFoundHandler(({ method, url }, reply) => {
    const [path = ''] = url.split('?');
    const isKnown = paths.has(path);
    if (isKnown) reply.header('allow', 'GET, HEAD');
    return refuse(reply, noRouteProblem(method, url, isKnown));
  });
  return app;
}

function answersOf({
  clock,
  ledger,
  calibration,
  meanMissPods,
  curve,
  bootPhases,
}: HttpParts): Readonly<Record<string, Answer>> {
  const last = (): Recommendation => {
    if (ledger.recommendation !== undefined) return ledger.recommendation;
    throw new NothingYet(ledger);
  };
  return {
    '/recommendations': () => recommendationAnswer(ledger, last(), clock.now()),
    '/what-if': (query) => whatIfAnswer(whatIfQuestion(query), calibration()),
    '/model': () => modelAnswer(calibration()),
    '/demand': (query) => demandAnswer(ledger, hoursQuestion(query), clock.now()),
    '/forecast': () => forecastAnswer(last(), meanMissPods(), curve()),
    '/pools': () => ({ pools: last().pools.map(poolAnswer) }),
    '/boots': () => bootsAnswer(bootPhases(), calibration().bootSeconds.value, curve()?.bootMinute),
    '/decisions': () => decisionsAnswer(ledger),
  };
}

/** There is no recommendation yet. */
class NothingYet extends Error {
  readonly statusCode = 503;
  readonly remedy: string;

  constructor({ conditions }: Ledger) {
    super('no decision yet');
    this.remedy = conditions[0]?.text ?? 'wait for the first tick; see /readyz';
  }
}

function refuse(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** There is no parsed request to reply to: the response is written to the socket, which is then closed. */
function hangUp(socket: Socket, code: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = unreadableProblem(code);
  const body = JSON.stringify(problem);
  const headers = {
    ...HEADERS,
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function health(reply: FastifyReply, state: Health): FastifyReply {
  return reply.code(state.ok ? 200 : 503).send(state);
}
