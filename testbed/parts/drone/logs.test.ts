import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller } from './rpc-caller.ts';
import type { WireStageUpdate, WireStep } from './wire.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';
const LINE = { pos: 0, out: 'hello\n', time: 0 };

let drone: PracticeServer;
let runner: RpcCaller;
let buildId: number;
let stage: WireStageUpdate;
let step: WireStep;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's', longPollMs: 50 });
  runner = new RpcCaller(drone.url, 's');
  buildId = drone.createBuild({ yaml: YAML }).id;
  stage = await runner.start('test');
  const [first] = stage.steps;
  if (first === undefined) throw new Error('no step');
  step = first;
});

afterEach(async () => {
  await drone.close();
});

describe('live batches (drone-rpc §8.10)', () => {
  const lost = { status: 500, text: 'stream: not found' };

  it('before the step was reported as running are refused', async () => {
    expect(await runner.batch(step.id, [LINE])).toMatchObject(lost);
  });

  it('are taken while it runs', async () => {
    await runner.step(step, { status: 'running' });

    expect(await runner.batch(step.id, [LINE])).toMatchObject({ status: 200, text: '' });
    expect(drone.liveLog(buildId, 'test')).toEqual([LINE]);
  });

  it('are refused after its finish', async () => {
    const running = await runner.step(step, { status: 'running' });
    await runner.step(running, { status: 'success' });

    expect(await runner.batch(step.id, [LINE])).toMatchObject(lost);
  });

  it("are refused after the stage's finish", async () => {
    const running = await runner.step(step, { status: 'running' });
    await runner.putStage({ ...stage, status: 'success', steps: [running] });

    expect(await runner.batch(step.id, [LINE])).toMatchObject(lost);
  });

  it('are refused after a restart, while the data stay', async () => {
    await runner.step(step, { status: 'running' });
    drone.restart();

    expect(await runner.batch(step.id, [LINE])).toMatchObject(lost);
    expect(drone.step(buildId, 'test')).toMatchObject({ status: 'running', version: 2 });
  });

  it('a second start of the step resets the stream', async () => {
    const running = await runner.step(step, { status: 'running' });
    await runner.batch(step.id, [LINE]);
    await runner.step(running, { status: 'running', schema: 'https://cards.test/a.json' });

    expect(drone.liveLog(buildId, 'test')).toEqual([]);
  });

  it('keep the last 5000 lines', async () => {
    await runner.step(step, { status: 'running' });
    const lines = Array.from({ length: 5001 }, (_, pos) => ({ ...LINE, pos }));

    await runner.batch(step.id, lines);

    expect(drone.liveLog(buildId, 'test')).toHaveLength(5000);
    expect(drone.liveLog(buildId, 'test')?.[0]?.pos).toBe(1);
  });

  it.each([
    ['a fraction as pos', '[{"pos":0.5,"out":"x","time":0}]'],
    ['a time in quotes', '[{"pos":0,"out":"x","time":"0"}]'],
    ['an object', '{"pos":0}'],
  ])('with %s are refused', async (_name, body) => {
    await runner.step(step, { status: 'running' });

    expect((await runner.batch(step.id, body)).status).toBe(500);
  });
});

describe('the upload (drone-rpc §8.11)', () => {
  it('is kept byte for byte, before and after the finish', async () => {
    const body = '[ {"pos":0,"out":"h\\u00e9llo\\n","time":0} ]';
    await runner.putStage({ ...stage, status: 'success' });

    expect(await runner.upload(step.id, body)).toMatchObject({ status: 200, text: '' });

    expect(drone.uploadedBytes(buildId, 'test')?.toString()).toBe(body);
    expect(drone.logText(buildId, 'test')).toBe('héllo\n');
    expect(drone.complaints).toEqual([]);
  });

  it('a second time is a 500 and changes nothing', async () => {
    await runner.upload(step.id, [LINE]);

    expect((await runner.upload(step.id, [])).status).toBe(500);
    expect(drone.log(buildId, 'test')).toEqual([LINE]);
  });

  it('a second time overwrites with an object store', async () => {
    const other = await startPracticeServer({ secret: 's', longPollMs: 50, logStorage: 'object-store' });
    const caller = new RpcCaller(other.url, 's');
    const build = other.createBuild({ yaml: YAML });
    const [only] = (await caller.start('test')).steps;
    await caller.upload(only?.id ?? 0, [LINE]);

    expect((await caller.upload(only?.id ?? 0, [])).status).toBe(200);
    expect(other.log(build.id, 'test')).toEqual([]);
    await other.close();
  });

  it.each([
    ['an empty log', '[]', []],
    ['a log whose head was dropped', '[{"pos":7,"out":"x","time":1},{"pos":8,"out":"y","time":1}]', []],
    ['null', 'null', [expect.stringContaining('not a JSON array')]],
    ['half an array', '[{"pos":0', [expect.stringContaining('invalid character')]],
    [
      'two lines of one pos',
      '[{"pos":1,"out":"x","time":1},{"pos":1,"out":"y","time":1}]',
      [expect.stringContaining('pos does not rise at line 1')],
    ],
    [
      'a fraction as time',
      '[{"pos":0,"out":"x","time":0.25}]',
      [expect.stringContaining('cannot unmarshal number 0.25')],
    ],
  ])('%s is stored; the double complains where the UI would stumble', async (_name, body, complaints) => {
    expect((await runner.upload(step.id, body)).status).toBe(200);

    expect(drone.complaints).toEqual(complaints);
  });

  it('for an unknown step is taken, and the double complains', async () => {
    expect((await runner.upload(4711, [])).status).toBe(200);
    expect(drone.complaints).toEqual([expect.stringContaining('no such step')]);
  });
});

describe('cards (drone-rpc §2.9)', () => {
  it('are kept as received', async () => {
    const answer = await runner.call('POST', `/rpc/v2/step/${step.id}/card`, {
      schema: 'x',
      data: { coverage: 81.5 },
    });

    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(drone.card(buildId, 'test')).toEqual({ coverage: 81.5 });
  });

  it('that are no JSON are the only 400, with a JSON message', async () => {
    const answer = await runner.call('POST', `/rpc/v2/step/${step.id}/card`, 'coverage=81');

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toHaveProperty('message');
  });

  it('for an unknown step are swallowed', async () => {
    expect((await runner.call('POST', '/rpc/v2/step/4711/card', { data: 1 })).status).toBe(200);
  });
});
