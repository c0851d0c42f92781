import { connect } from 'node:net';
import { silentLogger } from '@hangar/shared/logger';
import { listen } from '@hangar/shared/program/listen';
import { probesBesideHalfOpen } from '@hangar/shared/testing/half-open-sockets';
import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '../history/ledger.ts';
import { PUBLISHED_TABLE } from '../model/parameters.ts';
import { downsampled } from './answers.ts';
import { apiPage } from './api-page.ts';
import { openApi, ROUTES } from './openapi.ts';
import { aServer, withAnswer } from './testing/a-server.ts';

describe('GET /api/v1/recommendations', () => {
  it('returns the last answer with its reasons, at one path only', async () => {
    const { http, clock } = withAnswer();
    await clock.step(5_000);
    const answer = await http.inject('/api/v1/recommendations');

    expect(answer.json()).toMatchObject({
      at: '2026-01-14T09:30:00.000Z',
      ageSeconds: 5,
      stale: false,
      typicalPod: { cpu: '1150m', memory: '1Gi' },
      shapes: [{ shape: '4cpu-8gb', nodesNow: 2, nodesAhead: 5, waitP95Seconds: null }],
      because: ['for a reason'],
    });
    for (const path of ['/recommendations', '/recommendation', '/api/v1/recommendation', '/*%20', '/*'])
      expect((await http.inject(path)).statusCode, path).toBe(404);
  });

  it('marks an answer that is no longer valid, with the time and the reason', async () => {
    const { http, ledger, clock } = withAnswer();
    ledger.stale(clock.now(), [{ weight: 'stale', text: 'no Pods are seen' }]);

    expect((await http.inject('/api/v1/recommendations')).json()).toMatchObject({
      stale: true,
      staleSince: '2026-01-14T09:30:00.000Z',
      conditions: [{ weight: 'stale', text: 'no Pods are seen' }],
      shapes: [{ nodesAhead: 5 }],
    });
  });

  it('states until when it is valid, and becomes stale by itself after that', async () => {
    const { http, clock } = withAnswer();
    await clock.step(199_000);
    expect((await http.inject('/api/v1/recommendations')).json()).toMatchObject({
      validUntil: '2026-01-14T09:33:20.000Z',
      stale: false,
    });
    expect((await http.inject('/readyz')).statusCode).toBe(200);
    await clock.step(2_000);
    expect((await http.inject('/api/v1/recommendations')).json()).toMatchObject({
      stale: true,
      staleSince: '2026-01-14T09:33:20.000Z',
    });
    expect((await http.inject('/readyz')).json()).toMatchObject({
      ok: false,
      reasons: [expect.stringContaining('201 s old')],
    });
  });

  it('returns what is missing while there is no answer', async () => {
    const { http, ledger } = aServer();
    ledger.stale(0, [{ weight: 'stale', text: 'check that the autoscaler is allowed to list pods' }]);
    const answer = await http.inject('/api/v1/recommendations');

    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      503,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.json()).toEqual({
      title: 'Not ready yet',
      status: 503,
      detail: 'no decision yet',
      remedy: 'check that the autoscaler is allowed to list pods',
    });
  });
});

describe('GET /api/v1/what-if', () => {
  const cells = PUBLISHED_TABLE.flatMap(({ shape, level, nodes }) =>
    Object.entries(nodes).map(([prs, want]) => [prs, shape, level, want] as const),
  );
  it.each(cells)('%s PRs a day on %s, %s: %d nodes', async (prs, shape, level, want) => {
    const answer = await aServer().http.inject(`/api/v1/what-if?prsPerDay=${prs}&shape=${shape}`);

    expect(answer.json<{ shapes: object }>().shapes).toMatchObject({ [shape]: { [level]: want } });
  });

  it('accepts several custom shapes, and returns what was learned', async () => {
    const shape = encodeURIComponent('cpu=16,memory=32Gi');
    const answer = await aServer().http.inject(`/api/v1/what-if?prsPerDay=500&shape=${shape}&shape=4cpu-8gb`);
    const reported = answer.json<{ shapes: object; calibrated: { shapes: object; because: string } }>();

    expect(Object.keys(reported.shapes)).toEqual(['cpu=16,memory=32Gi', '4cpu-8gb']);
    expect(reported.calibrated.shapes).toEqual(reported.shapes);
    expect(reported.calibrated.because).toContain('no data yet');
  });

  it.each([
    ['no number', '', 'prsPerDay'],
    ['an empty number', '?prsPerDay=', 'prsPerDay'],
    ['no number at all', '?prsPerDay=many', 'prsPerDay'],
    ['what is not a number', '?prsPerDay=NaN', 'prsPerDay'],
    ['a negative number', '?prsPerDay=-1', 'prsPerDay'],
    ['too large a number', '?prsPerDay=1e9', 'prsPerDay'],
    ['two numbers', '?prsPerDay=1&prsPerDay=2', 'prsPerDay'],
    ['an unknown shape', '?prsPerDay=1&shape=big', 'shape'],
    ['an unknown parameter', '?prsPerDay=1&node=cpu%3D16,memory%3D32Gi', 'node'],
    ['a name in the wrong case', '?prsperday=500', 'prsperday'],
    ['a shape too small for any Pod', '?prsPerDay=1&shape=cpu%3D100m,memory%3D1Gi', 'shape'],
    [
      '21 shapes',
      `?prsPerDay=1${Array.from({ length: 21 }, (_, n) => `&shape=cpu=${n + 4},memory=32Gi`).join('')}`,
      'shape',
    ],
  ])('with %s is rejected with the parameter and the remedy', async (_sentence, query, parameter) => {
    const answer = await aServer().http.inject(`/api/v1/what-if${query}`);

    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.json()).toMatchObject({ parameter, detail: expect.stringContaining(parameter) as string });
    expect(answer.json<{ remedy: string }>().remedy).toMatch(/write|use|takes prsPerDay and shape/);
  });

  it('accepts 20 shapes, and answers briefly to long input', async () => {
    const shapes = Array.from({ length: 20 }, (_, n) => `&shape=cpu=${n + 4},memory=32Gi`).join('');
    expect((await aServer().http.inject(`/api/v1/what-if?prsPerDay=1${shapes}`)).statusCode).toBe(200);
    const long = await aServer().http.inject(`/api/v1/what-if?prsPerDay=${'9'.repeat(10_000)}x`);
    expect([long.statusCode, long.body.length < 1_000]).toEqual([400, true]);
    const strange = await aServer().http.inject(`/api/v1/what-if?${'x'.repeat(10_000)}=1`);
    expect([strange.statusCode, strange.body.length < 1_000]).toEqual([400, true]);
  });
});

describe('GET /api/v1/demand', () => {
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

  it('returns as many hours as requested, at most a day', async () => {
    const { http, ledger, clock } = withAnswer();
    for (const hours of [5, 2, 0]) ledger.history.push(point(clock.now() - hours * 3_600_000, hours, null));
    const reported = (await http.inject('/api/v1/demand?hours=3')).json<{ history: { at: string }[] }>();

    expect(reported.history.map(({ at }) => at)).toEqual([
      '2026-01-14T07:30:00.000Z',
      '2026-01-14T09:30:00.000Z',
    ]);
    for (const query of ['hours=99', 'hour=3'])
      expect((await http.inject(`/api/v1/demand?${query}`)).statusCode, query).toBe(400);
  });

  it('reduces the points without losing a peak or a long wait', () => {
    const points = Array.from({ length: 1000 }, (_, nth) =>
      point(nth, nth === 501 ? 99 : 1, nth === 502 ? 77 : null),
    );
    const thin = downsampled(points, 100);

    expect(thin).toHaveLength(100);
    expect(Math.max(...thin.map(({ running }) => running ?? 0))).toBe(99);
    expect(Math.max(...thin.map(({ waitSeconds }) => waitSeconds ?? 0))).toBe(77);
    expect(downsampled(points, 1000)).toBe(points);
  });
});

describe('health', () => {
  it('is ready with a valid answer, and not while starting or stale, with the reasons', async () => {
    expect((await withAnswer().http.inject('/readyz')).json()).toEqual({
      ok: true,
      reasons: [],
      conditions: [],
    });
    expect((await aServer().http.inject('/readyz')).json()).toMatchObject({
      ok: false,
      reasons: ['starting: no data has been collected yet'],
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

  it('requests a restart only when no tick has ended for a long time', async () => {
    const { http, ledger, clock } = aServer();
    await clock.step(599_000);
    expect((await http.inject('/livez')).statusCode).toBe(200);
    await clock.step(2_000);
    expect((await http.inject('/livez')).statusCode).toBe(503);
    ledger.tickedMs = clock.monotonicMs();
    expect((await http.inject('/livez')).statusCode).toBe(200);
  });
});

describe('the documents', () => {
  it('the page uses only its own files, and nothing from other servers', async () => {
    const { http } = aServer();
    const page = await http.inject('/');
    const files = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, at = '']) => at);

    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(page.body).not.toMatch(/ on[a-z]+=| style=|<script>|<style>/);
    const own = files.filter((at) => at.startsWith('page/'));
    expect(own).toEqual(['page/shared.css', 'page/page.css', 'page/page.js']);
    for (const at of own) {
      const file = await http.inject(`/${at}`);
      expect([at, file.statusCode]).toEqual([at, 200]);
      expect(file.body).not.toMatch(/innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    }
  });

  it('the page about the API shows every path and every schema, and escapes HTML', async () => {
    const answer = await aServer().http.inject('/api');

    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const { path } of ROUTES) expect(answer.body).toContain(`GET ${path}<`);
    for (const name of Object.keys(openApi('1').components.schemas))
      expect(answer.body).toContain(`id="${name}"`);
    const foul = openApi('<script>alert(1)</script>');
    expect(apiPage(foul)).not.toContain('<script');
  });
});

describe('every answer', () => {
  it.each(['/', '/api', '/livez', '/nope', '/api/v1/what-if', '/metrics', '/openapi.json', '/page/page.css'])(
    '%s is not cached, and has its own content security policy',
    async (path) => {
      expect((await aServer().http.inject(path)).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    },
  );

  it('HEAD returns the headers of GET and no body', async () => {
    const { http } = withAnswer();
    const [head, get] = [
      await http.inject({ method: 'HEAD', url: '/api/v1/recommendations' }),
      await http.inject('/api/v1/recommendations'),
    ];
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s of an existing path is 405 and lists the allowed methods, whatever the body',
    async (method) => {
      const { http } = withAnswer();
      const answer = await http.inject({
        method,
        url: '/api/v1/recommendations?x=1',
        headers: { 'content-type': 'application/json' },
        ...(method === 'OPTIONS' ? {} : { payload: '{"nonsense' }),
      });
      expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(answer.json()).toMatchObject({ status: 405, title: 'Method not allowed' });
    },
  );

  it('an unknown path returns where to look', async () => {
    const answer = await aServer().http.inject('/nope');

    expect([answer.statusCode, answer.headers.allow]).toEqual([404, undefined]);
    expect(answer.json<{ remedy: string }>().remedy).toContain('/openapi.json');
    expect((await aServer().http.inject({ method: 'POST', url: '/nope' })).statusCode).toBe(404);
  });

  it('a path that cannot be parsed returns a problem with text', async () => {
    const answer = await aServer().http.inject('/%zz');

    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
  });
});

describe('listening', () => {
  const LOOPBACK = { host: '127.0.0.1', port: 0 };

  it('reports why it failed when the port is in use', async () => {
    const [one, two] = [aServer().http, aServer().http];
    const errors: object[] = [];
    const log = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
    const reported = { log, setting: 'HANGAR_AUTOSCALER_LISTEN' };
    const address = await listen(one, LOOPBACK, reported);
    const port = Number(new URL(address ?? '').port);

    expect(errors).toEqual([]);
    expect(await listen(two, { ...LOOPBACK, port }, reported)).toBeUndefined();
    expect(errors).toMatchObject([{ err: { code: 'EADDRINUSE' }, port }]);
    await Promise.all([one.close(), two.close()]);
  });

  it.each([
    {
      title: 'too long headers',
      head: `GET /api/v1/what-if?prsPerDay=${'1'.repeat(40_000)} HTTP/1.1`,
      want: 431,
    },
    { title: 'an unknown method', head: 'FETCH / HTTP/1.1', want: 400 },
    { title: 'no HTTP', head: 'hello', want: 400 },
  ])('closes only the connection that sends $title, with a problem', async ({ head, want }) => {
    const { http } = withAnswer();
    const address = new URL(await http.listen(LOOPBACK));
    const reported = await new Promise<string>((resolve) => {
      const socket = connect(Number(address.port), address.hostname);
      let text = '';
      socket.on('data', (part) => (text += String(part)));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      socket.write(`${head}\r\nhost: x\r\n\r\n`);
    });
    const [headers = '', body = ''] = reported.split('\r\n\r\n');

    expect(headers).toMatch(new RegExp(`^HTTP/1.1 ${want} [^]*content-type: application/problem\\+json`));
    expect(JSON.parse(body)).toMatchObject({ status: want, remedy: expect.stringMatching(/./) as string });
    expect((await fetch(new URL('/livez', address))).status).toBe(200);
    await http.close();
  });

  it('answers probes while a client holds 500 connections half-open, and keeps no more than those', async () => {
    const app = aServer().http;
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const { statuses, open } = await probesBesideHalfOpen(address);
    expect(statuses).toEqual(Array.from({ length: 14 }, () => 200));
    expect(open).toBeLessThanOrEqual(500);
    await app.close();
  });
});
