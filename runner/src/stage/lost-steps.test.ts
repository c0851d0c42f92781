import { describe, expect, it, onTestFinished } from 'vitest';
import type { DroneStep } from '../pipeline/drone.ts';
import type { OpenStep } from '../pipeline/stage-state.ts';
import { carryOn } from '../poll/take.ts';
import { aPlan, aPlannedStep } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { aDetail, compiledOf, TestStage } from './testing/test-stage.ts';

const running = (n: number, version = 2): OpenStep => ({ n, id: n * 100, version, isRunning: true });
const pending = (n: number): OpenStep => ({ n, id: n * 100, version: 1, isRunning: false });

/** What the server has of a step: its status and version. */
type AtServer = readonly [status: DroneStep['status'], version: number];

/** A stage that ran, whose Pod and whose runner are gone: the server has its steps, and a Lease those that were open. */
async function vanished(
  atServer: readonly AtServer[],
  steps: readonly OpenStep[] | undefined,
  prepare: (env: TestStage) => void = () => undefined,
): Promise<TestStage> {
  const env = new TestStage();
  onTestFinished(() => env.close());
  env.server.stage = aStage({ status: 'running', version: 4 });
  env.server.register(atServer.map((_, index) => index + 1));
  for (const [index, [status, version]] of atServer.entries()) {
    const id = (index + 1) * 100;
    const step = env.server.steps.get(id);
    if (step) env.server.steps.set(id, { ...step, status, version });
  }
  env.server.details = { ...aDetail('running'), stage: env.server.stage };
  env.server.accept = () => Promise.resolve({ kind: 'lost' } as never);
  const plan = aPlan(atServer.map((_, index) => aPlannedStep(index + 1)));
  Object.assign(env.parts, { draft: () => Promise.resolve(compiledOf(plan)) });
  prepare(env);
  const intent = { stageId: 63, buildId: 41, machine: 'me', ...(steps ? { steps } : {}) };
  env.intents.set(63, intent);
  void carryOn(env.parts, intent, env.handOver.signal);
  await env.clock.step(0);
  return env;
}

describe('the steps of a stage whose Pod and owner are gone', () => {
  it('are ended with the stage: running ones with the error, pending ones as skipped; ended ones stay', async () => {
    const server: AtServer[] = [
      ['success', 3],
      ['running', 2],
      ['pending', 1],
    ];
    const env = await vanished(server, [running(2), pending(3)]);
    expect(env.reports).toEqual(['2 error', '3 skipped', 'stage error']);
    expect(env.server.step(2)).toMatchObject({
      name: 's2',
      error: expect.stringContaining('its Pod no longer exists') as string,
      exitCode: 255,
    });
    expect([env.server.statusOf(1), env.intents.size]).toEqual(['success', 0]);
  });

  it('that began after they were recorded are ended too', async () => {
    const env = await vanished([['running', 2]], [pending(1)]);
    expect(env.reports).toEqual(['1 error', 'stage error']);
  });

  it('that ended after they were recorded keep their status', async () => {
    const server: AtServer[] = [
      ['success', 3],
      ['failure', 3],
    ];
    const env = await vanished(server, [running(1), pending(2)]);
    expect(env.reports).toEqual(['stage error']);
    expect([env.server.statusOf(1), env.server.statusOf(2)]).toEqual(['success', 'failure']);
  });

  it('do not keep the stage from its end: without a record, or with a pipeline that can not be read again', async () => {
    const unknown = await vanished([['running', 2]], undefined);
    expect(unknown.reports).toEqual(['stage error']);
    const unreadable = await vanished([['running', 2]], [running(1)], ({ parts }) =>
      Object.assign(parts, { draft: () => Promise.reject(new Error('no such repository')) }),
    );
    expect(unreadable.reports).toEqual(['stage error']);
    expect(unreadable.server.stage.error).toContain('its Pod no longer exists');
  });

  it('are left alone if the pipeline has other steps now', async () => {
    const env = await vanished([['running', 2]], [running(1)], ({ parts }) =>
      Object.assign(parts, { draft: () => Promise.resolve(compiledOf(aPlan([]))) }),
    );
    expect(env.reports).toEqual(['stage error']);
  });
});
