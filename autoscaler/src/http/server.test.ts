import { createHash } from 'node:crypto';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../calibrate/calibrate.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import { readPage } from '../edges/page-file.ts';
import { PUBLISHED_TABLE } from '../model/parameters.ts';
import { type HistoryPoint, Ledger } from '../store/ledger.ts';
import { thinned } from './answers.ts';
import { API_PREFIX, openApi, ROUTES } from './openapi.ts';
import { createHttp, listen } from './server.ts';

const SIZE = { cpuMillicores: 1150, memoryBytes: 2 ** 30 };
const RECOMMENDATION: Recommendation = {
  atMs: 1_768_383_000_000,
  leadSeconds: 200,
  objectiveWaitP95Seconds: 10,
  demand: { runningPods: 4, pendingPods: 1, knownStages: 2, bufferPods: 9.9, lowerBound: false },
  typicalPod: SIZE,
  buffer: { pods: 9.9, by: 'rule', because: 'by the rule' },
  shapes: [
    {
      shape: '4cpu-8gb',
      allocatable: { ...SIZE, pods: 110 },
      source: 'here',
      nodesNow: 2,
      nodesAhead: 5,
      waitP95Seconds: undefined,
      tooLargeShare: 0,
      because: ['so'],
    },
  ],
  pools: [],
  because: ['for a reason'],
};

function aServer(ledger = new Ledger(), clock = new FakeClock()) {
  const http = createHttp({
    clock,
    ledger,
    calibration: () => calibrate([]),
    meanMissPods: () => undefined,
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    version: '1.2.3',
    page: readPage(),
  });
  return { http, ledger, clock };
}
function withAnswer() {
  const ledger = new Ledger();
  ledger.decided(RECOMMENDATION, []);
  return aServer(ledger);
}

describe('GET /recommendation', () => {
  it('gives the last answer with its reasons, under both paths', async () => {
    const { http, clock } = withAnswer();
    await clock.step(5_000);
    const answer = await http.inject('/recommendation');

    expect(answer.json()).toMatchObject({
      at: '2026-01-14T09:30:00.000Z',
      ageSeconds: 5,
      stale: false,
      typicalPod: { cpu: '1150m', memory: '1Gi' },
      shapes: [{ shape: '4cpu-8gb', nodesNow: 2, nodesAhead: 5, waitP95Seconds: null }],
      because: ['for a reason'],
    });
    for (const path of ['/api/v1/recommendations', '/api/v1/recommendation'])
      expect((await http.inject(path)).json()).toEqual(answer.json());
  });

  it('marks what is no longer true, since when and why', async () => {
    const { http, ledger, clock } = withAnswer();
    ledger.stale(clock.now(), [{ weight: 'stale', text: 'no Pods are seen' }]);

    expect((await http.inject('/recommendation')).json()).toMatchObject({
      stale: true,
      staleSince: '2026-01-14T09:30:00.000Z',
      conditions: [{ weight: 'stale', text: 'no Pods are seen' }],
      shapes: [{ nodesAhead: 5 }],
    });
  });

  it('says what is missing while there is none', async () => {
    const { http, ledger } = aServer();
    ledger.stale(0, [{ weight: 'stale', text: 'may this service list pods?' }]);
    const answer = await http.inject('/recommendation');

    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      503,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.json()).toEqual({
      title: 'Not yet',
      status: 503,
      detail: 'nothing is decided yet',
      cure: 'may this service list pods?',
    });
  });
});

describe('GET /what-if', () => {
  const cells = PUBLISHED_TABLE.flatMap(({ shape, level, nodes }) =>
    Object.entries(nodes).map(([prs, want]) => [prs, shape, level, want] as const),
  );
  it.each(cells)('%s PRs a day on %s, %s: %d nodes', async (prs, shape, level, want) => {
    const answer = await aServer().http.inject(`/api/v1/what-if?prsPerDay=${prs}&shape=${shape}`);

    expect(answer.json<{ shapes: object }>().shapes).toMatchObject({ [shape]: { [level]: want } });
  });

  it('takes shapes of one’s own, several, and says what was learned', async () => {
    const shape = encodeURIComponent('cpu=16,memory=32Gi');
    const answer = await aServer().http.inject(`/what-if?prsPerDay=500&shape=${shape}&shape=4cpu-8gb`);
    const told = answer.json<{ shapes: object; calibrated: { shapes: object; because: string } }>();

    expect(Object.keys(told.shapes)).toEqual(['cpu=16,memory=32Gi', '4cpu-8gb']);
    expect(told.calibrated.shapes).toEqual(told.shapes);
    expect(told.calibrated.because).toContain('nothing is learned yet');
  });

  it.each([
    ['no number', ''],
    ['an empty number', '?prsPerDay='],
    ['no number at all', '?prsPerDay=many'],
    ['a negative number', '?prsPerDay=-1'],
    ['too large a number', '?prsPerDay=1e9'],
    ['two numbers', '?prsPerDay=1&prsPerDay=2'],
    ['an unknown shape', '?prsPerDay=1&shape=big'],
    ['a shape too small for any Pod', '?prsPerDay=1&shape=cpu%3D100m,memory%3D1Gi'],
  ])('with %s is refused with the cure', async (_sentence, query) => {
    const answer = await aServer().http.inject(`/what-if${query}`);

    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ cure: string }>().cure).toMatch(/write|ask/);
  });
});

describe('GET /demand', () => {
  const point = (atMs: number, running: number, waitSeconds: number | null): HistoryPoint => ({
    atMs,
    running,
    pending: 0,
    known: 0,
    buffer: 5,
    waitSeconds,
    shapes: {},
    pools: {},
  });

  it('gives as many hours as are asked for, a day at most', async () => {
    const { http, ledger, clock } = withAnswer();
    for (const hours of [5, 2, 0]) ledger.history.push(point(clock.now() - hours * 3_600_000, hours, null));
    const told = (await http.inject('/demand?hours=3')).json<{ history: { at: string }[] }>();

    expect(told.history.map(({ at }) => at)).toEqual([
      '2026-01-14T07:30:00.000Z',
      '2026-01-14T09:30:00.000Z',
    ]);
    expect((await http.inject('/demand?hours=99')).statusCode).toBe(400);
  });

  it('thins without losing a peak or a long wait', () => {
    const points = Array.from({ length: 1000 }, (_, nth) =>
      point(nth, nth === 501 ? 99 : 1, nth === 502 ? 77 : null),
    );
    const thin = thinned(points, 100);

    expect(thin).toHaveLength(100);
    expect(Math.max(...thin.map(({ running }) => running ?? 0))).toBe(99);
    expect(Math.max(...thin.map(({ waitSeconds }) => waitSeconds ?? 0))).toBe(77);
    expect(thinned(points, 1000)).toBe(points);
  });
});

describe('health', () => {
  it('is ready with a true answer, and not while starting or stale, with the reasons', async () => {
    expect((await withAnswer().http.inject('/readyz')).json()).toEqual({
      ok: true,
      reasons: [],
      conditions: [],
    });
    expect((await aServer().http.inject('/readyz')).json()).toMatchObject({
      ok: false,
      reasons: ['starting: nothing has been looked at yet'],
    });
    const { http, ledger } = withAnswer();
    ledger.stale(0, [
      { weight: 'stale', text: 'old' },
      { weight: 'note', text: 'by the way' },
    ]);
    const answer = await http.inject('/readyz');
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      { ok: false, reasons: ['old'], conditions: ['by the way'] },
    ]);
  });

  it('asks for a restart only when no tick has ended for long', async () => {
    const { http, ledger, clock } = aServer();
    await clock.step(599_000);
    expect((await http.inject('/livez')).statusCode).toBe(200);
    await clock.step(2_000);
    expect((await http.inject('/livez')).statusCode).toBe(503);
    ledger.tickedMs = clock.monotonicMs();
    expect((await http.inject('/livez')).statusCode).toBe(200);
  });
});

interface Described {
  readonly $ref?: string;
  readonly oneOf?: readonly Described[];
  readonly items?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described;
}
type Schemas = Readonly<Record<string, Described>>;

const named = (ref: string, all: Schemas): Described => all[ref.replace(/.*\//, '')] ?? {};

/** Members that an answer has and its description doesn't. */
function undescribed(value: unknown, schema: Described, all: Schemas, path = ''): string[] {
  const { $ref, oneOf, items } = schema;
  if ($ref) return undescribed(value, named($ref, all), all, path);
  if (oneOf) return value === null ? [] : undescribed(value, oneOf[0] ?? {}, all, path);
  if (Array.isArray(value)) return value.flatMap((one) => undescribed(one, items ?? {}, all, `${path}[]`));
  return typeof value === 'object' && value !== null ? undescribedMembers(value, schema, all, path) : [];
}

function undescribedMembers(value: object, schema: Described, all: Schemas, path: string): string[] {
  const { properties = {}, additionalProperties } = schema;
  if (Object.keys(properties).length === 0 && !additionalProperties) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const next = properties[key] ?? additionalProperties;
    return next ? undescribed(inner, next, all, `${path}.${key}`) : [`${path}.${key}`];
  });
}

describe('the description', () => {
  const { schemas } = openApi('1').components as { schemas: Schemas };

  it.each(ROUTES.map(({ path, schema }) => [path, schema]))(
    'of GET %s has all that is answered',
    async (path, schema) => {
      const { http, ledger } = withAnswer();
      ledger.decisions.push({
        atMs: 0,
        pool: 'p',
        fromNodes: 1,
        toNodes: 2,
        outcome: 'dry-run',
        note: '',
        because: [],
      });
      const answer = await http.inject(path === '/what-if' ? `${path}?prsPerDay=5` : path);

      expect(answer.statusCode).toBe(200);
      const allowed = /^\.(assumes|nodes|parameters\[\])|^\.calibrated\.assumes/;
      expect(
        undescribed(answer.json(), schemas[schema] ?? {}, schemas).filter((one) => !allowed.test(one)),
      ).toEqual([]);
    },
  );

  it('is served, and all but health under the prefix too', async () => {
    const { http } = withAnswer();

    expect((await http.inject('/openapi.json')).json()).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
    });
    for (const { path } of ROUTES.filter((one) => !/z$/.test(one.path) && one.path !== '/what-if'))
      expect((await http.inject(`${API_PREFIX}${path}`)).statusCode).toBe(200);
  });
});

describe('the rest', () => {
  it('the page runs its own script only, and asks nobody else', async () => {
    const page = await aServer().http.inject('/');
    const [, script = ''] = /<script>([^]*?)<\/script>/.exec(page.body) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');

    expect(page.headers['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
    expect(page.body).not.toMatch(/innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  it('what is not there says where to look', async () => {
    const answer = await aServer().http.inject('/nope');

    expect(answer.statusCode).toBe(404);
    expect(answer.json<{ cure: string }>().cure).toContain('/openapi.json');
  });

  it('listens, and rejects when the port is taken', async () => {
    const [one, two] = [aServer().http, aServer().http];
    const address = await listen(one, { host: '127.0.0.1', port: 0 });

    await expect(listen(two, { host: '127.0.0.1', port: Number(new URL(address).port) })).rejects.toThrow(
      'EADDRINUSE',
    );
    await Promise.all([one.close(), two.close()]);
  });
});
