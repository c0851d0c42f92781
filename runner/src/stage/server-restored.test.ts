import { describe, expect, it, onTestFinished } from 'vitest';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { running, withStates } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import { aDetail, POD, TestStage } from './testing/test-stage.ts';

/** How long the server must answer that it doesn't know a stage until a call gives up. */
const CERTAIN_MS = 300_000;

/** A stage whose first step runs. */
async function begin(): Promise<TestStage> {
  const env = new TestStage();
  onTestFinished(() => env.close());
  env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  env.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(env.parts, { stage: aStage(), machine: 'me' }, env.handOver.signal);
  await env.clock.step(0);
  const spec = { containers: [], ...env.pod?.spec, nodeName: 'node-a' };
  env.cluster.put(POD, withStates({ ...env.pod, spec }, { 1: running(), 2: running() }));
  env.logs.of(1).start(env.clock.now());
  await env.clock.step(0);
  expect(env.reports).toEqual(['stage running', '1 running']);
  return env;
}

/** From now on the server knows neither the stage nor its steps, and rejects their logs. */
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

describe('a Drone server with a new, empty database', () => {
  it('does not know earlier stages: the Pod is stopped, and removed without its logs, which the server rejects', async () => {
    const env = await begin();
    forget(env);
    await env.clock.step(CERTAIN_MS + 20_000);
    expect(env.pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(env.registry.entries).toMatchObject([{ phase: 'reporting' }]);
    await env.clock.step(2 * CERTAIN_MS);
    expect([env.pod, env.intents.size, env.registry.entries]).toEqual([undefined, 0, []]);
    expect(env.logs.of(1).isStored).toBe(false);
    expect(env.heard).not.toContain('expired');
  });
});

describe('a Drone server that was restored from an older backup', () => {
  it('receives the true end of a stage that is open there, at any version', async () => {
    const env = await begin();
    env.server.stage = { ...env.server.stage, version: 2 };
    env.server.register([1, 2], 1);
    env.server.details = aDetail('running');
    await env.clock.step(60_000);
    expect(env.heard).not.toContain('concluded cancelled');
    await env.finishSteps();
    await env.clock.step(1_000);
    expect(env.server.stage.status).toBe('success');
    expect([1, 2].map((n) => env.server.statusOf(n))).toEqual(['success', 'success']);
    expect([env.pod, env.intents.size]).toEqual([undefined, 0]);
  });

  it('offers a stage again that is unclaimed in the backup: the earlier Pod is stopped and removed', async () => {
    const env = await begin();
    forget(env);
    env.server.stage = aStage({ status: 'pending', version: 1, machine: '' });
    env.server.details = aDetail('pending');
    await env.clock.step(4 * CERTAIN_MS);
    expect([env.pod, env.intents.size, env.registry.entries]).toEqual([undefined, 0, []]);
  });
});

describe('a cancel', () => {
  it('that appears as another version is not taken for a restore, by the state of the stage', async () => {
    const env = await begin();
    env.server.cancel();
    await env.finishSteps();
    await env.clock.step(11_000);
    expect(env.heard).toContain('concluded cancelled');
    expect(env.server.stage.status).toBe('killed');
  });
});
