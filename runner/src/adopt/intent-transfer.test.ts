import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { LEASE_ANNOTATION } from '../lease/lease-record.ts';

import { anEntry, intent, leaseAt, podAt, putLease, putPod, replica, TERM_MS } from './testing/a-replica.ts';

const never = new AbortController().signal;

describe('intents of a dead replica', () => {
  it('become ours in writing before its Lease goes, and are carried on', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    const order: string[] = [];
    cluster.intercept(({ verb, target }) => {
      if (target.resource === RESOURCE.leases && verb !== 'list') order.push(verb);
    });
    await me.reconcile();
    expect([order, me.carried]).toEqual([['patch', 'patch', 'remove'], [50]]);
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
  });

  it('that have a Pod are the Pod’s business', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect([me.carried, me.resumed.length]).toEqual([[], 1]);
  });

  it('are continued while a Pod of that owner can’t be taken over; its Lease stays until that is done', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.reconcile();
    expect(cluster.find(leaseAt('dead'))).toBeDefined();
    expect(me.carried).toEqual([50]);
    await me.reconcile();
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
    expect(me.carried).toEqual([50]);
  });

  it('that can’t be taken over now are tried again in the next round, and keep no others waiting', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    putLease(cluster, 'dire', { intents: [intent(51)] });
    const me = await replica(cluster, 'me');
    let failures = 1;
    cluster.intercept(({ verb, target }) => {
      if (verb === 'patch' && target.name === 'hangar-runner-dead' && failures-- > 0) throw noAnswer();
    });
    await me.reconcile();
    expect(me.carried).toEqual([51]);
    await me.reconcile();
    expect(me.carried.sort()).toEqual([50, 51]);
  });

  it.each(['patch', 'remove'] as const)(
    'are continued once, though the answer to the %s of its Lease was lost',
    async (lost) => {
      const cluster = new FakeCluster();
      putLease(cluster, 'dead', { intents: [intent(50)] });
      const me = await replica(cluster, 'me');
      let losses = 1;
      cluster.intercept(({ verb, target }) =>
        verb === lost && target.name === 'hangar-runner-dead' && losses-- > 0 ? 'lost' : undefined,
      );
      for (let time = 0; time < 3; time++) await me.reconcile();
      expect([me.carried, cluster.find(leaseAt('dead'))]).toEqual([[50], undefined]);
    },
  );

  it('that another replica has taken over are left to it, and not recorded here', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    let isFaster = false;
    cluster.intercept(({ verb, target }) => {
      if (verb !== 'patch' || target.name !== 'hangar-runner-dead' || isFaster) return;
      isFaster = true;
      const lease = cluster.find<V1Lease>(leaseAt('dead')) ?? {};
      const annotations = {
        ...lease.metadata?.annotations,
        [LEASE_ANNOTATION.successors]: '{"50":"ci/faster"}',
      };
      cluster.put<V1Lease>(leaseAt('dead'), { ...lease, metadata: { ...lease.metadata, annotations } });
    });
    await me.reconcile();
    await me.reconcile();
    expect([me.carried, me.lease.intents]).toEqual([[], []]);
  });

  it('are continued by the one that marked them, though its answer was lost and others do so too', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const clock = new FakeClock();
    const [me, other] = [await replica(cluster, 'me', clock), await replica(cluster, 'other', clock)];
    let losses = 1;
    cluster.intercept(({ verb, target }) =>
      verb === 'patch' && target.name === 'hangar-runner-dead' && losses-- > 0 ? 'lost' : undefined,
    );
    await me.reconcile();
    // The other one sees nothing that is left to take over.
    await other.reconcile();
    await other.reconcile();
    expect([me.carried, other.carried]).toEqual([[], []]);
    await me.reconcile();
    expect([me.carried, other.carried]).toEqual([[50], []]);
    await clock.step(TERM_MS + 1_001);
    await other.reconcile();
    await other.reconcile();
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
  });

  it('are continued by one of two that record them, though a third sees nothing left and one answer was lost', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const clock = new FakeClock();
    const all = [
      await replica(cluster, 'a', clock),
      await replica(cluster, 'b', clock),
      await replica(cluster, 'c', clock),
    ] as const;
    const [a, b, c] = all;
    let losses = 1;
    cluster.intercept(({ verb, target }) =>
      verb === 'patch' && target.name === 'hangar-runner-dead' && losses-- > 0 ? 'lost' : undefined,
    );
    await Promise.all([a.reconcile(), b.reconcile()]);
    expect([a.lease.has(50), b.lease.has(50)]).toEqual([true, true]);
    await c.reconcile();
    for (let time = 0; time < 2; time++) for (const one of all) await one.reconcile();
    expect(all.flatMap(({ carried }) => carried)).toEqual([50]);
    expect(all.filter(({ lease }) => lease.has(50))).toHaveLength(1);
  });

  it('become nobody else’s when their owner runs again before they were marked', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50), intent(51)] });
    const me = await replica(cluster, 'me');
    let failures = 1;
    cluster.intercept(({ verb, target }) => {
      if (verb === 'patch' && target.name === 'hangar-runner-dead' && failures-- > 0) throw noAnswer();
    });
    await me.reconcile();
    expect(me.lease.intents.map(({ stageId }) => stageId)).toEqual([50, 51]);
    // It has reported stage 51 since.
    putLease(cluster, 'dead', { intents: [intent(50)], holder: 'dead' });
    await me.reconcile();
    expect(me.lease.has(50)).toBe(false);
    expect(me.carried).toEqual([51]);
  });

  it('whose Pod vanished while nobody ran them are continued too: the server waits for their end', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)], holder: 'dead' });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    cluster.drop(podAt('p50'));
    await me.clock.step(TERM_MS + 1_001);
    await me.reconcile();
    expect([me.carried, me.resumed]).toEqual([[50], []]);
  });

  it('are left alone while the Pods of their namespace can’t be listed, or the watch has missed their Pod', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)], namespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    cluster.fail('list', 'pods', refusal(500, 'InternalError'));
    await me.reconcile();
    expect(me.carried).toEqual([]);
    let isBehind = true;
    cluster.intercept(({ verb, target }) => {
      if (verb !== 'list' || target.namespace !== 'drone-x' || !isBehind) return;
      isBehind = false;
      throw refusal(500, 'InternalError');
    });
    await me.reconcile();
    expect(me.carried).toEqual([]);
    await me.reconcile();
    expect(me.carried).toEqual([50]);
  });

  it('stay where they are recorded while the own Lease has no room for them', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    const many = Array.from({ length: 4_000 }, (_, n) =>
      me.lease.intend(intent(100_000 + n), me.stop.signal),
    );
    await Promise.all(many);
    for (let n = 0; n < 4_000; n++) me.registry.enter(anEntry(100_000 + n));
    await me.reconcile();
    expect([me.carried, cluster.find(leaseAt('dead')) !== undefined]).toEqual([[], true]);
  });
});

describe('an own record', () => {
  it('that this replica tries to accept under its own name stay recorded until it has left them: the server may have assigned them to the dead one', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50), intent(51)] });
    const me = await replica(cluster, 'me');
    await me.lease.intend({ ...intent(50), machine: 'me' }, me.stop.signal);
    me.registry.enter(anEntry(50));
    await me.reconcile();
    expect([me.carried, cluster.find(leaseAt('dead')) !== undefined]).toEqual([[51], true]);

    me.lease.settle(50);
    me.registry.leave(50);
    await me.reconcile();
    expect([me.carried, cluster.find(leaseAt('dead'))]).toEqual([[51, 50], undefined]);
    expect(me.lease.intents).toContainEqual(expect.objectContaining({ stageId: 50, machine: 'dead' }));
  });

  it('that this replica tries under the same name are in its hands already', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.lease.intend(intent(50), me.stop.signal);
    me.registry.enter(anEntry(50));
    await me.reconcile();
    expect([me.carried, cluster.find(leaseAt('dead'))]).toEqual([[], undefined]);
  });

  it('whose Pod is a running replica’s is removed: that one has recorded it', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'other', { holder: 'other' });
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'me', { intents: [intent(1), intent(2)] });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect([me.carried, me.lease.intents.map(({ stageId }) => stageId)]).toEqual([[2], [2]]);
  });
});

describe('the stages of a dead replica whose Lease is full', () => {
  /** As many as its own Lease has room for. */
  async function fullLease(cluster: FakeCluster, name: string): Promise<readonly number[]> {
    const dead = await replica(cluster, name);
    const writes: Promise<void>[] = [];
    for (let stageId = 1_000_000; !dead.lease.isFull; stageId += 1)
      writes.push(dead.lease.intend({ stageId, buildId: stageId, machine: name }, never));
    await Promise.all(writes);
    const intents = dead.lease.intents.map(({ stageId }) => stageId);
    dead.stop.abort();
    await dead.lease.release(never);
    return intents;
  }

  it.each([
    ['short', 'dead-replica', 'new-replica'],
    ['usual', 'hangar-runner-7d9f8b6c5d-abcde', 'hangar-runner-7d9f8b6c5d-xyzuv'],
    ['very long', 'd'.repeat(200), 'n'.repeat(200)],
  ])('are all taken over: the marks find room beside them (%s names)', async (_, dead, heir) => {
    const cluster = new FakeCluster();
    const stageIds = await fullLease(cluster, dead);
    const me = await replica(cluster, heir);
    for (let round = 0; round < 30; round += 1) await me.reconcile();
    expect(me.carried).toEqual(stageIds);
    expect(cluster.find(leaseAt(dead))).toBeUndefined();
  });

  it('are taken over as far as there is room, and the others once there is', async () => {
    const cluster = new FakeCluster();
    const stageIds = await fullLease(cluster, 'dead-replica');
    const me = await replica(cluster, 'new-replica');
    const own = Array.from({ length: 1_000 }, (_, nth) => nth + 1);
    await Promise.all(own.map((stageId) => me.lease.intend({ stageId, buildId: 1, machine: 'me' }, never)));
    for (const stageId of own) me.registry.enter(anEntry(stageId));
    for (let round = 0; round < 3; round += 1) await me.reconcile();
    expect(me.carried.length).toBeGreaterThan(1_000);
    expect(me.carried.length).toBeLessThan(stageIds.length);
    for (const stageId of own) me.lease.settle(stageId);
    for (let round = 0; round < 30; round += 1) await me.reconcile();
    expect(me.carried).toEqual(stageIds);
    expect(cluster.find(leaseAt('dead-replica'))).toBeUndefined();
  });

  it('stay where they are with their Pods, if this replica cannot record one more', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [] });
    putPod(cluster, 50, 'ci/hangar-runner-dead');
    const me = await replica(cluster, 'me');
    for (let stageId = 1_000_000; !me.lease.isFull; stageId += 1)
      void me.lease.intend({ stageId, buildId: stageId, machine: 'me' }, never);
    await me.reconcile();
    expect([me.resumed, cluster.find(leaseAt('dead')) === undefined]).toEqual([[], false]);
    for (const { stageId } of me.lease.intents.slice(0, 100)) me.lease.settle(stageId);
    await me.reconcile();
    expect(me.resumed).toEqual([{ stageId: 50, adoptions: 1 }]);
  });
});
