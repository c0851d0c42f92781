import { settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { gated, running, withStates } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

describe('the Pod of a pipeline that has completed', () => {
  /** Both steps have ended by their marks; the containers' end is not reported. */
  async function completed(): Promise<TestStageRun> {
    const stageRun = new TestStageRun();
    await stageRun.show((pod) => withStates(pod, { 1: running(), 2: running() }));
    stageRun.logs.of(1).start(stageRun.clock.now());
    await settle();
    stageRun.logs.of(1).end(0, stageRun.clock.now());
    await settle();
    await stageRun.run(2);
    await stageRun.clock.step(1_000);
    expect(stageRun.reported).toBe(1);
    return stageRun;
  }

  it('is deleted once its containers have ended', async () => {
    const stageRun = await completed();
    await stageRun.clock.step(5_000);
    expect(stageRun.isRemoved).toBe(false);
    await stageRun.show((pod) => withStates(pod, { 1: gated(0), 2: gated(0) }));
    expect(stageRun.isRemoved).toBe(true);
  });

  it('is read again after ten seconds if its watch is silent (issue 11, 1.12)', async () => {
    const stageRun = await completed();
    const pod = stageRun.feed.pod ?? {};
    stageRun.cluster.put(stageRun.target, withStates(pod, { 1: gated(0), 2: gated(0) }));
    await stageRun.clock.step(10_000);
    expect(stageRun.isRemoved).toBe(true);
  });

  it('counts as ended if another Pod has its name, which is left alone', async () => {
    const stageRun = await completed();
    const { metadata, ...other } = stageRun.feed.pod ?? {};
    stageRun.cluster.drop(stageRun.target);
    stageRun.cluster.put(stageRun.target, { ...other, metadata: { ...metadata, uid: 'another' } });
    await stageRun.clock.step(10_000);
    await settle();
    expect(stageRun.cluster.count('remove', 'pods')).toBe(1);
    expect(stageRun.cluster.find<V1Pod>(stageRun.target)?.metadata?.uid).toBe('another');
  });

  it('is deleted after two minutes, though it never ends', async () => {
    const stageRun = await completed();
    stageRun.cluster.fail('get', 'pods', noAnswer());
    await stageRun.clock.step(118_000);
    expect(stageRun.isRemoved).toBe(false);
    await stageRun.clock.step(3_000);
    expect(stageRun.isRemoved).toBe(true);
  });
});
