import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { KubernetesObject, V1Node } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { ACT_RESOURCE } from './act/resources.ts';
import { rightsOf, type ServiceFeature } from './permissions/permissions.ts';
import {
  ActingCluster,
  BUFFER,
  type CapacityBufferManifest,
  claimTarget,
  endAll,
  NOW,
  type NodePoolManifest,
  nodeTarget,
  POOL,
  startAutoscaler,
  write,
} from './testing/acting-cluster.ts';
import { rightOf } from './testing/reviewing-cluster.ts';

afterEach(endAll);

describe('a dry run', () => {
  it('reports for each pool what would be done, in decisions and audit, and writes nothing at all', async () => {
    const cluster = new ActingCluster(1);
    for (let nth = 0; nth < 8; nth += 1) cluster.addBuild(`b${nth}`);
    const { ledger, ticks } = await startAutoscaler(cluster, { HANGAR_AUTOSCALER_ACT: 'off' });
    await ticks(3);

    expect(ledger.decisions.items).toMatchObject([
      {
        pool: 'ci',
        fromNodes: 1,
        outcome: 'would-set',
        note: expect.stringMatching(/^dry run: would go from 1 to/) as string,
      },
    ]);
    expect(ledger.audit.entries).toMatchObject([{ actor: 'node-pool ci', kind: 'would-set', from: 1 }]);
    expect(cluster.writes).toEqual([]);
    expect(cluster.count('create', 'leases')).toBe(0);
  });

  it('reports the marks of an earlier run, and how to remove them', async () => {
    const cluster = new ActingCluster(6);
    const before = await startAutoscaler(cluster);
    await before.ticks(2);
    await before.end();
    const marked = cluster.tainted('hangar.dev/surplus').length;
    expect(marked).toBeGreaterThan(0);
    const { ready } = await startAutoscaler(cluster, { HANGAR_AUTOSCALER_ACT: 'off' });

    expect((await ready()).conditions.join()).toContain(`${marked} nodes have the taint hangar.dev/surplus`);
    expect((await ready()).conditions.join()).toContain('kubectl taint nodes --all hangar.dev/surplus-');
  });
});

describe('acting', () => {
  it('raises the pool for waiting builds, once', async () => {
    const cluster = new ActingCluster(1);
    for (let nth = 0; nth < 8; nth += 1) cluster.addBuild(`b${nth}`);
    const { ledger, ticks, samples } = await startAutoscaler(cluster);
    await ticks(3);

    expect(cluster.size).toBeGreaterThan(2);
    expect(cluster.nodes).toHaveLength(cluster.size ?? 0);
    expect(cluster.writes.filter(({ target }) => target.subresource === 'scale')).toHaveLength(1);
    expect(ledger.audit.entries.filter(({ kind }) => kind === 'set')).toHaveLength(1);
    expect(await samples('hangar_autoscaler_leading')).toEqual(['1']);
  });

  it.each(['node-pool:ci', 'capacity-buffer:ci/room', 'placeholder:ci/holders'] as const)(
    'uses only the rights of its features: %s',
    async (actuator) => {
      const cluster = new ActingCluster(6);
      cluster.put<CapacityBufferManifest>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
      const holders = { resource: ACT_RESOURCE.deployments, namespace: 'ci' };
      cluster.put<CapacityBufferManifest>(holders, { metadata: { name: 'holders' }, spec: { replicas: 0 } });
      const { ticks, ledger } = await startAutoscaler(cluster, {
        HANGAR_AUTOSCALER_ACTUATORS: `ci=${actuator}`,
      });
      for (let nth = 0; nth < 30; nth += 1) cluster.addBuild(`b${nth}`);
      await ticks(8);

      expect(ledger.audit.entries.map(({ kind }) => kind)).toContain('set');
      const [kind] = actuator.split(':') as [ServiceFeature];
      const features: ReadonlySet<ServiceFeature> = new Set([
        'read-only',
        'advise',
        'lead',
        'place',
        'events',
        kind,
      ]);
      const granted = rightsOf(features).map(({ verb, resource }) => `${verb} ${resource}`);
      const used = new Set(cluster.calls.map(rightOf));
      used.delete('create selfsubjectaccessreviews');
      expect([...used].filter((right) => !granted.includes(right))).toEqual([]);
    },
  );

  it('raises a pool without nodes, by its configured node shape', async () => {
    const cluster = new ActingCluster(0);
    cluster.addBuild('b');
    const { reported, ready } = await startAutoscaler(cluster);
    expect(reported()).toEqual([]);
    expect((await ready()).conditions.join()).toContain('Set the shape in HANGAR_AUTOSCALER_POOL_SHAPES');
    const { ticks } = await startAutoscaler(
      cluster,
      { HANGAR_AUTOSCALER_POOL_SHAPES: 'ci=4cpu-8gb', POD_NAME: 'b' },
      new FakeClock(NOW + 60_000),
    );
    await ticks(3);

    expect(cluster.size).toBeGreaterThan(0);
  });

  it('shrinks step by step to the wanted size, without oscillation, and removes no node with a build', async () => {
    const cluster = new ActingCluster(8);
    cluster.addBuild('b', 'n3');
    const { ticks, ledger } = await startAutoscaler(cluster);
    await ticks(20);

    expect(cluster.size).toBe(ledger.recommendation?.pools[0]?.desiredNodes);
    expect(cluster.size).toBeLessThan(4);
    expect(cluster.nodes.map(({ metadata }) => metadata?.name)).toContain('n3');
    expect(cluster.tainted('hangar.dev/closing')).toEqual([]);
    expect(cluster.find<NodePoolManifest>(POOL)?.spec.limits?.nodes).toBeUndefined();
    const removed = cluster.writes.filter(({ verb }) => verb === 'remove').map(write);
    expect(removed).toHaveLength(8 - (cluster.size ?? 0));
    expect(removed).not.toContain('delete nodeclaims c-n3');
    const before = cluster.writes.length;
    await ticks(20);
    expect(cluster.writes).toHaveLength(before);
  });

  it('ignores a pool whose nodes are not all of its NodePool', async () => {
    const cluster = new ActingCluster(8);
    const { metadata, ...node } = cluster.nodes[0] ?? {};
    cluster.put(claimTarget('c-other'), { metadata: { name: 'c-other' } });
    cluster.put<V1Node>(nodeTarget('other'), {
      ...node,
      metadata: { ...metadata, name: 'other', labels: { type: 'x', 'karpenter.sh/nodepool': 'dynamic' } },
    });
    for (const one of cluster.nodes)
      cluster.put<V1Node>(nodeTarget(one.metadata?.name ?? ''), {
        ...one,
        metadata: { ...one.metadata, labels: { ...one.metadata?.labels, type: 'x' } },
      });
    const { ticks, reported, ready } = await startAutoscaler(cluster, {
      HANGAR_AUTOSCALER_POOL_LABEL: 'type',
      HANGAR_AUTOSCALER_ACTUATORS: 'x=node-pool:ci',
      HANGAR_AUTOSCALER_PLACE: 'off',
    });
    await ticks(10);

    expect(reported()).toEqual(['x foreign-owner']);
    expect((await ready()).conditions.join()).toContain('is scaled by NodePool dynamic, not by NodePool ci');
    expect(cluster.writes.filter(({ target }) => target.resource.plural !== 'events')).toEqual([]);
  });

  it('stops all actions by the annotation on the Lease', async () => {
    const cluster = new ActingCluster(1);
    const { ticks, reported } = await startAutoscaler(cluster);
    const lease = { resource: RESOURCE.leases, namespace: 'hangar', name: 'hangar-autoscaler' };
    const now = cluster.find(lease);
    cluster.put(lease, { ...now, metadata: { ...now?.metadata, annotations: { 'hangar.dev/paused': '' } } });
    await ticks(1);
    const before = cluster.writes.length;
    for (let nth = 0; nth < 8; nth += 1) cluster.addBuild(`b${nth}`);
    await ticks(5);

    expect(cluster.writes).toHaveLength(before);
    expect(reported().at(-1)).toBe('ci paused');
  });

  it('removes its marks when it is stopped, and releases the Lease', async () => {
    const cluster = new ActingCluster(8);
    const { ticks, end } = await startAutoscaler(cluster);
    for (let tick = 0; cluster.tainted('hangar.dev/closing').length === 0 && tick < 10; tick += 1)
      await ticks(1);
    expect(cluster.tainted('hangar.dev/closing')).not.toEqual([]);
    await end();

    expect(cluster.tainted('hangar.dev/closing')).toEqual([]);
    const lease = { resource: RESOURCE.leases, namespace: 'hangar', name: 'hangar-autoscaler' };
    expect(cluster.find<KubernetesObject & { spec: object }>(lease)?.spec).toMatchObject({
      holderIdentity: '',
    });
  });

  it('clears the marks of an earlier run when placing is switched off', async () => {
    const cluster = new ActingCluster(6);
    const before = await startAutoscaler(cluster);
    await before.ticks(2);
    await before.end();
    expect(cluster.tainted('hangar.dev/surplus')).not.toEqual([]);
    const { ticks } = await startAutoscaler(cluster, { HANGAR_AUTOSCALER_PLACE: 'off' });
    await ticks(2);

    expect(cluster.tainted('hangar.dev/surplus')).toEqual([]);
  });
});

describe('acting with nothing to place or scale any more', () => {
  const NOTHING = { HANGAR_AUTOSCALER_PLACE: 'off', HANGAR_AUTOSCALER_ACTUATORS: '' };

  it('removes all marks of an earlier run, soft and hard, and writes nothing else', async () => {
    const cluster = new ActingCluster(8);
    const before = await startAutoscaler(cluster);
    for (let tick = 0; cluster.tainted('hangar.dev/closing').length === 0 && tick < 10; tick += 1)
      await before.ticks(1);
    // Simulates a crash: the marks are not removed at the end.
    cluster.denied.add('patch nodes');
    await before.end();
    cluster.denied.clear();
    expect(cluster.tainted('hangar.dev/closing')).not.toEqual([]);
    const { ticks, reported } = await startAutoscaler(cluster, NOTHING, new FakeClock(NOW + 60_000));
    await ticks(3);

    expect(cluster.tainted('hangar.dev/surplus')).toEqual([]);
    expect(cluster.tainted('hangar.dev/closing')).toEqual([]);
    expect(reported()).toContain('ci set');
    const written = cluster.writes.length;
    await ticks(5);
    expect(cluster.writes).toHaveLength(written);
  });

  it('leaves the taints of others', async () => {
    const cluster = new ActingCluster(2);
    const [node] = cluster.nodes;
    const taints = [{ key: 'dedicated', effect: 'PreferNoSchedule' }];
    cluster.put<V1Node>(nodeTarget('n0'), { ...node, spec: { taints } });
    const { ticks } = await startAutoscaler(cluster, NOTHING);
    await ticks(3);

    expect(cluster.tainted('dedicated')).toEqual(['n0']);
    expect(cluster.writes.filter(({ target }) => target.resource === RESOURCE.nodes)).toEqual([]);
  });
});

describe('a right that is missing', () => {
  it('switches off its feature with the remedy, and no other', async () => {
    const cluster = new ActingCluster(8);
    cluster.denied.add('patch nodepools/scale');
    const { ticks, reported, ready } = await startAutoscaler(cluster);
    await ticks(10);

    expect(reported()[0]).toBe('ci refused');
    expect((await ready()).conditions.join()).toContain(
      'static NodePools are not scaled: add { apiGroups: [karpenter.sh], resources: [nodepools/scale], verbs: [patch] } to a ClusterRole',
    );
    expect(cluster.size).toBe(8);
    expect(cluster.tainted('hangar.dev/surplus')).not.toEqual([]);
  });

  it('for the Lease stops all actions; once it is granted they start without a restart', async () => {
    const cluster = new ActingCluster(6);
    cluster.denied.add('create leases');
    const { ticks, reported } = await startAutoscaler(cluster);
    await ticks(5);
    expect(cluster.writes).toEqual([]);
    expect(reported()).toEqual(['ci refused']);

    cluster.denied.clear();
    await ticks(35);
    expect(cluster.writes).not.toEqual([]);
  });
});

describe('placing in a pool that Karpenter scales for a CapacityBuffer', () => {
  const BUFFERED = { HANGAR_AUTOSCALER_ACTUATORS: 'ci=capacity-buffer:ci/room' };
  const withBuffer = (): ActingCluster => {
    const cluster = new ActingCluster(8);
    cluster.put<CapacityBufferManifest>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
    return cluster;
  };

  it("marks no node until the setting states that the buffer's Pods tolerate it, and reports the remedy", async () => {
    const cluster = withBuffer();
    const { ticks, ready } = await startAutoscaler(cluster, BUFFERED);
    await ticks(6);

    expect(cluster.tainted('hangar.dev/surplus')).toEqual([]);
    expect((await ready()).conditions.join()).toMatch(
      /pool ci: its nodes are not marked.*BUFFER_TOLERATES_SURPLUS=on/,
    );
  });

  it('marks them when the setting is on, and removes the marks when it is off again', async () => {
    const cluster = withBuffer();
    const before = await startAutoscaler(cluster, {
      ...BUFFERED,
      HANGAR_AUTOSCALER_BUFFER_TOLERATES_SURPLUS: 'on',
    });
    await before.ticks(6);
    expect(cluster.tainted('hangar.dev/surplus')).not.toEqual([]);
    expect((await before.ready()).conditions.join()).not.toContain('not marked');
    await before.end();

    const after = await startAutoscaler(cluster, BUFFERED, new FakeClock(NOW + 120_000));
    await after.ticks(6);
    expect(cluster.tainted('hangar.dev/surplus')).toEqual([]);
  });
});

describe('a buffer that no controller serves', () => {
  it('is reported within a boot time: on /readyz, in the decisions and as a metric; it is not increased', async () => {
    const cluster = new ActingCluster(2);
    cluster.put<CapacityBufferManifest>(BUFFER, { metadata: { name: 'room' }, spec: { replicas: 0 } });
    const { ticks, reported, ready, samples } = await startAutoscaler(cluster, {
      HANGAR_AUTOSCALER_ACTUATORS: 'ci=capacity-buffer:ci/room',
      HANGAR_AUTOSCALER_BOOT_TIME: '60s',
    });
    const asked = cluster.find<CapacityBufferManifest>(BUFFER)?.spec.replicas ?? 0;
    expect(asked).toBeGreaterThan(0);
    expect(await samples('hangar_autoscaler_pool_outcome')).not.toContain('ci unserved 1');
    await ticks(7);

    expect(await samples('hangar_autoscaler_pool_outcome')).toContain('ci unserved 1');
    expect((await ready()).conditions.join()).toContain(`no engine provides the ${asked} requested nodes`);
    expect(reported().at(-1)).toBe('ci unserved');
    for (let nth = 0; nth < 30; nth += 1) cluster.addBuild(`b${nth}`);
    await ticks(3);
    expect(cluster.find<CapacityBufferManifest>(BUFFER)?.spec.replicas).toBe(asked);
  });
});
