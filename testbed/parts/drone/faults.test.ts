import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ENDPOINTS, type Endpoint } from './calls.ts';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { newStep, RpcCaller } from './rpc-caller.ts';
import type { WireStage, WireStep } from './wire.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

let drone: PracticeServer;
let runner: RpcCaller;
let buildId: number;
let stage: WireStage;
let step: WireStep;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's', longPollMs: 30 });
  runner = new RpcCaller(drone.url, 's');
  buildId = drone.createBuild({ yaml: YAML }).id;
  const started = await runner.start('test');
  const [first] = started.steps;
  if (first === undefined) throw new Error('no step');
  stage = { ...started, steps: [] } as WireStage;
  step = first;
});

afterEach(async () => {
  await drone.close();
});

/** A good call to each endpoint, and what shows that it took effect. */
function attempts(): Record<Endpoint, { call: () => Promise<{ status: number }>; effect: () => unknown }> {
  const stageVersion = () => drone.stage(buildId).version;
  return {
    request: { call: () => runner.poll(), effect: () => 'none' },
    accept: { call: () => runner.accept(freeStage()), effect: () => drone.builds()[0]?.stages[0]?.machine },
    detail: { call: () => runner.detail(stage.id), effect: () => 'none' },
    'stage-update': { call: () => runner.putStage({ ...stage }), effect: stageVersion },
    'step-update': {
      call: () => runner.putStep({ ...step, status: 'running' }),
      effect: () => drone.step(buildId, 'test')?.version,
    },
    watch: { call: () => runner.watch(buildId), effect: () => 'none' },
    'log-batch': { call: () => runner.batch(step.id, []), effect: () => 'none' },
    'log-upload': { call: () => runner.upload(step.id, []), effect: () => drone.log(buildId, 'test') },
    card: {
      call: () => runner.call('POST', `/rpc/v2/step/${step.id}/card`, { data: 1 }),
      effect: () => drone.card(buildId, 'test'),
    },
    ping: { call: () => runner.call('POST', '/rpc/v2/ping'), effect: () => 'none' },
  };
}

const freeStage = () => drone.builds()[0]?.stages[0]?.id ?? 0;

const SILENT: ReadonlySet<Endpoint> = new Set(['request', 'detail', 'watch', 'log-batch', 'ping']);

describe('cut connections (drone-rpc §8.14)', () => {
  it.each(ENDPOINTS)('%s: a lost request takes no effect', async (endpoint) => {
    drone.createBuild({ yaml: YAML });
    const { call, effect } = attempts()[endpoint];
    const before = effect();
    drone.faults.cutBefore(endpoint);

    await expect(call()).rejects.toThrow();

    expect(effect()).toEqual(before);
    expect(drone.calls.of(endpoint).at(-1)?.status).toBe(0);
  });

  it.each(ENDPOINTS)('%s: a lost answer takes effect', async (endpoint) => {
    drone.createBuild({ yaml: YAML });
    const { call, effect } = attempts()[endpoint];
    const before = effect();
    drone.faults.cutAfter(endpoint);

    await expect(call()).rejects.toThrow();

    if (!SILENT.has(endpoint)) expect(effect()).not.toEqual(before);
    expect((await call()).status).toBeGreaterThan(0);
  });

  it('a lost answer to accept makes the repeat a 409', async () => {
    drone.createBuild({ yaml: YAML });
    drone.faults.cutAfter('accept');
    await expect(runner.accept(freeStage(), 'me')).rejects.toThrow();

    expect((await runner.accept(freeStage(), 'me')).status).toBe(409);
    expect(JSON.parse((await runner.detail(freeStage())).text)).toMatchObject({ stage: { machine: 'me' } });
  });
});

describe('odd answers (drone-rpc §8.14)', () => {
  it.each([502, 503, 504, 524])('%d is an answer of a proxy and has no effect by default', async (status) => {
    drone.faults.answer('stage-update', { status, body: 'bad gateway' });
    expect(await runner.putStage({ ...stage })).toMatchObject({ status, text: 'bad gateway' });
    expect(drone.stage(buildId).version).toBe(3);

    drone.faults.answer('stage-update', { status, applied: true });
    expect((await runner.putStage({ ...stage })).status).toBe(status);
    expect(drone.stage(buildId).version).toBe(4);
  });

  it('a redirect, and a page instead of JSON', async () => {
    drone.faults.answer('detail', { status: 301, headers: { location: 'https://drone.example.test/' } });
    drone.faults.answer('detail', {
      status: 200,
      body: '<!DOCTYPE html>',
      headers: { 'content-type': 'text/html' },
    });

    const answers = [
      await runner.detail(stage.id),
      await runner.detail(stage.id),
      await runner.detail(stage.id),
    ];

    expect(answers.map((answer) => [answer.status, answer.text.slice(0, 1)])).toEqual([
      [301, ''],
      [200, '<'],
      [200, '{'],
    ]);
  });

  it('half a body ends in a broken connection, after taking effect', async () => {
    drone.faults.halfBody('stage-update');

    await expect(runner.putStage({ ...stage })).rejects.toThrow();

    expect(drone.stage(buildId).version).toBe(4);
  });

  it('a slow answer is complete', async () => {
    drone.faults.slow('detail', 10);

    const answer = await runner.detail(stage.id);

    expect(JSON.parse(answer.text)).toMatchObject({ stage: { id: stage.id } });
  });

  it('a held call has taken effect or not, as configured, until it is released', async () => {
    const before = drone.faults.hold('stage-update', 'before');
    const first = runner.putStage({ ...stage });
    await before.reached;
    expect(drone.stage(buildId).version).toBe(3);
    before.release();
    expect((await first).status).toBe(200);

    const after = drone.faults.hold('stage-update', 'after');
    const second = runner.putStage({ ...stage, version: 4 });
    await after.reached;
    expect(drone.stage(buildId).version).toBe(5);
    after.release();
    expect((await second).status).toBe(200);
  });
});

describe('planning faults', () => {
  it('counts, skips and narrows down', async () => {
    const planned = drone.faults.answer('ping', { status: 503 }, { times: 2, skip: 1 });
    drone.faults.answer('stage-update', { status: 504 }, { where: (call) => call.pathId === 4711 });
    const ping = async () => (await runner.call('POST', '/rpc/v2/ping')).status;

    expect([await ping(), await ping(), await ping(), await ping()]).toEqual([200, 503, 503, 200]);
    expect(planned.used).toBe(2);
    expect((await runner.putStage({ ...stage })).status).toBe(200);
  });

  it('clear calls everything off', async () => {
    drone.faults.cutBefore('any', { times: Number.POSITIVE_INFINITY });
    drone.faults.clear();

    expect((await runner.call('POST', '/rpc/v2/ping')).status).toBe(200);
  });
});

describe('the process', () => {
  it('cuts open polls and watches when it restarts, and takes new calls at once', async () => {
    const patient = await startPracticeServer({ secret: 's', longPollMs: 60_000 });
    const caller = new RpcCaller(patient.url, 's');
    const open = Promise.allSettled([caller.poll(), caller.watch(1)]);
    await patient.waitUntil('both', {}, () => patient.waitingPolls + patient.watchCount(1) === 2);

    patient.restart();

    expect((await open).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect((await caller.call('POST', '/rpc/v2/ping')).status).toBe(200);
    await patient.waitUntil('both gone', {}, () => patient.waitingPolls + patient.watchCount(1) === 0);
    await patient.close();
  });

  it('a call that was under way when it died takes no effect afterwards', async () => {
    const hold = drone.faults.hold('stage-update', 'before');
    const lost = runner.putStage({ ...stage }).catch(() => 'cut');
    await hold.reached;
    drone.restart();
    hold.release();

    expect(await lost).toBe('cut');
    expect(drone.stage(buildId).version).toBe(3);
  });

  it('does not answer while it is down', async () => {
    drone.down();
    await expect(runner.call('POST', '/rpc/v2/ping')).rejects.toThrow();

    drone.up();
    expect((await runner.call('POST', '/rpc/v2/ping')).status).toBe(200);
  });

  it('closes at once with calls open, and frees its port', async () => {
    const patient = await startPracticeServer({ secret: 's', longPollMs: 60_000 });
    const poll = new RpcCaller(patient.url, 's').poll().catch(() => 'cut');
    await patient.waitUntil('the poll', {}, () => patient.waitingPolls === 1);
    const hold = patient.faults.hold('ping', 'before');
    const ping = new RpcCaller(patient.url, 's').call('POST', '/rpc/v2/ping').catch(() => 'cut');
    await hold.reached;

    await patient.close();

    expect(await Promise.all([poll, ping])).toEqual(['cut', 'cut']);
    expect(patient.waitingPolls).toBe(0);
  });

  it('fails to start on a taken port, with an error', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

    await expect(startPracticeServer({ secret: 's', port })).rejects.toThrow('EADDRINUSE');

    taken.close();
  });
});

describe('detail (drone-rpc §8.6)', () => {
  it('is as odd as the real one', async () => {
    const answer = JSON.parse((await runner.detail(stage.id)).text) as Record<
      string,
      Record<string, unknown>
    >;

    expect(answer).toMatchObject({
      config: { Data: Buffer.from(YAML).toString('base64'), Hash: null },
      secrets: null,
      netrc: null,
      system: { proto: 'http', host: drone.host, version: '2.28.1' },
      stage: { id: stage.id, status: 'running' },
      repository: { slug: 'acme/widget', timeout: 60, trusted: false },
    });
    expect(answer['build']).not.toHaveProperty('params');
    expect(answer['build']?.['stages']).toEqual([
      expect.not.objectContaining({ steps: expect.anything() as unknown }),
    ]);
  });

  it('sends what a build was given', async () => {
    const netrc = { machine: 'git.acme.test', login: 'token', password: 'x-oauth-basic' };
    const secrets = [
      { name: 'open', data: 'a', pull_request: true },
      { name: 'closed', data: 'b' },
    ];
    const more = { trusted: true, timeoutMinutes: 5, params: { who: 'kim' }, event: 'pull_request' };
    const build = drone.createBuild({ yaml: YAML, netrc, secrets, ...more });

    const answer: unknown = JSON.parse((await runner.detail(build.stages[0]?.id ?? 0)).text);

    expect(answer).toMatchObject({
      netrc,
      secrets: [{ name: 'open', data: 'a' }],
      repository: { trusted: true, timeout: 5 },
      build: { params: { who: 'kim' }, event: 'pull_request', ref: 'refs/pull/9/head' },
    });
  });

  it('can fail and mark the stage as error, which ends the build', async () => {
    drone.failDetail({ text: 'scm: 502' });

    expect(await runner.detail(stage.id)).toMatchObject({ status: 500, text: 'scm: 502' });

    expect(drone.build(buildId)).toMatchObject({
      status: 'error',
      stages: [{ status: 'error', error: 'scm: 502' }],
    });
    expect((await runner.detail(stage.id)).status).toBe(200);
  });

  it('can fail without marking, as older servers do', async () => {
    drone.failDetail({ marksStage: false }, 2);

    expect([(await runner.detail(stage.id)).status, (await runner.detail(stage.id)).status]).toEqual([
      500, 500,
    ]);
    expect(drone.stage(buildId).status).toBe('running');
  });
});

describe('recorded calls (drone-rpc §8.17)', () => {
  it('carry endpoint, ids, status, body and times', async () => {
    await runner.putStep({ ...step, status: 'running' });

    expect(drone.calls.of('step-update')).toMatchObject([
      {
        method: 'PUT',
        pathId: step.id,
        object: `step:${step.id}`,
        status: 200,
        body: { status: 'running', version: 1 },
      },
    ]);
    expect(drone.calls.of('step-update')[0]?.durationMs).toBeGreaterThanOrEqual(0);
  });

  it('updates of one object in flight together are found', async () => {
    const hold = drone.faults.hold('stage-update', 'after');
    const first = runner.putStage({ ...stage });
    await hold.reached;
    await runner.putStage({ ...stage, version: 4 });
    hold.release();
    await first;

    expect(() => {
      drone.calls.assertNoOverlap();
    }).toThrow(`two updates of stage:${stage.id} overlap`);
  });

  it('updates of two objects together are fine', async () => {
    const hold = drone.faults.hold('stage-update', 'after');
    const first = runner.putStage({ ...stage, steps: [newStep(stage.id, 2, 'more')] });
    await hold.reached;
    await runner.putStep({ ...step, status: 'running' });
    hold.release();
    await first;

    expect(() => {
      drone.calls.assertNoOverlap();
    }).not.toThrow();
  });
});
