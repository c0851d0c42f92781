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

const parts = (cluster: FakeCluster) => ({ cluster, log: silentLogger, lease: { owner: 'ci/me' } });

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
    checkStage(parts(cluster), { reporter, pod: seen, hasEnded }, never);
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

  it('records the version on a Pod that has changed, and changes nothing if it is another replica’s by now', async () => {
    const changed = begin('reported');
    changed.cluster.put(POD, changed.pod);
    expect([await changed.checkState(), changed.recorded()]).toEqual(['open', '7']);
    const taken = begin('reported');
    const annotations = { [ANNOTATION.owner]: 'ci/other' };
    taken.cluster.put(POD, { ...taken.pod, metadata: { name: 'drone-abc', annotations } });
    expect([await taken.checkState(), taken.requests(), taken.recorded()]).toEqual(['unknown', 0, undefined]);
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
    const about = { reporter, pod: undefined, hasEnded: () => false };
    expect(await checkStage(parts(cluster), about, never)).toBe('cancelled');
    expect(cluster.calls).toEqual([]);
  });
});
