import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { GATE_VOLUME } from '../pipeline/compiled.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, waiting, withStates, withStatus } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const plan = aPlan([aPlannedStep(1), aPlannedStep(2)]);
const REFUSED = waiting('CreateContainerConfigError', 'no such key');
const UNPULLED = waiting('ErrImagePull', 'timeout');
const LONG_MS = 61_000;

const both = (pod: V1Pod, state: V1ContainerState): V1Pod => withStates(pod, { 1: state, 2: state });

/** The Pod as the watch shows it last, and as the API server has it. */
interface Views {
  readonly seen: (pod: V1Pod) => V1Pod;
  readonly unseen: (pod: V1Pod) => V1Pod;
}

/** A stage whose watch becomes silent, with a Pod none of whose steps has started unless `seen` shows one. */
async function silent(
  { seen, unseen }: Views,
  options: ConstructorParameters<typeof TestStageRun>[0] = {},
): Promise<TestStageRun> {
  const stageRun = new TestStageRun({ plan, pod: aPod(plan), ...options });
  await stageRun.show(seen);
  stageRun.feed.unseen = unseen(stageRun.feed.pod ?? {});
  return stageRun;
}

describe('a stage whose watch of Pods is silent', () => {
  it.each<[string, string, Views]>([
    [
      'whose container the kubelet has created meanwhile',
      'container-refused',
      { seen: (pod) => withStates(pod, { 1: running(), 2: REFUSED }), unseen: (pod) => both(pod, running()) },
    ],
    [
      'whose containers have a last status by now',
      'pod-refused',
      {
        seen: (pod) => withStatus(both(pod, running()), { phase: 'Failed' }),
        unseen: (pod) => both(pod, gated(0)),
      },
    ],
    [
      'whose image was pulled meanwhile',
      'image-pull-failed',
      {
        seen: (pod) => withStates(pod, { 1: running(), 2: UNPULLED }),
        unseen: (pod) => both(pod, running()),
      },
    ],
  ])('is not ended for a Pod %s', async (_, code, views) => {
    const stageRun = await silent(views);
    await stageRun.clock.step(LONG_MS);
    expect(stageRun.concluded.filter(({ trouble }) => trouble)).toEqual([]);

    const asSeen = await silent({ ...views, unseen: (pod) => pod });
    await asSeen.clock.step(LONG_MS);
    expect(asSeen.concluded).toMatchObject([{ trouble: { code } }]);
  });

  it('shows who stopped the containers: a Pod that is being deleted, or something on the node', async () => {
    const deleted = (pod: V1Pod): V1Pod => ({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: new Date(1_768_383_000_000) },
    });
    for (const [unseen, code] of [
      [deleted, 'pod-deleted'],
      [(pod: V1Pod) => pod, 'pod-stopped'],
    ] as const) {
      const stageRun = await silent({ seen: (pod) => both(pod, running()), unseen });
      stageRun.logs.of(1).skip('stopping', stageRun.clock.now());
      await stageRun.clock.step(11_000);
      expect(stageRun.concluded).toMatchObject([{ trouble: { code } }]);
    }
  });

  const volumes = [{ name: GATE_VOLUME, image: { reference: 'hangar-gate:1' } }];
  const retried = {
    pod: aPod(plan, { spec: { volumes, initContainers: undefined } }),
    order: { mayRemake: true, mayReplaceGate: true, mayAvoidNode: true },
  };
  const evicted = (pod: V1Pod): V1Pod =>
    withStatus(both(pod, waiting('ContainerCreating')), {
      phase: 'Pending',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
    });

  it.each<[string, string, V1ContainerState]>([
    ['whose image the node has pulled meanwhile', 'no-image', UNPULLED],
    ['whose containers have started meanwhile', 'no-gate', REFUSED],
  ])('does not stop a Pod %s, to make it again', async (_, kind, state) => {
    const seen = (pod: V1Pod): V1Pod => both(pod, state);
    const stageRun = await silent({ seen, unseen: (pod) => both(pod, running()) }, retried);
    await stageRun.clock.step(LONG_MS);
    expect([stageRun.end, stageRun.concluded]).toEqual([undefined, []]);

    const asSeen = await silent({ seen, unseen: (pod) => pod }, retried);
    await asSeen.clock.step(LONG_MS);
    expect(asSeen.end).toMatchObject({ kind });
  });

  it('makes a Pod again that was evicted before anything ran, as its last status shows', async () => {
    const lost = terminated(137, { reason: 'ContainerStatusUnknown', startedAt: '1970-01-01T00:00:00Z' });
    const unseen = (pod: V1Pod): V1Pod => withStatus(both(pod, lost), { phase: 'Failed' });
    const stageRun = await silent({ seen: evicted, unseen }, retried);
    await stageRun.clock.step(LONG_MS);
    expect(stageRun.end).toMatchObject({ kind: 'not-run', trouble: { code: 'evicted' } });

    const asSeen = await silent({ seen: evicted, unseen: (pod) => pod }, retried);
    await asSeen.clock.step(LONG_MS);
    expect(asSeen.concluded).toMatchObject([{ trouble: { code: 'evicted' } }]);
  });
});
