import { withAnswer } from '@hangar/autoscaler/http-testing';
import { createHttp } from '@hangar/runner/http';
import { StageHistory } from '@hangar/runner/stage-history';
import { systemClock } from '@hangar/shared/clock';
import fc from 'fast-check';
import type { Adversary, Area } from '../area.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** One request, to both programs. */
interface HostileRequest {
  readonly method: (typeof METHODS)[number];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Node refuses a request whose head is longer. */
const LARGEST_CHARS = 16 * 1024;
/** The smallest status that means a defect of a server; 503 is the answer of a probe that fails. */
const DEFECT = 500;
const UNREADY = 503;

const SIGNS = { starting: '', stopping: false, leaseLostMs: undefined, watchStaleMs: 0, pollAgeMs: 0 };
const runner = createHttp({
  clock: systemClock(),
  stages: () => [],
  ahead: () => [],
  signs: () => ({ ...SIGNS, pollTriedMs: 0 }),
  metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
  about: { machine: 'm1', version: 'test', capacity: 10 },
  ui: { user: 'ada', password: 'engine', realm: 'any' },
  dashboard: { history: new StageHistory(), log: { records: [] } },
  token: undefined,
});
const autoscaler = withAnswer().http;

/** Sends a request to both programs, whose answer may be any but that of a defect. */
async function feed({ method, url, headers, body }: HostileRequest): Promise<void> {
  for (const [name, app] of [['runner', runner] as const, ['autoscaler', autoscaler] as const]) {
    const { statusCode } = await app.inject({ method, url, headers: { ...headers }, payload: body });
    if (statusCode >= DEFECT && statusCode !== UNREADY)
      throw new Error(`${name} answers ${statusCode} to ${method} ${url}`);
  }
}

const get = (url: string, more: Partial<HostileRequest> = {}): HostileRequest => ({
  ...{ method: 'GET', url, headers: {}, body: '', ...more },
});
const filled = (chars: number, text: string): string =>
  text.repeat(Math.max(1, Math.floor(chars / text.length)));
const adversary = (name: string, make: (chars: number) => HostileRequest): Adversary<HostileRequest> => ({
  name,
  make,
});

const ADVERSARIES: readonly Adversary<HostileRequest>[] = [
  adversary('a long path', (chars) => get(`/${filled(chars, 'a')}`)),
  adversary('many slashes', (chars) => get(filled(chars, '/'))),
  adversary('escapes', (chars) => get(`/${filled(chars, '%2e%2e%2f')}`)),
  adversary('broken escapes', (chars) => get(`/${filled(chars, '%')}`)),
  adversary('many parameters', (chars) => get(`/api/v1/recommendations?${filled(chars, 'a=1&')}`)),
  adversary('a long parameter', (chars) => get(`/api/v1/history?since=${filled(chars, '1')}`)),
  adversary('a long login', (chars) =>
    get('/stages', { headers: { authorization: `Basic ${filled(chars, 'YTph')}` } }),
  ),
  adversary('a long header', (chars) =>
    get('/metrics', { headers: { accept: filled(chars, 'a/b;q=0.1,') } }),
  ),
  adversary('a long body', (chars) => get('/demand', { method: 'POST', body: filled(chars, '{"a":') })),
];

const url = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['/', '/healthz', '/livez', '/readyz', '/metrics', '/demand', '/stages', '/api', '/openapi.json'],
        ...[
          '/api/v1/recommendations',
          '/api/v1/history',
          '?',
          '&',
          '=',
          '#',
          '..',
          '%2e',
          '%',
          '%00',
          '//',
          ';',
        ],
        ...['since=', 'pool=', '[]', '-1', '1e999', '__proto__', 'constructor'],
      ),
      fc.string({ maxLength: 6 }).map(encodeURI),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => `/${pieces.join('')}`);
const headerValue = fc.string({ unit: fc.constantFrom(...'abc=/,;:" *%0159YTph'), maxLength: 30 });
const headers = fc.dictionary(
  fc.constantFrom(
    'authorization',
    'accept',
    'content-type',
    'if-none-match',
    'range',
    'x-forwarded-for',
    'cookie',
  ),
  fc.oneof(
    headerValue,
    headerValue.map((value) => `Basic ${value}`),
  ),
  { maxKeys: 4 },
);
const generated: fc.Arbitrary<HostileRequest> = fc.record({
  method: fc.constantFrom(...METHODS),
  url,
  headers,
  body: fc.oneof(fc.constant(''), fc.string({ maxLength: 30 }), fc.json({ maxDepth: 2 })),
});

/** HTTP requests to the runner and to the autoscaler. */
export const HTTP: Area<HostileRequest> = {
  name: 'HTTP requests',
  adversaries: ADVERSARIES,
  generated,
  feed,
  largestChars: LARGEST_CHARS,
};
