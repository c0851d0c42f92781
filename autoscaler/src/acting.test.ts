import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { KubernetesObject, V1Node } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { type Feature, rightsOf } from './permissions/permissions.ts';
import {
  BUFFER,
  type Buffer,
  claimTarget,
  endAll,
  NOW,
  nodeTarget,
  POOL,
  type Pool,
  serve,
  World,
  write,
} from './testing/acting-world.ts';
import { rightOf } from './testing/reviewing-cluster.ts';

afterEach(endAll);

describe('a dry run', () => {
  it('says for each pool what would be done, in decisions and audit, and writes nothing at all', async () => {
    const world = new World(1);
    for (let nth = 0; nth < 8; nth += 1) world.addBuild(`b${nth}`);
    const { ledger, ticks } = await serve(world, { HANGAR_AUTOSCALER_ACT: 'off' });
    await ticks(3);

    expect(ledger.decisions.items).toMatchObject([
      {
        pool: 'ci',
        fromNodes: 1,
        outcome: 'would-set',
        note: expect.stringMatching(/^dry run: would go from 1 to/) as string,
      },
    ]);
    expect(ledger.audit.entries).toMatchObject([{ actor: 'node-pool ci', word: 'would-set', from: 1 }]);
    expect(world.writes).toEqual([]);
    expect(world.count('create', 'leases')).toBe(0);
  });

  it('says which marks an earlier life left behind, and how to take them away', async () => {
    const world = new World(6);
    const before = await serve(world);
    await before.ticks(2);
    await before.end();
    const marked = world.tainted('hangar.dev/surplus').length;
    expect(marked).toBeGreaterThan(0);
    const { ready } = await serve(world, { HANGAR_AUTOSCALER_ACT: 'off' });

    expect((await ready()).conditions.join()).toContain(`${marked} nodes carry the taint hangar.dev/surplus`);
    expect((await ready()).conditions.join()).toContain('kubectl taint nodes --all hangar.dev/surplus-');
  });
});

describe('acting', () => {
  it('raises the pool for builds that wait, once', async () => {
    const world = new World(1);
    for (let nth = 0; nth < 8; nth += 1) world.addBuild(`b${nth}`);
    const { ledger, ticks, samples } = await serve(world);
    await ticks(3);

    expect(world.size).toBeGreaterThan(2);
    expect(world.nodes).toHaveLength(world.size ?? 0);
    expect(world.writes.filter(({ target }) => target.subresource === 'scale')).toHaveLength(1);
    expect(ledger.audit.entries.filter(({ word }) => word === 'set')).toHaveLength(1);
    expect(await samples('hangar_autoscaler_leading')).toEqual(['1']);
  });

  it.each(['node-pool:ci', 'capacity-buffer:ci/room', 'placeholder:ci/holders'] as const)(
    'uses no right but those of its features: %s',
    async (actuator) => {
      const world = new World(6);
      world.put<Buffer>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
      const { ticks, ledger } = await serve(world, { HANGAR_AUTOSCALER_ACTUATORS: `ci=${actuator}` });
      for (let nth = 0; nth < 30; nth += 1) world.addBuild(`b${nth}`);
      await ticks(8);

      expect(ledger.audit.entries.map(({ word }) => word)).toContain('set');
      const [kind] = actuator.split(':') as [Feature];
      const features: ReadonlySet<Feature> = new Set(['look', 'advise', 'lead', 'place', 'events', kind]);
      const granted = rightsOf(features).map(({ verb, resource }) => `${verb} ${resource}`);
      const used = new Set(world.calls.map(rightOf));
      used.delete('create selfsubjectaccessreviews');
      expect([...used].filter((right) => !granted.includes(right))).toEqual([]);
    },
  );

  it('raises a pool that has no node, by what its nodes are said to be like', async () => {
    const world = new World(0);
    world.addBuild('b');
    const { told, ready } = await serve(world);
    expect(told()).toEqual([]);
    expect((await ready()).conditions.join()).toContain('Say it in HANGAR_AUTOSCALER_POOL_SHAPES');
    const { ticks } = await serve(
      world,
      { HANGAR_AUTOSCALER_POOL_SHAPES: 'ci=4cpu-8gb', POD_NAME: 'b' },
      new FakeClock(NOW + 60_000),
    );
    await ticks(3);

    expect(world.size).toBeGreaterThan(0);
  });

  it('shrinks step by step to what is wanted, without going back and forth, and takes no node with a build', async () => {
    const world = new World(8);
    world.addBuild('b', 'n3');
    const { ticks, ledger } = await serve(world);
    await ticks(20);

    expect(world.size).toBe(ledger.recommendation?.pools[0]?.wantedNodes);
    expect(world.size).toBeLessThan(4);
    expect(world.nodes.map(({ metadata }) => metadata?.name)).toContain('n3');
    expect(world.tainted('hangar.dev/closing')).toEqual([]);
    expect(world.find<Pool>(POOL)?.spec.limits?.nodes).toBeUndefined();
    const removed = world.writes.filter(({ verb }) => verb === 'remove').map(write);
    expect(removed).toHaveLength(8 - (world.size ?? 0));
    expect(removed).not.toContain('delete nodeclaims c-n3');
    const before = world.writes.length;
    await ticks(20);
    expect(world.writes).toHaveLength(before);
  });

  it('leaves a pool alone whose nodes are not all of its NodePool', async () => {
    const world = new World(8);
    const { metadata, ...node } = world.nodes[0] ?? {};
    world.put(claimTarget('c-other'), { metadata: { name: 'c-other' } });
    world.put<V1Node>(nodeTarget('other'), {
      ...node,
      metadata: { ...metadata, name: 'other', labels: { type: 'x', 'karpenter.sh/nodepool': 'dynamic' } },
    });
    for (const one of world.nodes)
      world.put<V1Node>(nodeTarget(one.metadata?.name ?? ''), {
        ...one,
        metadata: { ...one.metadata, labels: { ...one.metadata?.labels, type: 'x' } },
      });
    const { ticks, told, ready } = await serve(world, {
      HANGAR_AUTOSCALER_POOL_LABEL: 'type',
      HANGAR_AUTOSCALER_ACTUATORS: 'x=node-pool:ci',
      HANGAR_AUTOSCALER_PLACE: 'off',
    });
    await ticks(10);

    expect(told()).toEqual(['x foreign-owner']);
    expect((await ready()).conditions.join()).toContain('is scaled by NodePool dynamic, not by NodePool ci');
    expect(world.writes.filter(({ target }) => target.resource.plural !== 'events')).toEqual([]);
  });

  it('stops everything by the annotation on the Lease', async () => {
    const world = new World(1);
    const { ticks, told } = await serve(world);
    const lease = { resource: RESOURCE.leases, namespace: 'hangar', name: 'hangar-autoscaler' };
    const now = world.find(lease);
    world.put(lease, { ...now, metadata: { ...now?.metadata, annotations: { 'hangar.dev/paused': '' } } });
    await ticks(1);
    const before = world.writes.length;
    for (let nth = 0; nth < 8; nth += 1) world.addBuild(`b${nth}`);
    await ticks(5);

    expect(world.writes).toHaveLength(before);
    expect(told().at(-1)).toBe('ci paused');
  });

  it('opens what it closed when it is told to stop, and lets the Lease go', async () => {
    const world = new World(8);
    const { ticks, end } = await serve(world);
    for (let tick = 0; world.tainted('hangar.dev/closing').length === 0 && tick < 10; tick += 1)
      await ticks(1);
    expect(world.tainted('hangar.dev/closing')).not.toEqual([]);
    await end();

    expect(world.tainted('hangar.dev/closing')).toEqual([]);
    const lease = { resource: RESOURCE.leases, namespace: 'hangar', name: 'hangar-autoscaler' };
    expect(world.find<KubernetesObject & { spec: object }>(lease)?.spec).toMatchObject({
      holderIdentity: '',
    });
  });

  it('clears the marks of an earlier life when placing is switched off', async () => {
    const world = new World(6);
    const before = await serve(world);
    await before.ticks(2);
    await before.end();
    expect(world.tainted('hangar.dev/surplus')).not.toEqual([]);
    const { ticks } = await serve(world, { HANGAR_AUTOSCALER_PLACE: 'off' });
    await ticks(2);

    expect(world.tainted('hangar.dev/surplus')).toEqual([]);
  });
});

describe('acting with nothing to place or scale any more', () => {
  const NOTHING = { HANGAR_AUTOSCALER_PLACE: 'off', HANGAR_AUTOSCALER_ACTUATORS: '' };

  it('takes away all marks of an earlier life, soft and hard, and writes nothing else', async () => {
    const world = new World(8);
    const before = await serve(world);
    for (let tick = 0; world.tainted('hangar.dev/closing').length === 0 && tick < 10; tick += 1)
      await before.ticks(1);
    // Killed in the middle: nothing is opened at the end.
    world.denied.add('patch nodes');
    await before.end();
    world.denied.clear();
    expect(world.tainted('hangar.dev/closing')).not.toEqual([]);
    const { ticks, told } = await serve(world, NOTHING, new FakeClock(NOW + 60_000));
    await ticks(3);

    expect(world.tainted('hangar.dev/surplus')).toEqual([]);
    expect(world.tainted('hangar.dev/closing')).toEqual([]);
    expect(told()).toContain('ci set');
    const written = world.writes.length;
    await ticks(5);
    expect(world.writes).toHaveLength(written);
  });

  it('leaves the taints of others', async () => {
    const world = new World(2);
    const [node] = world.nodes;
    const taints = [{ key: 'dedicated', effect: 'PreferNoSchedule' }];
    world.put<V1Node>(nodeTarget('n0'), { ...node, spec: { taints } });
    const { ticks } = await serve(world, NOTHING);
    await ticks(3);

    expect(world.tainted('dedicated')).toEqual(['n0']);
    expect(world.writes.filter(({ target }) => target.resource === RESOURCE.nodes)).toEqual([]);
  });
});

describe('a right that is missing', () => {
  it('switches off its feature with the cure, and no other', async () => {
    const world = new World(8);
    world.denied.add('patch nodepools/scale');
    const { ticks, told, ready } = await serve(world);
    await ticks(10);

    expect(told()[0]).toBe('ci refused');
    expect((await ready()).conditions.join()).toContain(
      'static NodePools are not scaled: add { apiGroups: [karpenter.sh], resources: [nodepools/scale], verbs: [patch] } to a ClusterRole',
    );
    expect(world.size).toBe(8);
    expect(world.tainted('hangar.dev/surplus')).not.toEqual([]);
  });

  it('of leading stops all acts; once it is granted they begin without a restart', async () => {
    const world = new World(6);
    world.denied.add('create leases');
    const { ticks, told } = await serve(world);
    await ticks(5);
    expect(world.writes).toEqual([]);
    expect(told()).toEqual(['ci refused']);

    world.denied.clear();
    await ticks(35);
    expect(world.writes).not.toEqual([]);
  });
});

describe('placing in a pool that Karpenter scales for a CapacityBuffer', () => {
  const BUFFERED = { HANGAR_AUTOSCALER_ACTUATORS: 'ci=capacity-buffer:ci/room' };
  const withBuffer = (): World => {
    const world = new World(8);
    world.put<Buffer>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
    return world;
  };

  it('marks no node as long as nobody says that the places of the buffer tolerate it, and says the cure', async () => {
    const world = withBuffer();
    const { ticks, ready } = await serve(world, BUFFERED);
    await ticks(6);

    expect(world.tainted('hangar.dev/surplus')).toEqual([]);
    expect((await ready()).conditions.join()).toMatch(
      /pool ci: its nodes are not marked.*BUFFER_TOLERATES_SURPLUS=on/,
    );
  });

  it('marks them when that is said, and takes the marks away when it no longer is', async () => {
    const world = withBuffer();
    const before = await serve(world, { ...BUFFERED, HANGAR_AUTOSCALER_BUFFER_TOLERATES_SURPLUS: 'on' });
    await before.ticks(6);
    expect(world.tainted('hangar.dev/surplus')).not.toEqual([]);
    expect((await before.ready()).conditions.join()).not.toContain('not marked');
    await before.end();

    const after = await serve(world, BUFFERED, new FakeClock(NOW + 120_000));
    await after.ticks(6);
    expect(world.tainted('hangar.dev/surplus')).toEqual([]);
  });
});

describe('a buffer that nobody serves', () => {
  it('is told within a boot time: on /readyz, in the decisions and as a metric; it gets no more', async () => {
    const world = new World(2);
    world.put<Buffer>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
    const { ticks, told, ready, samples } = await serve(world, {
      HANGAR_AUTOSCALER_ACTUATORS: 'ci=capacity-buffer:ci/room',
      HANGAR_AUTOSCALER_BOOT_TIME: '60s',
    });
    const asked = world.find<Buffer>(BUFFER)?.spec.replicas ?? 0;
    expect(asked).toBeGreaterThan(0);
    expect(await samples('hangar_autoscaler_pool_outcome')).not.toContain('ci unserved 1');
    await ticks(7);

    expect(await samples('hangar_autoscaler_pool_outcome')).toContain('ci unserved 1');
    expect((await ready()).conditions.join()).toContain(`nobody brings the ${asked} nodes`);
    expect(told().at(-1)).toBe('ci unserved');
    for (let nth = 0; nth < 30; nth += 1) world.addBuild(`b${nth}`);
    await ticks(3);
    expect(world.find<Buffer>(BUFFER)?.spec.replicas).toBe(asked);
  });
});
