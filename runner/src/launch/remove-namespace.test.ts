import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { LABEL } from '../pipeline/compiled.ts';
import { removeNamespace } from './remove-namespace.ts';

const at = { resource: RESOURCE.namespaces, name: 'drone-x' };
const OURS = { [LABEL.managedBy]: LABEL.managedByValue };

async function removed(
  cluster: FakeCluster,
  clock = new FakeClock(),
  namespace = at.name,
): Promise<{ logged: string[]; left: string[] }> {
  const logged: string[] = [];
  const left: string[] = [];
  const log = { ...silentLogger, error: (_: unknown, text = '') => void logged.push(text) };
  const leaves = { leave: (name: string) => void left.push(name) };
  await removeNamespace({ clock, cluster, log, lease: leaves, podWatch: leaves }, namespace);
  return { logged, left };
}

describe('removeNamespace', () => {
  it('removes one that a runner created, and the references to it', async () => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: { labels: OURS } });
    expect(await removed(cluster)).toEqual({ logged: [], left: ['drone-x', 'drone-x'] });
    expect(cluster.find(at)).toBeUndefined();
  });

  it.each([
    ['has no label', {}],
    ['another program created', { [LABEL.managedBy]: 'Helm' }],
  ])('keeps one that %s, although a Pod or a Lease names it', async (_, labels) => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: { labels } });
    const { logged } = await removed(cluster);
    expect([logged.length, cluster.find(at) !== undefined]).toEqual([1, true]);
  });

  it('retries while the API server fails', async () => {
    const cluster = new FakeCluster();
    const clock = new FakeClock();
    cluster.put(at, { metadata: { labels: OURS } });
    cluster.fail('get', 'namespaces', noAnswer());
    cluster.fail('remove', 'namespaces', refusal(401, 'Unauthorized'), refusal(500, 'InternalError'));
    const end = removed(cluster, clock);
    await clock.step(10_000);
    expect([(await end).logged, cluster.find(at)]).toEqual([[], undefined]);
  });

  describe('where namespaces may not be read', () => {
    const forbidden = (name: string) => {
      const cluster = new FakeCluster();
      const target = { resource: RESOURCE.namespaces, name };
      cluster.put(target, { metadata: {} });
      cluster.fail('get', 'namespaces', ...Array.from({ length: 12 }, () => refusal(403, 'Forbidden')));
      return { cluster, target };
    };

    it('removes one whose name a runner has made up', async () => {
      const { cluster, target } = forbidden(`drone-${'a1'.repeat(10)}`);
      expect((await removed(cluster, new FakeClock(), target.name)).logged).toEqual([]);
      expect(cluster.find(target)).toBeUndefined();
    });

    it.each(['drone-builds', 'kube-system', `drone-${'a'.repeat(21)}`])('keeps %s', async (name) => {
      const { cluster, target } = forbidden(name);
      const clock = new FakeClock();
      const end = removed(cluster, clock, name);
      await clock.step(120_000);
      expect([(await end).logged.length, cluster.find(target) !== undefined]).toEqual([1, true]);
    });
  });

  it('removes the references to one that is gone or can’t be removed', async () => {
    const cluster = new FakeCluster();
    expect((await removed(cluster)).logged).toEqual([]);
    cluster.put(at, { metadata: { labels: OURS } });
    cluster.fail('remove', 'namespaces', refusal(400, 'BadRequest'));
    expect(await removed(cluster)).toEqual({
      logged: ['a namespace could not be removed'],
      left: ['drone-x', 'drone-x'],
    });
  });
});
