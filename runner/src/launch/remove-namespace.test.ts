import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, LABEL, NO_UID } from '../pipeline/compiled.ts';
import { type OwnNamespace, ownNamespaceOf, removeNamespace } from './remove-namespace.ts';

const at = { resource: RESOURCE.namespaces, name: 'drone-x' };
const OURS = { [LABEL.managedBy]: LABEL.managedByValue };

async function removed(
  cluster: FakeCluster,
  clock = new FakeClock(),
  own: OwnNamespace = { name: at.name, uid: undefined },
): Promise<{ logged: string[]; left: string[] }> {
  const logged: string[] = [];
  const left: string[] = [];
  const log = { ...silentLogger, error: (_: unknown, text = '') => void logged.push(text) };
  const leaves = { leave: (name: string) => void left.push(name) };
  await removeNamespace({ clock, cluster, log, lease: leaves, podWatch: leaves }, own);
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

  describe('with the uid that its Pod records', () => {
    const own = { name: 'drone-x', uid: 'ours' };

    it('removes that one', async () => {
      const cluster = new FakeCluster();
      cluster.put(at, { metadata: { uid: 'ours', labels: OURS } });
      expect((await removed(cluster, undefined, own)).logged).toEqual([]);
      expect(cluster.find(at)).toBeUndefined();
    });

    it('keeps another one of that name, though it has the label of the runner', async () => {
      const cluster = new FakeCluster();
      cluster.put(at, { metadata: { uid: 'theirs', labels: OURS } });
      const { logged, left } = await removed(cluster, undefined, own);
      expect([logged.length, left, cluster.find(at)?.metadata?.uid]).toEqual([
        1,
        ['drone-x', 'drone-x'],
        'theirs',
      ]);
    });

    it('keeps another one of that name that was created after it was read', async () => {
      const cluster = new FakeCluster();
      cluster.put(at, { metadata: { uid: 'ours', labels: OURS } });
      cluster.intercept(({ verb }) => {
        if (verb !== 'remove') return;
        cluster.drop(at);
        cluster.put(at, { metadata: { uid: 'theirs', labels: OURS } });
      });
      await removed(cluster, undefined, own);
      expect(cluster.find(at)?.metadata?.uid).toBe('theirs');
    });

    it('keeps one without the label, whatever uid a Pod records', async () => {
      const cluster = new FakeCluster();
      cluster.put(at, { metadata: { uid: 'ours' } });
      expect((await removed(cluster, undefined, own)).logged).toHaveLength(1);
      expect(cluster.find(at)).toBeDefined();
    });
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
      expect((await removed(cluster, new FakeClock(), { name: target.name, uid: undefined })).logged).toEqual(
        [],
      );
      expect(cluster.find(target)).toBeUndefined();
    });

    it('keeps another one of that name than the one that is recorded', async () => {
      const name = `drone-${'a1'.repeat(10)}`;
      const { cluster, target } = forbidden(name);
      cluster.drop(target);
      cluster.put(target, { metadata: { uid: 'theirs' } });
      await removed(cluster, new FakeClock(), { name, uid: 'ours' });
      expect(cluster.find(target)?.metadata?.uid).toBe('theirs');
    });

    it.each(['drone-builds', 'kube-system', `drone-${'a'.repeat(21)}`])('keeps %s', async (name) => {
      const { cluster, target } = forbidden(name);
      const clock = new FakeClock();
      const end = removed(cluster, clock, { name, uid: undefined });
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

describe('the namespace of a Pod', () => {
  const podWith = (annotations: Record<string, string>) => ({
    metadata: { namespace: 'drone-x', annotations },
  });

  it.each([
    ['its own, with the uid', { [ANNOTATION.ownNamespace]: 'u' }, { name: 'drone-x', uid: 'u' }],
    ['its own, without a uid', { [ANNOTATION.ownNamespace]: NO_UID }, { name: 'drone-x', uid: undefined }],
    ['not its own', {}, undefined],
  ])('is %s', (_, annotations, own) => {
    expect(ownNamespaceOf(podWith(annotations))).toEqual(own);
  });
});
