import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { fencedCluster } from './fenced-cluster.ts';

const never = new AbortController().signal;
const target = { resource: RESOURCE.nodes, name: 'n' };

describe('a fenced cluster', () => {
  it('lets writes pass while nothing speaks against them, and reads always', async () => {
    const cluster = new FakeCluster();
    const reasons: string[] = [];
    const fenced = fencedCluster(cluster, () => reasons[0]);
    const writes = [
      () => fenced.create({ resource: RESOURCE.nodes }, { metadata: { name: 'n' } }, never),
      () => fenced.patch(target, { metadata: { labels: { a: 'b' } } }, 'merge', never),
      () => fenced.remove(target, {}, never),
    ];
    for (const write of writes) await write();
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['create', 'patch', 'remove']);

    cluster.put(target, { metadata: { name: 'n' } });
    reasons.push('this replica is no longer the leader');
    for (const write of writes)
      await expect(write()).rejects.toThrow('nothing is written: this replica is no longer the leader');
    expect(cluster.calls).toHaveLength(3);
    expect(await fenced.get(target, never)).toMatchObject({ metadata: { name: 'n' } });
    expect((await fenced.list({ resource: RESOURCE.nodes }, {}, never)).items).toHaveLength(1);
  });
});
