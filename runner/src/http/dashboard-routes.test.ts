import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../history/recent-log.ts';
import { StageHistory } from '../history/stage-history.ts';
import { aStageReport, aStepReport, linesFrom } from '../history/testing/a-report.ts';
import { anEntry, changed, left } from '../metrics/testing/an-entry.ts';
import { FAILURES } from '../pipeline/failures.ts';
import type { RegisteredStage } from '../stage-registry.ts';
import { createHttp } from './server.ts';
import { authorization, WELL } from './testing/test-http.ts';

const NOW_MS = Date.parse('2026-01-14T09:35:00Z');
const STARTED = NOW_MS / 1000 - 90;
const ADA = authorization('ada:engine');
const EVIL = `<script>alert("1")</script>`;

function dashboard(history: StageHistory, records: readonly LogRecord[] = []) {
  return createHttp({
    clock: new FakeClock(NOW_MS),
    stages: () => [],
    ahead: () => [],
    signs: () => WELL,
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    about: { machine: 'm1', version: '1.2.3', capacity: 10 },
    ui: { user: 'ada', password: 'engine', realm: 'r' },
    dashboard: { history, log: { records } },
    token: undefined,
  });
}

async function pageOf(
  history: StageHistory,
  url: string,
  records: readonly LogRecord[] = [],
): Promise<string> {
  const { body, statusCode } = await dashboard(history, records).inject({ url, headers: ADA });
  expect(statusCode).toBe(200);
  return body;
}

const steps = [
  aStepReport({
    id: 11,
    number: 1,
    name: 'clone',
    status: 'success',
    started: STARTED,
    stopped: STARTED + 4,
  }),
  aStepReport({
    id: 12,
    number: 2,
    name: 'test',
    status: 'failure',
    exitCode: 3,
    started: STARTED + 4,
    stopped: STARTED + 70,
  }),
  aStepReport({
    id: 13,
    number: 3,
    name: 'deploy',
    status: 'skipped',
    started: STARTED + 70,
    stopped: STARTED + 70,
  }),
];

/** A stage of three steps that has failed, with output of the first two. */
function failedStage(change: Partial<RegisteredStage> = {}): StageHistory {
  const history = new StageHistory();
  history.registryChanged(changed(anEntry(change)));
  history.stageReported(aStageReport({ started: STARTED, steps }));
  history.linesSent(11, linesFrom(0, 'Cloning into /drone/src'));
  history.linesSent(12, linesFrom(0, '\u001b[31m3 tests failed\u001b[0m', EVIL));
  history.stageReported(
    aStageReport({ status: 'failure', started: STARTED, stopped: STARTED + 70, steps: [] }),
  );
  history.registryChanged(left(anEntry()));
  return history;
}

describe('GET /', () => {
  it('lists the latest pipelines with result, duration and the reason, after those that run', async () => {
    const page = await pageOf(failedStage(), '/');

    expect(page).toContain('This runner is idle.');
    for (const text of ['failure', '#7 push', '1 min 10 s', 'step test failed: exit code 3', 'view?id=1'])
      expect(page).toContain(text);
  });

  it('says of a stage that it left open that another replica continues it', async () => {
    const history = new StageHistory();
    history.registryChanged(changed(anEntry()));
    history.stageReported(aStageReport());
    history.registryChanged(left(anEntry()));

    expect(await pageOf(history, '/')).toContain('another replica of the runner continues it');
  });
});

describe('GET /view?id=N', () => {
  it('shows the steps, and the log of the failed one without colours', async () => {
    const page = await pageOf(failedStage(), '/view?id=1');

    for (const text of ['clone', 'deploy', 'skipped', '1 min 6 s', 'Log of step test', '3 tests failed\n'])
      expect(page).toContain(text);
    expect(page).not.toContain('Cloning into');
    expect(page).not.toContain('\u001b');
    expect(page).not.toContain('http-equiv="refresh"');
  });

  it('shows the log of the step that was chosen; a step that does not exist chooses none', async () => {
    expect(await pageOf(failedStage(), '/view?id=1&step=1')).toContain('Cloning into /drone/src');
    expect(await pageOf(failedStage(), '/view?id=1&step=9')).toContain('Log of step test');
  });

  it('shows what the server has not stored of a step that succeeded, on the page and as JSON', async () => {
    const history = new StageHistory();
    history.registryChanged(changed(anEntry()));
    history.stageReported(aStageReport({ started: STARTED, steps }));
    history.notStored(11, 'its log is not stored: HTTP 413');
    expect(await pageOf(history, '/view?id=1&step=1')).toContain('<p>its log is not stored: HTTP 413</p>');
    expect(await pageOf(history, '/view?id=1&step=3')).not.toContain('<p>its log');
    expect(await pageOf(history, '/view?id=1')).toContain('step clone: its log is not stored: HTTP 413');
    const { body } = await dashboard(history).inject({
      url: '/view?id=1',
      headers: { ...ADA, accept: 'application/json' },
    });
    const [clone, test] = (JSON.parse(body) as { steps: unknown[] }).steps;
    expect([clone, test]).toMatchObject([
      { status: 'success', notStored: 'its log is not stored: HTTP 413' },
      { status: 'failure', notStored: '' },
    ]);
  });

  it('follows the running step while the stage is open', async () => {
    const history = new StageHistory();
    history.registryChanged(changed(anEntry()));
    history.stageReported(
      aStageReport({ steps: [steps[0] ?? aStepReport(), aStepReport({ id: 12, number: 2, name: 'test' })] }),
    );
    history.linesSent(12, linesFrom(0, 'testing'));
    const page = await pageOf(history, '/view?id=1');

    expect(page).toContain('testing\n');
    expect(page).toContain('<meta http-equiv="refresh" content="5">');
  });

  it('says why a stage waits', async () => {
    const history = new StageHistory();
    history.registryChanged(changed(anEntry({ phase: 'waiting', reason: 'the quota is used up', pod: '' })));

    const page = await pageOf(history, '/view?id=1');

    for (const text of ['waiting', 'the quota is used up', 'No step has been reported yet'])
      expect(page).toContain(text);
  });

  it('names the remedy of a failure that is not the result of a step', async () => {
    const page = await pageOf(failedStage({ failure: 'name-taken' }), '/view?id=1');

    expect(page).toContain(`What to do: ${FAILURES['name-taken'].cure}`);
    expect(await pageOf(failedStage(), '/view?id=1')).not.toContain('What to do');
  });

  it('shows what the runner logged about the stage, and nothing about others', async () => {
    const record = {
      time: '2026-01-14T09:34:00.000Z',
      level: 'warn',
      text: 'creating another Pod',
      fields: { stageId: 1 },
    };
    const other = { ...record, text: 'of another stage', fields: { stageId: 2 } };
    const page = await pageOf(failedStage(), '/view?id=1', [record, other]);

    expect(page).toContain('creating another Pod');
    expect(page).not.toContain('of another stage');
  });

  it('escapes whatever an author wrote: no script is in the page', async () => {
    const history = failedStage({ repo: EVIL, stageName: EVIL, event: EVIL, pod: EVIL, reason: EVIL });
    const page = await pageOf(history, '/view?id=1');

    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert');
  });

  it('is JSON on request', async () => {
    const headers = { ...ADA, accept: 'application/json' };
    const { body } = await dashboard(failedStage()).inject({ url: '/view?id=1', headers });

    expect(JSON.parse(body)).toMatchObject({
      ...{
        stageId: 1,
        state: 'failure',
        started: '2026-01-14T09:33:30.000Z',
        reason: 'step test failed: exit code 3',
      },
      steps: [{ name: 'clone' }, { name: 'test', exitCode: 3 }, { name: 'deploy' }],
    });
  });

  it.each(['/view', '/view?id=2', '/view?id=x', '/view?id=1&id=1'])('answers %s with 404', async (url) => {
    expect((await dashboard(failedStage()).inject({ url, headers: ADA })).statusCode).toBe(404);
  });
});

describe('GET /logs', () => {
  const records = [
    { time: '2026-01-14T09:33:00.000Z', level: 'info', text: 'first', fields: { port: 3000 } },
    { time: '2026-01-14T09:34:00.000Z', level: 'error', text: EVIL, fields: { err: { message: EVIL } } },
  ];

  it('lists the records of the runner, the latest first, with their fields', async () => {
    const page = await pageOf(new StageHistory(), '/logs', records);

    expect(page.indexOf('first')).toBeGreaterThan(page.indexOf('alert'));
    expect(page).toContain('port=3000');
    expect(page).not.toContain('<script');
  });

  it('is JSON on request', async () => {
    const headers = { ...ADA, accept: 'application/json' };
    const { body } = await dashboard(new StageHistory(), records).inject({ url: '/logs', headers });

    expect(JSON.parse(body)).toEqual({ records });
  });
});

describe('every page', () => {
  it.each(['/', '/view?id=1', '/logs'])('%s needs user and password', async (url) => {
    expect((await dashboard(failedStage()).inject(url)).statusCode).toBe(401);
  });
});
