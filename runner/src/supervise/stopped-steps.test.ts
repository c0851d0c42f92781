import { settle } from '@hangar/shared/testing/fake-clock';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { gated, running, terminated, withStates } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const one = aPlan([aPlannedStep(1)]);

/** The first step runs. */
async function startedRun(setting: ConstructorParameters<typeof TestStageRun>[0]): Promise<TestStageRun> {
  const stageRun = new TestStageRun(setting);
  const { steps } = stageRun.plan;
  await stageRun.show((pod: V1Pod) =>
    withStates(pod, Object.fromEntries(steps.map(({ n }) => [n, running()]))),
  );
  stageRun.logs.of(1).start(stageRun.clock.now());
  await settle();
  return stageRun;
}

describe('a failure that stops the other steps', () => {
  const beside = aPlan([
    aPlannedStep(1, { fails: 'fast' }),
    aPlannedStep(2),
    aPlannedStep(3, { after: [2] }),
  ]);

  async function failed(code: number): Promise<TestStageRun> {
    const stageRun = await startedRun({ plan: beside });
    stageRun.logs.of(2).start(stageRun.clock.now());
    await settle();
    stageRun.logs.of(1).end(4, stageRun.clock.now());
    stageRun.logs.of(2).end(code, stageRun.clock.now());
    await settle();
    await stageRun.show((pod) => withStates(pod, { 1: gated(4), 2: gated(code), 3: gated(0, 'fast') }));
    await stageRun.clock.step(5_000);
    return stageRun;
  }

  it.each([143, 137])('reports them as killed, not as failed by themselves: code %i', async (code) => {
    const stageRun = await failed(code);
    expect(stageRun.server.step(2)).toMatchObject({ status: 'killed', exitCode: 137, error: '' });
    expect([1, 3].map((n) => stageRun.server.statusOf(n))).toEqual(['failure', 'skipped']);
    expect(stageRun.reports.at(-1)).toBe('stage failure');
  });

  it('reports a step that failed by itself at the same time with its own code', async () => {
    const stageRun = await failed(5);
    expect(stageRun.server.step(2)).toMatchObject({ status: 'failure', exitCode: 5 });
  });

  it('needs `failure: fast`: without it, a step that ends by a signal has failed', async () => {
    const stageRun = await startedRun({ plan: one });
    stageRun.logs.of(1).end(143, stageRun.clock.now());
    await stageRun.show((pod) => withStates(pod, { 1: gated(143) }));
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({ status: 'failure', exitCode: 143 });
  });
});

describe('a service that is killed for memory', () => {
  const plan = aPlan([aPlannedStep(1, { role: 'background' }), aPlannedStep(2, { after: [1] })]);

  it('is reported as such, and does not fail the stage', async () => {
    const stageRun = await startedRun({ plan });
    await stageRun.show((pod) => withStates(pod, { 1: terminated(137, { reason: 'OOMKilled' }) }));
    await stageRun.clock.step(5_000);
    expect(stageRun.server.step(1)).toMatchObject({
      status: 'failure',
      exitCode: 137,
      error: 'killed: out of memory',
    });
    await stageRun.run(2);
    await stageRun.clock.step(5_000);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });

  it('differs from a service that ends by itself, which is not reported', async () => {
    const stageRun = await startedRun({ plan });
    await stageRun.show((pod) => withStates(pod, { 1: terminated(1) }));
    await stageRun.clock.step(5_000);
    expect(stageRun.server.statusOf(1)).toBe('running');
  });
});
