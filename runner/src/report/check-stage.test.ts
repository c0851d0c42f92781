import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { checkStage } from './check-stage.ts';
import type { Reported } from './reporter.ts';

const never = new AbortController().signal;
const POD = { resource: RESOURCE.pods, namespace: 'ci', name: 'drone-abc' };

function begin(reported: Reported, owner = 'ci/me', hasEnded = () => false) {
  const cluster = new FakeCluster();
  const pod = cluster.put<V1Pod>(POD, {
    metadata: { name: 'drone-abc', namespace: 'ci', annotations: { [ANNOTATION.owner]: owner } },
  });
  let requests = 0;
  const reporter = {
    checkState: async (recordVersion: (version: number) => Promise<boolean>): Promise<Reported> => {
      if (!(await recordVersion(7))) return 'failed';
      requests += 1;
      return reported;
    },
  };
  const checkState = (seen: V1Pod | undefined = pod) =>
    checkStage({ cluster, log: silentLogger }, { reporter, pod: seen, owner: 'ci/me', hasEnded }, never);
  const recorded = () => cluster.find<V1Pod>(POD)?.metadata?.annotations?.[ANNOTATION.stageVersion];
  return { cluster, pod, checkState, recorded, requests: () => requests };
}

describe('a state check of a stage', () => {
  it.each([
    ['reported', 'open'],
    ['conflict', 'cancelled'],
    ['failed', 'unknown'],
  ] as const)('with the result %s returns %s, and the Pod records the version', async (reported, finding) => {
    const { checkState, recorded } = begin(reported);
    expect(await checkState()).toBe(finding);
    expect(recorded()).toBe('7');
  });

  it('is not made if the version can’t be recorded', async () => {
    const { cluster, checkState, requests } = begin('reported');
    cluster.fail('patch', 'pods', refusal(503, 'ServiceUnavailable'));
    expect([await checkState(), requests()]).toEqual(['unknown', 0]);
    expect([await checkState(), requests()]).toEqual(['open', 1]);
  });

  it('is not made for the Pod of another replica, which is left alone', async () => {
    const { checkState, requests, recorded } = begin('conflict', 'ci/other');
    expect([await checkState(), requests(), recorded()]).toEqual(['unknown', 0, undefined]);
  });

  it('is not made once all steps have ended: it would open a stage again whose end a former owner reported', async () => {
    const { checkState, requests } = begin('reported', 'ci/me', () => true);
    expect([await checkState(), requests()]).toEqual(['unknown', 0]);
  });

  it('returns no cancel if another replica took over meanwhile', async () => {
    const { cluster, pod, checkState } = begin('conflict');
    cluster.intercept(({ verb }) => {
      const annotations = { ...pod.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
      if (verb === 'get') cluster.put(POD, { ...pod, metadata: { ...pod.metadata, annotations } });
    });
    expect(await checkState()).toBe('unknown');
  });

  it('returns no cancel while the owner of the Pod can’t be read', async () => {
    const { cluster, checkState } = begin('conflict');
    cluster.fail('get', 'pods', refusal(500, 'InternalError'));
    expect([await checkState(), await checkState()]).toEqual(['unknown', 'cancelled']);
  });

  it('does not change another Pod of the same name', async () => {
    const { cluster, pod, checkState, recorded } = begin('reported');
    cluster.drop(POD);
    cluster.put(POD, { metadata: { name: 'drone-abc', annotations: pod.metadata?.annotations ?? {} } });
    expect([await checkState(), recorded()]).toEqual(['unknown', undefined]);
  });

  it('works for a stage that has no Pod yet', async () => {
    const { cluster } = begin('conflict');
    const reporter = {
      checkState: (recordVersion: (version: number) => Promise<boolean>) =>
        recordVersion(1).then(() => 'conflict' as const),
    };
    const about = { reporter, pod: undefined, owner: 'ci/me', hasEnded: () => false };
    expect(await checkStage({ cluster, log: silentLogger }, about, never)).toBe('cancelled');
    expect(cluster.calls).toEqual([]);
  });
});
