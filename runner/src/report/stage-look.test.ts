import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { Reported } from './reporter.ts';
import { lookAtStage } from './stage-look.ts';

const never = new AbortController().signal;
const POD = { resource: RESOURCE.pods, namespace: 'ci', name: 'drone-abc' };

function begin(reported: Reported, owner = 'ci/me') {
  const cluster = new FakeCluster();
  const pod = cluster.put<V1Pod>(POD, {
    metadata: { name: 'drone-abc', namespace: 'ci', annotations: { [ANNOTATION.owner]: owner } },
  });
  let asked = 0;
  const reporter = {
    look: async (writeDown: (version: number) => Promise<boolean>): Promise<Reported> => {
      if (!(await writeDown(7))) return 'failed';
      asked += 1;
      return reported;
    },
  };
  const look = (seen: V1Pod | undefined = pod) =>
    lookAtStage({ cluster, log: silentLogger }, { reporter, pod: seen, owner: 'ci/me' }, never);
  const written = () => cluster.find<V1Pod>(POD)?.metadata?.annotations?.[ANNOTATION.stageVersion];
  return { cluster, pod, look, written, asked: () => asked };
}

describe('a look at a stage', () => {
  it.each([
    ['reported', 'open'],
    ['conflict', 'cancelled'],
    ['failed', 'unknown'],
  ] as const)('that is %s is %s, and its Pod keeps the version', async (reported, finding) => {
    const { look, written } = begin(reported);
    expect(await look()).toBe(finding);
    expect(written()).toBe('7');
  });

  it('is not made while the version can not be written down', async () => {
    const { cluster, look, asked } = begin('reported');
    cluster.fail('patch', 'pods', refusal(503, 'ServiceUnavailable'));
    expect([await look(), asked()]).toEqual(['unknown', 0]);
    expect([await look(), asked()]).toEqual(['open', 1]);
  });

  it('is not made for another replica, whose Pod is left alone', async () => {
    const { look, asked, written } = begin('conflict', 'ci/other');
    expect([await look(), asked(), written()]).toEqual(['unknown', 0, undefined]);
  });

  it('is no cancel if another replica took over meanwhile', async () => {
    const { cluster, pod, look } = begin('conflict');
    cluster.intercept(({ verb }) => {
      const annotations = { ...pod.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
      if (verb === 'get') cluster.put(POD, { ...pod, metadata: { ...pod.metadata, annotations } });
    });
    expect(await look()).toBe('unknown');
  });

  it('is no cancel as long as nobody can tell whose the Pod is', async () => {
    const { cluster, look } = begin('conflict');
    cluster.fail('get', 'pods', refusal(500, 'InternalError'));
    expect([await look(), await look()]).toEqual(['unknown', 'cancelled']);
  });

  it('writes on no other Pod of the same name', async () => {
    const { cluster, pod, look, written } = begin('reported');
    cluster.drop(POD);
    cluster.put(POD, { metadata: { name: 'drone-abc', annotations: pod.metadata?.annotations ?? {} } });
    expect([await look(), written()]).toEqual(['unknown', undefined]);
  });

  it('of a stage that has no Pod yet needs none', async () => {
    const { cluster } = begin('conflict');
    const reporter = {
      look: (writeDown: (version: number) => Promise<boolean>) =>
        writeDown(1).then(() => 'conflict' as const),
    };
    const about = { reporter, pod: undefined, owner: 'ci/me' };
    expect(await lookAtStage({ cluster, log: silentLogger }, about, never)).toBe('cancelled');
    expect(cluster.calls).toEqual([]);
  });
});
