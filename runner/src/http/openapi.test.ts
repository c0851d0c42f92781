import { exampleAddress, operationsOf } from '@hangar/shared/openapi/api-text';
import type { Operation } from '@hangar/shared/openapi/openapi';
import { answerFaults, apiFaults, validatorOf } from '@hangar/shared/testing/api-faults';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { routesOf } from '@hangar/shared/testing/routes-of';
import { describe, expect, it } from 'vitest';
import { StageHistory } from '../history/stage-history.ts';
import { aStageReport } from '../history/testing/a-report.ts';
import { anEntry, changed, left } from '../metrics/testing/an-entry.ts';
import type { Signs } from './health.ts';
import { openApi } from './openapi.ts';
import { createHttp } from './server.ts';
import { authorization, WELL } from './testing/test-http.ts';

const API = openApi('1.2.3');
const validate = validatorOf(API);
const TOKEN = 'sixteen-letters-or-more';
const ENTRIES = [
  anEntry({ stageId: 3, phase: 'waiting', pod: '', reason: 'the quota is used up' }),
  anEntry({ stageId: 4, phase: 'preparing', pod: '' }),
  anEntry({ stageId: 5, phase: 'starting' }),
  anEntry({ stageId: 6, phase: 'running', adopted: true }),
  anEntry({ stageId: 7, phase: 'reporting' }),
];
const AHEAD = {
  ...{ stageId: 9, stageName: 'deploy', buildId: 10, buildNumber: 7, repo: 'acme/widget', event: 'push' },
  ...{ waitsFor: ['test'], expectedMs: undefined, request: undefined },
};

function historyOf(): StageHistory {
  const history = new StageHistory();
  const failed = anEntry({ stageId: 2, failure: 'name-taken' });
  for (const entry of [failed, ...ENTRIES]) history.registryChanged(changed(entry));
  history.stageReported(
    aStageReport({ id: 2, status: 'error', error: 'the name is in use', stopped: 1_768_383_100 }),
  );
  history.registryChanged(left(failed));
  return history;
}

const records = [
  { time: '2026-01-14T09:33:00.000Z', level: 'info', text: 'a', fields: { err: { code: 1 } } },
];

const aServer = (signs: Partial<Signs> = {}) =>
  createHttp({
    clock: new FakeClock(),
    stages: () => ENTRIES,
    ahead: () => [
      AHEAD,
      { ...AHEAD, expectedMs: 1_768_383_100_000, request: { cpuMillicores: 1, memoryBytes: 2 } },
    ],
    signs: () => ({ ...WELL, ...signs }),
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    about: { machine: 'm1', version: '1.2.3', capacity: 10 },
    ui: { user: 'ada', password: 'engine', realm: 'r' },
    dashboard: { history: historyOf(), log: { records } },
    token: TOKEN,
  });

const JSON_FIRST = { accept: 'application/json' };
const ADA = { ...JSON_FIRST, ...authorization('ada:engine') };
const headersFor = (path: string) =>
  path === '/demand' ? { ...JSON_FIRST, authorization: `Bearer ${TOKEN}` } : ADA;

const faultsOf = (
  operation: Operation,
  { statusCode, headers, body }: Awaited<ReturnType<ReturnType<typeof aServer>['inject']>>,
) => answerFaults(operation, { statusCode, contentType: String(headers['content-type']), body }, validate);

describe('the description', () => {
  it('has a meaning, a unit and a valid example of every member and every query parameter', () => {
    expect(apiFaults(API)).toEqual([]);
  });

  it.each(operationsOf(API))('of GET %s lists exactly the members of the answer', async (path, operation) => {
    const url = `/${exampleAddress(path, operation)}`;
    const answer = await aServer().inject({ url, headers: headersFor(path) });

    expect(answer.statusCode).toBe(200);
    expect(faultsOf(operation, answer)).toEqual([]);
  });

  it.each(operationsOf(API))(
    'of GET %s has the refusal exactly if credentials are required',
    async (path, operation) => {
      const wrong = [JSON_FIRST, { ...JSON_FIRST, ...authorization('ada:x') }];
      for (const headers of wrong) {
        const answer = await aServer().inject({ url: `/${exampleAddress(path, operation)}`, headers });
        expect(answer.statusCode).toBe('401' in operation.responses ? 401 : 200);
        expect(faultsOf(operation, answer)).toEqual([]);
      }
    },
  );

  it('has the answer of a failed probe, and of a stage that is not known', async () => {
    const app = aServer({ pollAgeMs: 1e9, pollTriedMs: 1e9 });
    const answers = await Promise.all(
      ['/livez', '/readyz', '/view?id=99'].map((url) => app.inject({ url, headers: ADA })),
    );
    const operations = ['/livez', '/readyz', '/view'].flatMap((path) => API.paths[path]?.get ?? []);

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 404]);
    expect(
      answers.flatMap((answer, nth) =>
        operations.slice(nth, nth + 1).flatMap((one) => faultsOf(one, answer)),
      ),
    ).toEqual([]);
  });

  it('has the types of the pages', async () => {
    const paths = ['/', '/view?id=2', '/logs'];
    for (const path of paths) {
      const answer = await aServer().inject({ url: path, headers: authorization('ada:engine') });
      const { get } = API.paths[path.split('?')[0] ?? ''] ?? {};
      expect(get && faultsOf(get, answer), path).toEqual([]);
    }
  });

  it('lists every path of the runner, and no other', () => {
    const described = [...Object.keys(API.paths), '/api', '/openapi.json'];

    expect(routesOf(aServer)).toEqual(described.sort());
  });

  it('is served without credentials, as JSON and as a page without scripts', async () => {
    const app = aServer();
    const page = await app.inject('/api');

    expect((await app.inject('/openapi.json')).json()).toEqual(JSON.parse(JSON.stringify(API)));
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const path of Object.keys(API.paths)) expect(page.body).toContain(`GET ${path}<`);
    expect(page.body).not.toContain('<script');
  });
});
