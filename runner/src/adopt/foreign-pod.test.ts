import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { intent, leaseAt, ownerOf, podAt, putLease, putPod, replica } from './testing/a-replica.ts';

/** A Pod with all labels and annotations of a runner, made by somebody who doesn't have the key. */
function putForeign(cluster: FakeCluster, id: number, owner: string): V1Pod {
  const { metadata, ...pod } = putPod(cluster, id, owner);
  const { [ANNOTATION.signature]: _, ...annotations } = metadata?.annotations ?? {};
  const own = { ...annotations, [ANNOTATION.ownNamespace]: 'true' };
  return cluster.put<V1Pod>(podAt(`p${id}`), { ...pod, metadata: { ...metadata, annotations: own } });
}

describe('a Pod that no runner made', () => {
  it('is not taken over, changed or removed, nor is its stage recorded; beside it, a Pod of ours is', async () => {
    const cluster = new FakeCluster();
    putForeign(cluster, 1, 'ci/hangar-runner-dead');
    putPod(cluster, 2, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    for (let time = 0; time < 3; time++) await me.reconcile();
    expect([me.resumed.map(({ stageId }) => stageId), me.carried]).toEqual([[2], []]);
    expect([ownerOf(cluster, 'p1'), me.lease.has(1)]).toEqual(['ci/hangar-runner-dead', false]);
    expect([cluster.count('remove', 'pods'), cluster.count('remove', 'namespaces')]).toEqual([0, 0]);
    expect(me.warned).toHaveLength(1);
  });

  it('is not taken over either when it names this replica, or an owner without a Lease', async () => {
    const cluster = new FakeCluster();
    putForeign(cluster, 1, 'ci/hangar-runner-me');
    putForeign(cluster, 2, 'ci/hangar-runner-nobody');
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    for (let time = 0; time < 7; time++) await me.reconcile();
    expect([me.resumed, cluster.count('patch', 'pods')]).toEqual([[], 0]);
  });

  it('does not end a recorded stage by naming a running owner: the stage is continued', async () => {
    const cluster = new FakeCluster();
    putForeign(cluster, 50, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { holder: 'other' });
    putLease(cluster, 'me', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    await me.reconcile();
    expect([me.carried, me.lease.has(50)]).toEqual([[50], true]);
  });

  it('does not keep a dead replica’s stage from being continued, nor its Lease from being removed', async () => {
    const cluster = new FakeCluster();
    putForeign(cluster, 50, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    await me.reconcile();
    expect([me.resumed, me.carried]).toEqual([[], [50]]);
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
  });
});
