import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { newStep, RpcCaller } from './rpc-caller.ts';
import type { WireStageUpdate, WireStep } from './wire.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\nnode: { pool: large }\n';

let drone: PracticeServer;
let runner: RpcCaller;
let buildId: number;
let stage: WireStageUpdate;
let step: WireStep;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's', longPollMs: 50 });
  runner = new RpcCaller(drone.url, 's');
  buildId = drone.createBuild({ yaml: YAML, stages: [{}] }).id;
  stage = await runner.start('clone', 'test');
  const [first] = stage.steps;
  if (first === undefined) throw new Error('no step');
  step = first;
});

afterEach(async () => {
  await drone.close();
});

describe("the server's own times", () => {
  it('are those of the first report that it runs and the first that it has ended, finer than the seconds reported', async () => {
    const timesOf = () => drone.step(buildId, 'clone')?.times ?? {};
    expect(timesOf()).toEqual({});
    const before = Date.now();
    const running = await runner.step(step, { status: 'running', started: 7 });
    const { runningMs = 0 } = timesOf();
    await runner.step(running, { status: 'success', started: 7, stopped: 7 });

    expect(runningMs).toBeGreaterThanOrEqual(before);
    expect(timesOf()).toEqual({ runningMs, doneMs: expect.any(Number) as number });
    expect(timesOf().doneMs).toBeGreaterThanOrEqual(runningMs);
  });
});

describe('starting a stage (drone-rpc §8.7)', () => {
  it('inserts the steps with ids and version 1, and starts the build', () => {
    expect(stage).toMatchObject({ version: 3, status: 'running' });
    expect(stage.steps.map((each) => [each.name, each.version, each.id > 0])).toEqual([
      ['clone', 1, true],
      ['test', 1, true],
    ]);
    expect(drone.build(buildId)).toMatchObject({ status: 'running', version: 2 });
    expect(drone.build(buildId).started).toBeGreaterThan(0);
  });

  it('a second time is a 500, after the version was raised', async () => {
    const again = await runner.putStage({ ...stage, steps: [newStep(stage.id, 1, 'clone')] });

    expect([again.status, again.text]).toEqual([500, expect.stringContaining('UNIQUE constraint failed')]);
    expect(drone.stage(buildId).version).toBe(4);
  });

  it('a second time without steps raises the version, and changes nothing else', async () => {
    const before = drone.stage(buildId);
    const again = await runner.putStage({ ...stage, steps: [] });

    expect(again.status).toBe(200);
    expect(drone.stage(buildId)).toEqual({ ...before, version: 4, updated: expect.any(Number) as number });
    expect(drone.build(buildId)).toMatchObject({ status: 'running', version: 2 });
  });

  it('a second time without steps is 409 once the build was cancelled', async () => {
    drone.cancel(buildId);

    expect((await runner.putStage({ ...stage, steps: [] })).status).toBe(409);
    expect(drone.stage(buildId).status).toBe('killed');
  });

  it('with a stale version is 409 and inserts nothing', async () => {
    const stale = await runner.putStage({ ...stage, version: 2, steps: [newStep(stage.id, 3, 'late')] });

    expect(stale.status).toBe(409);
    expect(drone.stage(buildId).steps).toHaveLength(2);
  });

  it('a step with a wrong step_id breaks the insert, and the double complains', async () => {
    const broken = await runner.putStage({ ...stage, steps: [newStep(4711, 0, 'lost')] });

    expect(broken.status).toBe(500);
    expect(drone.complaints).toEqual([
      expect.stringContaining('number 0'),
      expect.stringContaining("step_id 4711 is not the stage's id"),
    ]);
  });

  it('without a known build is a 500', async () => {
    expect((await runner.putStage({ ...stage, build_id: 0 })).status).toBe(500);
  });
});

describe('a stage PUT replaces (drone-rpc §8.7)', () => {
  it('wipes what is left out, except the columns that a PUT never writes', async () => {
    const bare = {
      id: stage.id,
      build_id: buildId,
      version: 3,
      status: 'running',
      name: 'renamed',
      number: 9,
    };

    expect((await runner.putStage(bare)).status).toBe(200);

    expect(drone.stage(buildId)).toMatchObject({
      ...{ machine: '', os: '', arch: '', started: 0, created: 0, on_success: false, labels: {} },
      ...{ name: 'default', number: 1, kind: 'pipeline', type: 'kubernetes', version: 4 },
    });
  });

  it('uses the id in the body, not in the path', async () => {
    const answer = await runner.call('PUT', '/rpc/v2/stage/4711', { ...stage, steps: [] });

    expect(answer.status).toBe(200);
    expect(drone.stage(buildId).version).toBe(4);
  });

  it('the answer repeats the body, so repo_id is 0 if it was left out', async () => {
    const { repo_id: _repo, ...body } = stage;

    const answer: unknown = JSON.parse((await runner.putStage({ ...body, steps: [] })).text);

    expect(answer).toMatchObject({ id: stage.id, repo_id: 0, version: 4 });
  });

  it('cuts errors to 500 bytes, also within a character', async () => {
    await runner.putStage({ ...stage, status: 'error', error: `${'x'.repeat(499)}ä`, steps: [] });

    expect(drone.stage(buildId).error).toBe(`${'x'.repeat(499)}\ufffd`);
  });
});

describe('finishing a stage (drone-rpc §8.8)', () => {
  it.each(['success', 'failure', 'skipped', '', 'nonsense'])('status %j finishes it', async (status) => {
    const answer = await runner.putStage({ ...stage, status });

    expect(answer.status).toBe(200);
    expect(drone.stage(buildId)).toMatchObject({ status, version: 4 });
    expect(drone.stage(buildId).steps.map((each) => each.version)).toEqual([2, 2]);
    expect(drone.build(buildId).finished).toBeGreaterThan(0);
  });

  it('updates steps in order until the first stale one, then 409 with the stage untouched', async () => {
    const [clone, test] = stage.steps;
    const steps = [
      { ...clone, status: 'success' },
      { ...test, status: 'success', version: 7 },
    ];

    const answer = await runner.putStage({ ...stage, status: 'success', steps });

    expect([answer.status, answer.text]).toEqual([409, 'Optimistic Lock Error']);
    expect(drone.stage(buildId)).toMatchObject({ status: 'running', version: 3 });
    expect(drone.stage(buildId).steps.map((each) => [each.status, each.version])).toEqual([
      ['success', 2],
      ['pending', 1],
    ]);
  });

  it('never inserts: a step without id is 409', async () => {
    const answer = await runner.putStage({ ...stage, status: 'error', steps: [newStep(stage.id, 3, 'new')] });

    expect(answer.status).toBe(409);
    expect(drone.stage(buildId).steps).toHaveLength(2);
  });

  it('with a stale version of the stage is 409, its steps are updated all the same', async () => {
    const answer = await runner.putStage({ ...stage, status: 'success', version: 2 });

    expect(answer.status).toBe(409);
    expect(drone.stage(buildId)).toMatchObject({
      status: 'running',
      steps: [{ version: 2 }, { version: 2 }],
    });
  });

  it('is taken with other times than at the start, and the double complains', async () => {
    const { started } = stage;
    await runner.putStage({ ...stage, started: started + 1, status: 'failure', version: 1 });
    await runner.putStage({ ...stage, started: 0, status: 'success', steps: [] });

    expect(drone.stage(buildId).started).toBe(0);
    expect(drone.complaints).toEqual([
      expect.stringContaining(`the start had reported ${started}`),
      expect.stringContaining('started is 0'),
    ]);
  });

  it('as reported at the start has no complaints', async () => {
    await runner.putStage({ ...stage, status: 'success', steps: [] });

    expect(drone.complaints).toEqual([]);
  });

  it('without steps is fine and leaves them as they are', async () => {
    expect((await runner.putStage({ ...stage, status: 'error', steps: [] })).status).toBe(200);

    expect(drone.build(buildId)).toMatchObject({
      status: 'error',
      stages: [{ steps: [{ version: 1 }, { version: 1 }] }],
    });
  });
});

describe('updating a step (drone-rpc §8.9)', () => {
  it('answers the body with the next version', async () => {
    const answer = await runner.step(step, { status: 'running', started: 5 });

    expect(answer).toMatchObject({ id: step.id, status: 'running', version: 2 });
  });

  it('a stale start is 409, and the stream is created all the same', async () => {
    const answer = await runner.putStep({ ...step, status: 'running', version: 9 });

    expect([answer.status, answer.text]).toEqual([409, 'Optimistic Lock Error']);
    expect(drone.liveLog(buildId, 'clone')).toEqual([]);
    expect(drone.step(buildId, 'clone')?.status).toBe('pending');
  });

  it('a stale finish is 500 with the lock text over several lines', async () => {
    const answer = await runner.putStep({ ...step, status: 'success', version: 9 });

    expect(answer.status).toBe(500);
    expect(answer.text).toMatch(/^1 error occurred:\n.*Optimistic Lock Error/);
  });

  it('a wrong step_id or path id does not matter', async () => {
    const answer = await runner.call('PUT', '/rpc/v2/step/1', { ...step, step_id: 4711, status: 'running' });

    expect(answer.status).toBe(200);
    expect(drone.step(buildId, 'clone')).toMatchObject({ step_id: stage.id, status: 'running' });
  });

  it('replaces too: members left out are wiped', async () => {
    await runner.putStep({ id: step.id, status: 'running', version: 1 });

    expect(drone.step(buildId, '')).toMatchObject({ name: '', image: '', number: 1 });
  });
});
