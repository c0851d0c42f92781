import type { StageAhead } from '@hangar/shared/contract/demand';
import { silentLogger } from '@hangar/shared/logger';
import { listen } from '@hangar/shared/program/listen';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { probesBesideHalfOpen } from '@hangar/shared/testing/half-open-sockets';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../history/recent-log.ts';
import { StageHistory } from '../history/stage-history.ts';
import { anEntry, changed } from '../metrics/testing/an-entry.ts';
import type { RegisteredStage } from '../stage-registry.ts';
import type { Signs } from './health.ts';
import type { HttpParts } from './http-parts.ts';
import { createHttp } from './server.ts';
import { authorization, WELL } from './testing/test-http.ts';

const UI = { user: 'ada', password: 'engine:1843', realm: 'My "Realm"' };
const ADA = authorization('ada:engine:1843');

function historyOf(stages: readonly RegisteredStage[]): StageHistory {
  const history = new StageHistory();
  for (const entry of stages) history.registryChanged(changed(entry));
  return history;
}

function http(
  change: {
    signs?: Partial<Signs>;
    stages?: readonly RegisteredStage[];
    ahead?: readonly StageAhead[];
    ui?: HttpParts['ui'];
    history?: StageHistory;
    records?: readonly LogRecord[];
    token?: string;
  } = {},
) {
  return createHttp({
    clock: new FakeClock(Date.parse('2026-01-14T10:35:00Z')),
    stages: () => change.stages ?? [],
    ahead: () => change.ahead ?? [],
    signs: () => ({ ...WELL, ...change.signs }),
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    about: { machine: 'm1', version: '1.2.3', capacity: 10 },
    ui: change.ui,
    dashboard: change.ui && {
      history: change.history ?? historyOf(change.stages ?? []),
      log: { records: change.records ?? [] },
    },
    token: change.token,
  });
}

describe('GET /healthz (previous-runner §7.1)', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const)(
    'answers %s with 200 and nothing, even while nothing is well',
    async (method) => {
      const app = http({ signs: { starting: 'not yet', leaseLostMs: 1e9 } });
      const payload = { headers: { 'content-type': 'text/odd' }, payload: 'x' };

      const answer = await app.inject({ method, url: '/healthz', ...(method === 'POST' ? payload : {}) });

      expect([answer.statusCode, answer.body]).toEqual([200, '']);
    },
  );
});

describe('GET /readyz and /livez (known issue 58)', () => {
  it('say 503 with the reasons in words when there are any', async () => {
    const app = http({ signs: { pollAgeMs: 200_000 } });

    const ready = await app.inject('/readyz');
    const live = await app.inject('/livez');

    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { ok: false, reasons: ['the Drone server last answered a poll 200 s ago'] },
    ]);
    expect([live.statusCode, live.json()]).toEqual([200, { ok: true, reasons: [] }]);
  });
});

describe('GET /metrics (previous-runner §7.3, known issue 71)', () => {
  it('gives the text in the type of Prometheus', async () => {
    const answer = await http().inject('/metrics');

    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toBe('up 1\n');
  });
});

describe('GET /stages', () => {
  const stages = [
    anEntry({ stageId: 1, phase: 'running' }),
    anEntry({ stageId: 2, phase: 'waiting', reason: '5 of 5 pipelines are in use', pod: '' }),
  ];

  it('lists what waits first, with its reason, and what runs', async () => {
    const { stages: views } = (await http({ stages }).inject('/stages')).json<{ stages: unknown[] }>();

    expect(views).toEqual([
      expect.objectContaining({
        stageId: 2,
        state: 'waiting',
        reason: '5 of 5 pipelines are in use',
      }),
      {
        stageId: 1,
        stage: 'default',
        buildId: 10,
        build: 7,
        repo: 'acme/widget',
        event: 'push',
        state: 'running',
        reason: '',
        since: '2026-01-14T09:30:00.000Z',
        pod: 'drone-abc',
        adopted: false,
        cpuMillicores: 1000,
        memoryBytes: 2 ** 30,
      },
    ]);
  });

  it('asks for user and password where there are any', async () => {
    const app = http({ stages, ui: UI });

    expect((await app.inject('/stages')).statusCode).toBe(401);
    expect((await app.inject({ url: '/stages', headers: ADA })).statusCode).toBe(200);
  });
});

describe('the bearer token', () => {
  const TOKEN = 'sixteen-letters-or-more';
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const statusesOf = async (app: ReturnType<typeof http>, headers: Record<string, string>) =>
    Promise.all(
      ['/demand', '/stages', '/metrics', '/livez'].map(
        async (url) => (await app.inject({ url, headers })).statusCode,
      ),
    );

  it.each<[string, Record<string, string>, readonly number[]]>([
    ['nothing', {}, [401, 401, 200, 200]],
    ['another token', bearer('sixteen-letters-or-mora'), [401, 401, 200, 200]],
    ['its beginning', bearer('sixteen'), [401, 401, 200, 200]],
    ['an empty one', bearer(''), [401, 401, 200, 200]],
    ['it as a password', authorization(`ada:${TOKEN}`), [401, 401, 200, 200]],
    ['it', bearer(TOKEN), [200, 200, 200, 200]],
  ])(
    'is needed for what names repositories, and for nothing else, when given %s',
    async (_, headers, want) => {
      expect(await statusesOf(http({ token: TOKEN }), headers)).toEqual(want);
    },
  );

  it('stands beside the password of the page, which never opens /demand', async () => {
    const app = http({ token: TOKEN, ui: UI });

    expect(await statusesOf(app, ADA)).toEqual([401, 200, 200, 200]);
    expect(await statusesOf(app, bearer(TOKEN))).toEqual([200, 200, 200, 200]);
    expect((await app.inject({ url: '/', headers: bearer(TOKEN) })).statusCode).toBe(401);
  });
});

describe('GET /demand', () => {
  it('tells what no scheduler sees yet, what it asks for together, and everything by state', async () => {
    const stages = [
      anEntry({ stageId: 1, phase: 'running' }),
      anEntry({ stageId: 2, phase: 'waiting', pod: '' }),
      anEntry({ stageId: 3, phase: 'waiting', pod: 'held' }),
      anEntry({ stageId: 4, phase: 'starting', pod: '' }),
      anEntry({ stageId: 5, phase: 'starting', pod: 'made' }),
    ];

    const demand = (await http({ stages }).inject('/demand')).json<{
      waiting: { stageId: number; pod: string }[];
      total: unknown;
      states: unknown;
    }>();

    expect(demand.waiting.map(({ stageId, pod }) => [stageId, pod])).toEqual([
      [2, ''],
      [3, 'held'],
      [4, ''],
    ]);
    const of = (count: number) => ({
      stages: count,
      cpuMillicores: count * 1000,
      memoryBytes: count * 2 ** 30,
    });
    expect(demand.total).toEqual(of(3));
    expect(demand.states).toEqual({ waiting: of(2), starting: of(2), running: of(1) });
  });
});

describe('GET /demand of builds that go on', () => {
  const ahead: StageAhead = {
    stageId: 9,
    stageName: 'deploy',
    buildId: 10,
    buildNumber: 7,
    repo: 'acme/widget',
    event: 'push',
    waitsFor: ['test'],
    expectedMs: undefined,
    request: undefined,
  };

  it('tells the stages that are still to come, soonest first, and says what it does not know', async () => {
    const request = { cpuMillicores: 500, memoryBytes: 1024 };
    const soon = { ...ahead, stageId: 12, expectedMs: Date.parse('2026-01-14T10:36:00Z'), request };
    const answer = await http({ ahead: [ahead, soon] }).inject('/demand');

    const view = { stage: 'deploy', buildId: 10, build: 7, repo: 'acme/widget', event: 'push' };
    expect(answer.json<{ ahead: unknown }>().ahead).toEqual([
      {
        ...view,
        stageId: 12,
        waitsFor: ['test'],
        expectedAt: '2026-01-14T10:36:00.000Z',
        cpuMillicores: 500,
        memoryBytes: 1024,
      },
      {
        ...view,
        stageId: 9,
        waitsFor: ['test'],
        expectedAt: null,
        cpuMillicores: null,
        memoryBytes: null,
      },
    ]);
  });

  it('adds them to no sum: nobody has accepted them', async () => {
    const answer = await http({ ahead: [ahead] }).inject('/demand');

    expect(answer.json()).toMatchObject({ waiting: [], total: { stages: 0 } });
  });
});

describe('the dashboard (previous-runner §7.1, §7.2)', () => {
  it('is not there without a password', async () => {
    expect((await http().inject('/')).statusCode).toBe(404);
  });

  it.each([
    ['nothing', {}],
    ['a wrong password', authorization('ada:engine')],
    ['a wrong user', authorization('bob:engine:1843')],
    ['a pair without a colon', authorization('ada')],
    ['another scheme', { authorization: 'Bearer ada:engine:1843' }],
    ['no base64', { authorization: 'Basic %%%' }],
  ])('asks for user and password when given %s', async (_sentence, headers) => {
    const answer = await http({ ui: UI }).inject({ url: '/', headers });

    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="My \\"Realm\\"", charset="UTF-8"');
  });

  it('is JSON for who accepts nothing else first: what /stages has, and the latest that have ended', async () => {
    const app = http({ ui: UI });
    const typeFor = async (accept: string) =>
      (await app.inject({ url: '/', headers: { ...ADA, accept } })).headers['content-type'];

    expect(await typeFor('application/json')).toMatch(/^application\/json/);
    expect(await typeFor('text/html,application/json;q=0.9')).toMatch(/^text\/html/);
    expect((await app.inject({ url: '/', headers: { ...ADA, accept: 'application/json' } })).json()).toEqual({
      stages: [],
      recent: [],
    });
  });

  it('known issue 59: shows all stages of this runner with state and reason, and what keeps it from being ready', async () => {
    const stages = [anEntry({ phase: 'waiting', reason: 'the quota is spent' })];
    const app = http({ ui: UI, stages, signs: { watchStaleMs: 999_000 } });

    const page = await app.inject({ url: '/', headers: ADA });

    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const text of [
      'acme/widget: default',
      '#7 push',
      '1 h 5 min',
      '1 CPU, 1Gi',
      'the quota is spent',
      '999 s ago',
    ])
      expect(page.body).toContain(text);
  });

  it('says so when nothing is there', async () => {
    expect((await http({ ui: UI }).inject({ url: '/', headers: ADA })).body).toContain(
      'This runner is idle.',
    );
  });

  it('escapes whatever a pipeline may be called, and loads nothing from elsewhere', async () => {
    const evil = `<script>alert("1")</script>&'`;
    const stages = [anEntry({ repo: evil, stageName: evil, event: evil, reason: evil, pod: evil })];

    const page = await http({ ui: UI, stages }).inject({ url: '/', headers: ADA });

    expect(page.body).not.toContain('<script');
    expect(page.body).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;');
    expect(page.body).not.toMatch(/src=|url\(|@import/);
    const links = [...page.body.matchAll(/href="([^"]*)"/g)].map(([, to]) => to);
    expect(links).toEqual(['data:,', './', 'logs', 'view?id=1']);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).toContain("base-uri 'none'; form-action 'none'");
  });
});

describe('listening', () => {
  it('known issue 56: gives the address, and says why when the port is taken', async () => {
    const [one, two] = [http(), http()];
    const errors: object[] = [];
    const log = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
    const reported = { log, setting: 'DRONE_SERVER_PORT' };
    const address = await listen(one, { host: '127.0.0.1', port: 0 }, reported);
    const port = Number(new URL(address ?? '').port);

    expect(errors).toEqual([]);
    expect(await listen(two, { host: '127.0.0.1', port }, reported)).toBeUndefined();
    expect(errors).toMatchObject([{ err: { code: 'EADDRINUSE' }, host: '127.0.0.1', port }]);
    await Promise.all([one.close(), two.close()]);
  });

  it('closes a connection without traffic after 30 s: a client that never reads its answer holds it no longer', () => {
    expect(http().server.timeout).toBe(30_000);
  });

  it('answers probes while a client holds 500 connections half-open, and keeps no more than those', async () => {
    const app = http();
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const { statuses, open } = await probesBesideHalfOpen(address);
    expect(statuses).toEqual(Array.from({ length: 14 }, () => 200));
    expect(open).toBeLessThanOrEqual(500);
    await app.close();
  });
});
