import { describe, expect, it, onTestFinished } from 'vitest';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { running, withStates } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import { aDetail, POD, TestStage } from './testing/test-stage.ts';

/** How long the server must say that it doesn't know a stage, until a call gives up. */
const CERTAIN_MS = 300_000;

/** A stage whose first step runs. */
async function begin(): Promise<TestStage> {
  const world = new TestStage();
  onTestFinished(() => world.close());
  world.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  world.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(world.parts, { stage: aStage(), machine: 'me' }, world.handOver.signal);
  await world.clock.step(0);
  const spec = { containers: [], ...world.pod?.spec, nodeName: 'node-a' };
  world.cluster.put(POD, withStates({ ...world.pod, spec }, { 1: running(), 2: running() }));
  world.logs.of(1).start(world.clock.now());
  await world.clock.step(0);
  expect(world.reports).toEqual(['stage running', '1 running']);
  return world;
}

/** From now on the server knows neither the stage nor its steps, nor takes their logs. */
function forget({ server, clock, logs }: TestStage): void {
  const unknown = async (call: string): Promise<never> => {
    await clock.sleep(CERTAIN_MS);
    throw new CiServerError(call, 500, 'sql: no rows in result set', { unknown: true });
  };
  server.updateStage = () => unknown('PUT stage');
  server.updateStep = () => unknown('PUT step');
  server.detail = () => Promise.reject(new CiServerError('detail', 500, 'sql: no rows in result set'));
  for (const log of logs.opened) log.upload = new Promise(() => undefined);
}

describe('a Drone server that was created anew', () => {
  it('knows no stage of before: its Pod is stopped, and removed without its logs, which nobody takes', async () => {
    const world = await begin();
    forget(world);
    await world.clock.step(CERTAIN_MS + 20_000);
    expect(world.pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(world.registry.entries).toMatchObject([{ phase: 'reporting' }]);
    await world.clock.step(2 * CERTAIN_MS);
    expect([world.pod, world.intents.size, world.registry.entries]).toEqual([undefined, 0, []]);
    expect(world.logs.of(1).isStored).toBe(false);
    expect(world.heard).not.toContain('expired');
  });
});

describe('a Drone server that was restored from an older backup', () => {
  it('is told the true end of a stage that it has open, whatever versions it has', async () => {
    const world = await begin();
    world.server.stage = { ...world.server.stage, version: 2 };
    world.server.register([1, 2], 1);
    world.server.details = aDetail('running');
    await world.clock.step(60_000);
    expect(world.heard).not.toContain('concluded cancelled');
    await world.finishSteps();
    await world.clock.step(1_000);
    expect(world.server.stage.status).toBe('success');
    expect([1, 2].map((n) => world.server.statusOf(n))).toEqual(['success', 'success']);
    expect([world.pod, world.intents.size]).toEqual([undefined, 0]);
  });

  it('that has the stage as not claimed gives it out again: the Pod of before is stopped and goes', async () => {
    const world = await begin();
    forget(world);
    world.server.stage = aStage({ status: 'pending', version: 1, machine: '' });
    world.server.details = aDetail('pending');
    await world.clock.step(4 * CERTAIN_MS);
    expect([world.pod, world.intents.size, world.registry.entries]).toEqual([undefined, 0, []]);
  });
});

describe('a cancel', () => {
  it('that shows as another version is none of these: the stage itself says so', async () => {
    const world = await begin();
    world.server.cancel();
    await world.finishSteps();
    await world.clock.step(11_000);
    expect(world.heard).toContain('concluded cancelled');
    expect(world.server.stage.status).toBe('killed');
  });
});
