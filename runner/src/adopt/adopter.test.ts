import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Logger, silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NO_LOAD } from '../admit/admit.ts';
import { type Intent, LEASE_ANNOTATION } from '../lease/lease-record.ts';
import { OwnLease } from '../lease/own-lease.ts';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import { type RegisteredStage, StageRegistry } from '../stage-registry.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { PodWatch } from '../watch/pod-watch.ts';
import { Adopter } from './adopter.ts';

const LABELS = { [LABEL.managedBy]: LABEL.managedByValue };
const podAt = (name: string) => ({ resource: RESOURCE.pods, namespace: 'ci', name });
const leaseAt = (name: string) => ({
  resource: RESOURCE.leases,
  namespace: 'ci',
  name: `hangar-runner-${name}`,
});
const ownerOf = (cluster: FakeCluster, name: string) =>
  cluster.find<V1Pod>(podAt(name))?.metadata?.annotations?.[ANNOTATION.owner];
const TERM_MS = 15_000;
const SERVER = 'https://drone.acme.test';
const OTHER_SERVER = 'https://drone.acme.test:8443';

/** A Pod that runs stage `id` for that owner. */
function putPod(
  cluster: FakeCluster,
  id: number,
  owner: string,
  { server = SERVER, ...more }: { server?: string; generation?: number } = {},
): V1Pod {
  return cluster.put<V1Pod>(podAt(`p${id}`), {
    metadata: {
      labels: { ...LABELS, [LABEL.stageId]: String(id) },
      annotations: {
        [ANNOTATION.owner]: owner,
        [ANNOTATION.server]: server,
        [ANNOTATION.stage]: JSON.stringify(aStage({ id })),
      },
      ...more,
    },
    spec: { containers: [] },
  });
}

/** The Lease of a replica that was let go, or is alive as long as somebody renews it. */
function putLease(
  cluster: FakeCluster,
  name: string,
  state: {
    holder?: string;
    intents?: readonly Intent[];
    namespaces?: string[];
    ownNamespaces?: string[];
    server?: string;
  } = {},
): void {
  cluster.put<V1Lease>(leaseAt(name), {
    metadata: {
      labels: LABELS,
      annotations: {
        [LEASE_ANNOTATION.intents]: JSON.stringify(state.intents ?? []),
        [LEASE_ANNOTATION.namespaces]: JSON.stringify(state.namespaces ?? state.ownNamespaces ?? []),
        [LEASE_ANNOTATION.ownNamespaces]: JSON.stringify(state.ownNamespaces ?? []),
        [LEASE_ANNOTATION.server]: state.server ?? SERVER,
      },
    },
    spec: { holderIdentity: state.holder ?? '', leaseDurationSeconds: TERM_MS / 1000 },
  });
}

/** A replica that looks for dead ones. */
async function replica(cluster: FakeCluster, name: string, clock = new FakeClock()) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const warned: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_about: unknown, text = '') => void warned.push(text) };
  const registry = new StageRegistry();
  const podWatch = new PodWatch(clock, cluster, { onTrouble: () => undefined });
  await podWatch.follow('ci', stop.signal);
  const lease = new OwnLease(
    { clock, cluster, log },
    {
      namespace: 'ci',
      holder: { replica: name, podUid: '', life: 'a' },
      termMs: TERM_MS,
      server: SERVER,
    },
  );
  const former = await lease.take(stop.signal);
  void lease.keep(stop.signal);
  const resumed: { stageId: number; adoptions: number }[] = [];
  const carried: number[] = [];
  const adopter = new Adopter({
    clock,
    cluster,
    log,
    lease,
    leaseNamespace: 'ci',
    registry,
    podWatch,
    resume: (_, { stage, adoptions }) => resumed.push({ stageId: stage.id, adoptions }),
    carryOn: ({ stageId }) => {
      carried.push(stageId);
      registry.enter(anEntry(stageId));
    },
  });
  const look = () => adopter.look(stop.signal);
  return { adopter, clock, lease, former, registry, podWatch, resumed, carried, warned, look, stop };
}

/** A stage in hand. */
const anEntry = (stageId: number): RegisteredStage => ({
  ...{ stageId, buildId: 1, buildNumber: 0, repo: '', stageName: '', event: '', phase: 'preparing' },
  ...{ sinceMs: 0, reason: '', pod: '', adopted: false, asks: NO_LOAD },
});

const intent = (stageId: number): Intent => ({ stageId, buildId: 1, machine: 'dead' });

describe('Pods of a dead replica', () => {
  it('are taken over with one write, counted, and gone on with', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    await me.look();
    expect(me.resumed).toEqual([{ stageId: 1, adoptions: 1 }]);
    expect(ownerOf(cluster, 'p1')).toBe('ci/hangar-runner-me');
    expect(me.registry.entries).toMatchObject([{ stageId: 1, adopted: true, phase: 'starting', pod: 'p1' }]);
    expect(cluster.count('patch', 'pods')).toBe(1);
  });

  it('of one that lives are left to it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { holder: 'other' });
    const me = await replica(cluster, 'me');
    await me.look();
    await me.clock.step(TERM_MS);
    await me.look();
    expect(me.resumed).toEqual([]);
    expect(ownerOf(cluster, 'p1')).toBe('ci/hangar-runner-other');
  });

  it('of one whose Lease stands still beyond its term are taken', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { holder: 'other' });
    const me = await replica(cluster, 'me');
    await me.look();
    await me.clock.step(TERM_MS + 1_001);
    await me.look();
    expect(me.resumed).toHaveLength(1);
  });

  it('without any Lease are taken at the fifth look: a list may be older than a Pod', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-nobody');
    putPod(cluster, 2, 'elsewhere/hangar-runner-nobody');
    const me = await replica(cluster, 'me');
    for (let time = 1; time < 5; time++) await me.look();
    expect(me.resumed).toEqual([]);
    await me.look();
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
    cluster.put<V1Pod>(elsewhere, { metadata: { labels: LABELS, annotations }, spec: { containers: [] } });
    putLease(cluster, 'dead', { namespaces: ['closed', 'drone-x'] });
    const me = await replica(cluster, 'me');
    cluster.fail('list', 'pods', refusal(403, 'Forbidden'));
    await me.look();
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
    await me.look();
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
    await me.look();
    expect(me.resumed).toHaveLength(1);
    expect(cluster.count('patch', 'pods')).toBe(2);
  });

  it('that never stand still are left for the next look', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', ...Array.from({ length: 5 }, () => refusal(409, 'Conflict')));
    await me.look();
    expect(me.resumed).toEqual([]);
    await me.look();
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
    await me.look();
    expect(me.resumed).toEqual([]);
  });

  it('one that can’t be claimed now keeps nobody waiting', async () => {
    const cluster = new FakeCluster();
    for (const id of [1, 2]) putPod(cluster, id, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.look();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([2]);
    await me.look();
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
          await Promise.all(both.map(({ look }) => look().catch(() => undefined)));
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

describe('our own former life', () => {
  it('is gone on with, Pods first; its intents without a Pod are carried on', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    putLease(cluster, 'me', { intents: [intent(1), intent(2)] });
    const me = await replica(cluster, 'me');
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect([me.resumed, me.carried]).toEqual([[{ stageId: 1, adoptions: 1 }], [2]]);
  });

  it('counts each life: what the server was told depends on it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    for (const want of [1, 2, 3]) {
      const me = await replica(cluster, 'me');
      await me.adopter.adoptOwn(me.former, me.stop.signal);
      expect(me.resumed).toEqual([{ stageId: 1, adoptions: want }]);
    }
  });

  it('an answer that fails to come does not end this one: the next look does it', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-me');
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.adopter.adoptOwn(me.former, me.stop.signal);
    expect(me.resumed).toEqual([]);
    await me.look();
    expect(me.resumed).toHaveLength(1);
  });

  it('what is in hand, or was dealt with, is not begun again', async () => {
    const cluster = new FakeCluster();
    const pod = putPod(cluster, 1, 'ci/hangar-runner-me');
    const me = await replica(cluster, 'me');
    await me.look();
    await me.look();
    expect(me.resumed).toHaveLength(1);
    me.registry.leave(1);
    me.registry.finish(pod.metadata?.uid, me.clock.now());
    await me.look();
    expect(me.resumed).toHaveLength(1);
  });

  it('what was dealt with and still stands there is removed', async () => {
    const cluster = new FakeCluster();
    const pod = putPod(cluster, 1, 'ci/hangar-runner-me');
    const me = await replica(cluster, 'me');
    me.registry.finish(pod.metadata?.uid, me.clock.now());
    await me.look();
    expect(cluster.find(podAt('p1'))).toBeDefined();
    await me.clock.step(300_001);
    await me.look();
    expect(cluster.find(podAt('p1'))).toBeUndefined();
  });
});

describe('intents of a dead replica', () => {
  it('become ours in writing before its Lease goes, and are carried on', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    const order: string[] = [];
    cluster.intercept(({ verb, target }) => {
      if (target.resource === RESOURCE.leases && verb !== 'list') order.push(verb);
    });
    await me.look();
    expect([order, me.carried]).toEqual([['patch', 'patch', 'remove'], [50]]);
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
  });

  it('that have a Pod are the Pod’s business', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.look();
    expect([me.carried, me.resumed.length]).toEqual([[], 1]);
  });

  it('are continued while a Pod of that owner can’t be taken over; its Lease stays until that is done', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    cluster.fail('patch', 'pods', noAnswer());
    await me.look();
    expect(cluster.find(leaseAt('dead'))).toBeDefined();
    expect(me.carried).toEqual([50]);
    await me.look();
    expect(cluster.find(leaseAt('dead'))).toBeUndefined();
    expect(me.carried).toEqual([50]);
  });

  it('that can’t be taken over now are tried again at the next look, and keep no others waiting', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    putLease(cluster, 'dire', { intents: [intent(51)] });
    const me = await replica(cluster, 'me');
    let failures = 1;
    cluster.intercept(({ verb, target }) => {
      if (verb === 'patch' && target.name === 'hangar-runner-dead' && failures-- > 0) throw noAnswer();
    });
    await me.look();
    expect(me.carried).toEqual([51]);
    await me.look();
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
      for (let time = 0; time < 3; time++) await me.look();
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
      const annotations = { ...lease.metadata?.annotations, [LEASE_ANNOTATION.heirs]: '{"50":"ci/faster"}' };
      cluster.put<V1Lease>(leaseAt('dead'), { ...lease, metadata: { ...lease.metadata, annotations } });
    });
    await me.look();
    await me.look();
    expect([me.carried, me.lease.intents]).toEqual([[], []]);
  });

  it('whose Pod vanished while nobody ran them are continued too: the server waits for their end', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-dead');
    putLease(cluster, 'dead', { intents: [intent(50)], holder: 'dead' });
    const me = await replica(cluster, 'me');
    await me.look();
    cluster.drop(podAt('p50'));
    await me.clock.step(TERM_MS + 1_001);
    await me.look();
    expect([me.carried, me.resumed]).toEqual([[50], []]);
  });

  it('are left alone while the Pods of their namespace can’t be listed, or the watch has missed their Pod', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)], namespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    cluster.fail('list', 'pods', refusal(500, 'InternalError'));
    await me.look();
    expect(me.carried).toEqual([]);
    let isBehind = true;
    cluster.intercept(({ verb, target }) => {
      if (verb !== 'list' || target.namespace !== 'drone-x' || !isBehind) return;
      isBehind = false;
      throw refusal(500, 'InternalError');
    });
    await me.look();
    expect(me.carried).toEqual([]);
    await me.look();
    expect(me.carried).toEqual([50]);
  });

  it('stay where they are recorded while the own Lease has no room for them', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    const many = Array.from({ length: 6_000 }, (_, n) =>
      me.lease.intend(intent(100_000 + n), me.stop.signal),
    );
    await Promise.all(many);
    for (let n = 0; n < 6_000; n++) me.registry.enter(anEntry(100_000 + n));
    await me.look();
    expect([me.carried, cluster.find(leaseAt('dead')) !== undefined]).toEqual([[], true]);
  });
});

describe('an own record', () => {
  it('whose Pod is a running replica’s is removed: that one has recorded it', async () => {
    const cluster = new FakeCluster();
    putLease(cluster, 'other', { holder: 'other' });
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'me', { intents: [intent(1), intent(2)] });
    const me = await replica(cluster, 'me');
    await me.look();
    expect([me.carried, me.lease.intents.map(({ stageId }) => stageId)]).toEqual([[2], [2]]);
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
    for (let time = 0; time < 3; time++) await me.look();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([3]);
    expect([ownerOf(cluster, 'p1'), me.carried]).toEqual(['ci/hangar-runner-dead', []]);
    expect(cluster.find(leaseAt('stranger'))).toBeDefined();
    expect(cluster.count('remove', 'pods')).toBe(0);
    expect(me.warned).toHaveLength(1);
  });

  it('is no news while its runner lives', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-stranger', { server: OTHER_SERVER });
    putLease(cluster, 'stranger', { server: OTHER_SERVER, holder: 'stranger' });
    const me = await replica(cluster, 'me');
    await me.look();
    expect([me.resumed, me.warned]).toEqual([[], []]);
  });

  it('has stages of the same numbers: its Pod is no reason to drop an intent of ours', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 50, 'ci/hangar-runner-stranger', { server: OTHER_SERVER });
    putLease(cluster, 'stranger', { server: OTHER_SERVER, holder: 'stranger' });
    putLease(cluster, 'dead', { intents: [intent(50)] });
    const me = await replica(cluster, 'me');
    await me.look();
    expect(me.carried).toEqual([50]);
  });

  it('does not keep ours from being taken over, when its runner has the name of a dead one', async () => {
    const cluster = new FakeCluster();
    putPod(cluster, 1, 'ci/hangar-runner-other');
    putLease(cluster, 'other', { server: OTHER_SERVER, holder: 'other' });
    const me = await replica(cluster, 'me');
    for (let time = 1; time < 5; time++) await me.look();
    expect(me.resumed).toEqual([]);
    await me.look();
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
    await me.look();
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
    cluster.put<V1Pod>(pod, { metadata: { labels: LABELS, annotations }, spec: { containers: [] } });
    putLease(cluster, 'dead', { ownNamespaces: ['drone-x'] });
    const me = await replica(cluster, 'me');
    await me.look();
    expect(me.resumed.map(({ stageId }) => stageId)).toEqual([9]);
    expect([cluster.count('remove', 'namespaces'), cluster.find(leaseAt('dead'))]).toEqual([0, undefined]);
    const own = cluster.find<V1Lease>(leaseAt('me'))?.metadata?.annotations;
    expect(own?.[LEASE_ANNOTATION.ownNamespaces]).toBe('["drone-x"]');
  });
});

describe('the loop', () => {
  it('looks every second, whatever fails, until it is stopped', async () => {
    const cluster = new FakeCluster();
    const me = await replica(cluster, 'me');
    const looks = () => cluster.count('list', 'leases');
    cluster.fail('list', 'leases', refusal(500, 'InternalError'));
    const running = me.adopter.run(me.stop.signal);
    await me.clock.step(2_400);
    expect(looks()).toBe(3);
    me.stop.abort();
    await running;
    await me.clock.step(60_000);
    expect(looks()).toBe(3);
  });
});
