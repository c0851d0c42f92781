import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signed } from '../launch/testing/test-origin.ts';
import { LEASE_ANNOTATION } from '../lease/lease-record.ts';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';

import {
  intent,
  LABELS,
  leaseAt,
  OTHER_SERVER,
  ownerOf,
  podAt,
  putLease,
  putPod,
  replica,
  SERVER,
  TERM_MS,
} from './testing/a-replica.ts';

describe('Pods of a dead replica (previous-runner §5.9)', () => {
  it('are taken over with one write, counted, and gone on with', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect(me.resumed).toEqual([{ stageId: 1, adoptions: 1 }]);
    expect(ownerOf(cluster, 'p1')).toBe('ci/hangar-runner-me');
    expect(me.registry.entries).toMatchObject([{ stageId: 1, adopted: true, phase: 'starting', pod: 'p1' }]);
    expect(cluster.count('patch', 'pods')).toBe(1);
  });

  it('of one that instances are left to it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { holder: 'other' });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    await me.clock.step(TERM_MS);
    await me.reconcile();
    expect(me.resumed).toEqual([]);
    expect(ownerOf(cluster, 'p1')).toBe('ci/hangar-runner-other');
  });

  it('of one whose Lease stands still beyond its term are taken', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { holder: 'other' });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    await me.clock.step(TERM_MS + 1_001);
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
  });

  it('without any Lease are taken at the fifth reconcile: a list may be older than a Pod', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-nobody');
    putPod(cluster, 2, 'elsewhere/hangar-runner-nobody');
    const me = await replica(cluster, 'me');
    for (let time = 1; time < 5; time++) await me.reconcile();
    expect(me.resumed).toEqual([]);
    await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([1]);
  });

  it('in namespaces of its own are found by its Lease; one that can’t be seen keeps nobody from the others', async () => {
    const cluster = new FakeCluster();
    const elsewhere = { resource: RESOURCE.pods, namespace: 'drone-x', name: 'p9' };
    const annotations = {
      [ANNOTATION.owner]: 'ci/hangar-runner-dead',
      [ANNOTATION.server]: SERVER,
      [ANNOTATION.stage]: JSON.stringify(aStage({ id: 9 })),
    };
    const { namespace, name } = elsewhere;
    const labels = { ...LABELS, [LABEL.stageId]: '9' };
    cluster.put<V1Pod>(elsewhere, signed({ metadata: { namespace, name, labels, annotations } }));
    putLease(cluster, 'dead', { namespaces: ['closed', 'drone-x'] });
    const me = await replica(cluster, 'me');
    cluster.fail('list', 'pods', refusal(403, 'Forbidden'));
    await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([9]);
    const own = cluster.find<V1Lease>(leaseAt('me'))?.metadata?.annotations?.[LEASE_ANNOTATION.namespaces];
    expect(JSON.parse(own ?? '[]')).toEqual(['drone-x']);
  });

  it('that make no sense are left alone', async () => {
    const cluster = new FakeCluster();
    cluster.put<V1Pod>(podAt('odd'), {
      metadata: { labels: LABELS, annotations: { [ANNOTATION.owner]: 'ci/hangar-runner-dead' } },
    });
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect(me.resumed).toEqual([]);
  });

  it('that change while they are claimed are read anew, and claimed', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    let changes = 1;
    cluster.intercept(({ verb, target }) => {
      if (verb === 'patch' && target.name === 'p1' && changes-- > 0)
        putPod(cluster, 1, 'ci/hangar-runner-dead', { generation: 2 });
    });
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
    expect(cluster.count('patch', 'pods')).toBe(2);
  });

  it('that never stand still are left for the next round', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', ...Array.from({ length: 5 }, () => refusal(409, 'Conflict')));
    await me.reconcile();
    expect(me.resumed).toEqual([]);
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
  });

  it('that are gone by then, or another’s, are nobody’s', async () => {
    const cluster = new FakeCluster();
    for (const id of [1, 2, 3]) putPod(cluster, id, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    cluster.fail(
      'patch',
      'pods',
      refusal(404, 'NotFound'),
      refusal(409, 'Conflict'),
      refusal(409, 'Conflict'),
    );
    cluster.intercept(({ verb, target }) => {
      if (verb === 'get' && target.name === 'p2') cluster.drop(podAt('p2'));
      if (verb === 'get' && target.name === 'p3') putPod(cluster, 3, 'ci/hangar-runner-faster');
    });
    await me.reconcile();
    expect(me.resumed).toEqual([]);
  });

  it('one that can’t be claimed now keeps nobody waiting', async () => {
    const cluster = new FakeCluster();
    for (const id of [1, 2]) putPod(cluster, id, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([2]);
    await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([2, 1]);
  });
});

describe('two replicas', () => {
  it('never both take the same Pod, nor the same intent, however their calls fall', async () => {
    const schedule = fc.array(fc.nat({ max: 3 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(schedule, fc.integer({ min: 1, max: 4 }), async (delays, pods) => {
        const cluster = new FakeCluster();
        for (let id = 1; id <= pods; id++) putPod(cluster, id, 'ci/hangar-runner-dead');
        putLease(cluster, 'dead', { intents: [intent(50), intent(51)] });
        const both = await Promise.all(['a', 'b'].map((name) => replica(cluster, name)));
        let calls = 0;
        cluster.intercept(async () => {
          for (let turn = delays[calls++] ?? 0; turn > 0; turn--) await Promise.resolve();
        });
        for (let round = 0; round < 3; round++)
          await Promise.all(both.map(({ reconcile }) => reconcile().catch(() => undefined)));
        const taken = both.flatMap(({ resumed }) => resumed.map(({ stageId }) => stageId));
        const carried = both.flatMap((one) => one.carried);
        expect(taken.sort()).toEqual(Array.from({ length: pods }, (_, index) => index + 1));
        expect(carried.sort()).toEqual([50, 51]);
        for (const { stop } of both) stop.abort();
      }),
      { numRuns: 40 },
    );
  });
});

describe('our own previous process', () => {
  it('is gone on with, Pods first; its intents without a Pod are carried on', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    putLease(cluster, 'me', { intents: [intent(1), intent(2)] });
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect([me.resumed, me.carried]).toEqual([[{ stageId: 1, adoptions: 1 }], [2]]);
  });

  it('counts each process: what the server was told depends on it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    for (const want of [1, 2, 3]) {
      const me = await replica(cluster, 'me');
      await me.adopter.adoptOwn(me.former, me.stop.signal);
      expect(me.resumed).toEqual([{ stageId: 1, adoptions: want }]);
    }
  });

  it('an answer that fails to come does not end this one: the next round does it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect(me.resumed).toEqual([]);
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
  });

  it('an outage while the recorded stages are compared with Pods does not end this one either', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'me', { intents: [intent(60)], namespaces: ['ci'] });
    const me = await replica(cluster, 'me');
    cluster.fail('list', 'pods', refusal(503, 'unavailable'));
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect([me.carried, me.warned]).toEqual([[], ['the recorded stages could not be continued yet']]);
    await me.reconcile();
    expect(me.carried).toEqual([60]);
  });

  it('what is in hand, or was dealt with, is not begun again', async () => {
    const cluster = new FakeCluster();
    const pod = putPod(cluster, 1, 'ci/hangar-runner-me');
    const me = await replica(cluster, 'me');
    await me.reconcile();
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
    me.registry.leave(1);
    me.registry.finish(pod.metadata?.uid, me.clock.monotonicMs());
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
  });

  it.each([0, 259_200_000, -259_200_000])(
    'what was dealt with and still stands there is removed, also if the wall clock is set by %s ms',
    async (ms) => {
      const cluster = new FakeCluster();
      const pod = putPod(cluster, 1, 'ci/hangar-runner-me');
      const me = await replica(cluster, 'me');
      me.registry.finish(pod.metadata?.uid, me.clock.monotonicMs());
      me.clock.jump(ms);
      await me.reconcile();
      expect(cluster.find(podAt('p1'))).toBeDefined();
      await me.clock.step(300_001);
      await me.reconcile();
      expect(cluster.find(podAt('p1'))).toBeUndefined();
    },
  );
});

describe('a recorded stage without a Pod', () => {
  it('is left to a running replica that has recorded it too: it may be making the Pod again', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'other', { holder: 'other', intents: [intent(1)] });
    const me = await replica(cluster, 'me');
    for (const id of [1, 2]) await me.lease.intend(intent(id), me.stop.signal);
    await me.reconcile();
    expect(me.carried).toEqual([2]);
    putPod(cluster, 1, 'ci/hangar-runner-other');
    await me.clock.step(0);
    await me.reconcile();
    expect([me.carried, me.lease.has(1)]).toEqual([[2], false]);
  });

  it('is continued once the other has settled it, or has died', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'settles', { holder: 'settles', intents: [intent(1)] });
    putLease(cluster, 'dies', { holder: 'dies', intents: [intent(2)] });
    const me = await replica(cluster, 'me');
    for (const id of [1, 2]) await me.lease.intend(intent(id), me.stop.signal);
    await me.reconcile();
    expect(me.carried).toEqual([]);
    putLease(cluster, 'settles', { holder: 'settles' });
    await me.reconcile();
    expect(me.carried).toEqual([1]);
    await me.clock.step(TERM_MS + 1_001);
    putLease(cluster, 'settles', { holder: 'settles' });
    await me.reconcile();
    await me.reconcile();
    expect(me.carried).toEqual([1, 2]);
  });

  it('is continued after thirty rounds, though the other keeps its record: both may wait', async () => {
    const cluster = new FakeCluster();
    const me = await replica(cluster, 'me');
    await me.lease.intend(intent(1), me.stop.signal);
    for (let round = 1; round < 30; round++) {
      putLease(cluster, 'other', { holder: 'other', intents: [intent(1)] });
      await me.reconcile();
    }
    expect(me.carried).toEqual([]);
    await me.reconcile();
    expect(me.carried).toEqual([1]);
  });

  it('has one after all, if the watch is behind', async () => {
    const cluster = new FakeCluster();
    const me = await replica(cluster, 'me');
    await me.lease.enter('drone-x', 'own', me.stop.signal);
    await me.lease.intend(intent(1), me.stop.signal);
    const { metadata, ...pod } = putPod(new FakeCluster(), 1, 'ci/hangar-runner-other');
    const { labels = {}, annotations = {} } = metadata ?? {};
    cluster.put<V1Pod>(
      { ...podAt('p1'), namespace: 'drone-x' },
      signed({ ...pod, metadata: { namespace: 'drone-x', name: 'p1', labels, annotations } }),
    );
    await me.reconcile();
    expect(me.carried).toEqual([]);
  });
});

describe('what belongs to another Drone server', () => {
  it('is left alone, and that is said once', async () => {
    const cluster = new FakeCluster();
    for (const id of [1, 2]) putPod(cluster, id, 'ci/hangar-runner-dead', { server: OTHER_SERVER });
    putPod(cluster, 3, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    putLease(cluster, 'stranger', { server: OTHER_SERVER, intents: [intent(60)], namespaces: ['drone-y'] });
    const me = await replica(cluster, 'me');
    for (let time = 0; time < 3; time++) await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([3]);
    expect([ownerOf(cluster, 'p1'), me.carried]).toEqual(['ci/hangar-runner-dead', []]);
    expect(cluster.find(leaseAt('stranger'))).toBeDefined();
    expect(cluster.count('remove', 'pods')).toBe(0);
    expect(me.warned).toHaveLength(1);
  });

  it('is no news while its runner instances', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-stranger', { server: OTHER_SERVER });
    putLease(cluster, 'stranger', { server: OTHER_SERVER, holder: 'stranger' });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect([me.resumed, me.warned]).toEqual([[], []]);
  });

  it('has stages of the same numbers: its Pod is no reason to drop an intent of ours', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-stranger', { server: OTHER_SERVER });
    putLease(cluster, 'stranger', { server: OTHER_SERVER, holder: 'stranger' });
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect(me.carried).toEqual([50]);
  });

  it('does not keep ours from being taken over, when its runner has the name of a dead one', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { server: OTHER_SERVER, holder: 'other' });
    const me = await replica(cluster, 'me');
    for (let time = 1; time < 5; time++) await me.reconcile();
    expect(me.resumed).toEqual([]);
    await me.reconcile();
    expect(me.resumed).toHaveLength(1);
  });

  it('is left alone under our own name too: a replica that was pointed at another server', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me', { server: OTHER_SERVER });
    putLease(cluster, 'me', { server: OTHER_SERVER, intents: [intent(60)], namespaces: ['drone-y'] });
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect([me.resumed, me.carried, me.former.namespaces]).toEqual([[], [], ['drone-y']]);
  });
});

describe('a namespace that was made for one stage', () => {
  const namespaceAt = (name: string) => ({ resource: RESOURCE.namespaces, name });

  it.each(['dead', 'me'])('is removed when %s left it without a Pod, and forgotten', async (name) => {
    const cluster = new FakeCluster();
    cluster.put(namespaceAt('drone-x'), { metadata: { labels: LABELS } });
    cluster.put(namespaceAt('shared'), { metadata: { labels: LABELS } });
    putLease(cluster, name, { namespaces: ['drone-x', 'shared'], ownNamespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    await me.reconcile();
    expect(cluster.find(namespaceAt('drone-x'))).toBeUndefined();
    expect(cluster.find(namespaceAt('shared'))).toBeDefined();
    await me.lease.enter('later', 'shared', me.stop.signal);
    const { annotations } = cluster.find<V1Lease>(leaseAt('me'))?.metadata ?? {};
    expect(annotations?.[LEASE_ANNOTATION.namespaces]).toBe('["shared","later"]');
  });

  it('stays while there is a Pod in it, and our Lease names it', async () => {
    const cluster = new FakeCluster();
    cluster.put(namespaceAt('drone-x'), { metadata: { labels: LABELS } });
    const annotations = {
      [ANNOTATION.owner]: 'ci/hangar-runner-dead',
      [ANNOTATION.server]: SERVER,
      [ANNOTATION.stage]: JSON.stringify(aStage({ id: 9 })),
    };
    const pod = { resource: RESOURCE.pods, namespace: 'drone-x', name: 'p9' };
    const { namespace, name } = pod;
    const labels = { ...LABELS, [LABEL.stageId]: '9' };
    cluster.put<V1Pod>(pod, signed({ metadata: { namespace, name, labels, annotations } }));
    putLease(cluster, 'dead', { ownNamespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    await me.reconcile();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([9]);
    expect([cluster.count('remove', 'namespaces'), cluster.find(leaseAt('dead'))]).toEqual([0, undefined]);
    const own = cluster.find<V1Lease>(leaseAt('me'))?.metadata?.annotations;
    expect(own?.[LEASE_ANNOTATION.ownNamespaces]).toBe('["drone-x"]');
  });
});

describe('a namespace that was made for one stage, whose watch is silent', () => {
  it('stays if there is a Pod in it that the watch has not shown', async () => {
    const cluster = new FakeCluster();
    const namespace = { resource: RESOURCE.namespaces, name: 'drone-x' };
    cluster.put(namespace, { metadata: { labels: LABELS } });
    putLease(cluster, 'dead', { ownNamespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    cluster.intercept(({ verb, target }) => {
      if (verb === 'watch') return new Promise(() => undefined);
      // Another replica creates the Pod of a stage that it has taken over.
      if (verb === 'patch' && target.resource.plural === 'leases')
        cluster.put<V1Pod>(
          { resource: RESOURCE.pods, namespace: 'drone-x', name: 'p9' },
          { metadata: { labels: LABELS, annotations: { [ANNOTATION.owner]: 'ci/hangar-runner-other' } } },
        );
      return undefined;
    });
    await me.reconcile();
    expect([cluster.find(namespace) === undefined, cluster.count('remove', 'namespaces')]).toEqual([
      false,
      0,
    ]);
  });
});

describe('the loop', () => {
  it('reconciles every second, whatever fails, until it is stopped', async () => {
    const cluster = new FakeCluster();
    const me = await replica(cluster, 'me');
    const rounds = () => cluster.count('list', 'leases');
    cluster.fail('list', 'leases', refusal(500, 'InternalError'));
    const running = me.adopter.run(me.stop.signal);
    await me.clock.step(2_400);
    expect(rounds()).toBe(3);
    me.stop.abort();
    await running;
    await me.clock.step(60_000);
    expect(rounds()).toBe(3);
  });
});
