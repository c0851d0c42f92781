import type { V1Pod } from '@kubernetes/client-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeCluster, noAnswer, refusal } from '../testing/fake-cluster.ts';
import { KubernetesError, RESOURCE } from './cluster.ts';
import { UpdateWriter, withWriter } from './update-writer.ts';

const target = { resource: RESOURCE.pods, namespace: 'ns', name: 'p' };
const { signal } = new AbortController();
const POD: V1Pod = {
  metadata: { name: 'p', labels: { keep: '1', drop: '2' } },
  spec: {
    schedulingGates: [{ name: 'g' }],
    containers: [
      { name: 'a', image: 'old' },
      { name: 'b', image: 'b' },
    ],
  },
};

describe('UpdateWriter', () => {
  let cluster: FakeCluster;
  let writer: UpdateWriter;
  beforeEach(() => {
    cluster = new FakeCluster();
    cluster.put(target, POD);
    writer = new UpdateWriter(cluster);
  });
  const label = (value: string, metadata: object = {}) =>
    writer.patch<V1Pod>(target, { metadata: { ...metadata, labels: { by: value } } }, 'merge', signal);
  const another = () =>
    cluster.put(target, { ...cluster.find<V1Pod>(target), metadata: { labels: { other: 'x' } } });

  it('changes by a GET and a PUT, and never by a PATCH', async () => {
    const changed = await writer.patch<V1Pod>(
      target,
      { metadata: { labels: { drop: null } }, spec: { schedulingGates: null, nodeName: undefined } },
      'merge',
      signal,
    );

    expect(changed.metadata?.labels).toEqual({ keep: '1' });
    expect(changed.spec).toEqual({ containers: POD.spec?.containers });
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get', 'replace']);
  });

  it('merges lists of containers by name in a strategic patch', async () => {
    const patch = { spec: { containers: [{ name: 'a', image: 'new' }] } };
    const changed = await writer.patch<V1Pod>(target, patch, 'strategic', signal);

    expect(changed.spec?.containers.map(({ image }) => image)).toEqual(['new', 'b']);
  });

  it('reads again when another writer was faster, and keeps what that one wrote', async () => {
    let races = 2;
    cluster.intercept(({ verb }) => (verb === 'replace' && races-- > 0 ? void another() : undefined));

    expect((await label('me')).metadata?.labels).toEqual({ other: 'x', by: 'me' });
    expect(cluster.count('replace', 'pods')).toBe(3);
  });

  it('gives up with the 409 after five tries', async () => {
    cluster.intercept(({ verb }) => (verb === 'replace' ? void another() : undefined));

    await expect(label('me')).rejects.toMatchObject({ status: 409 });
    expect(cluster.count('replace', 'pods')).toBe(5);
  });

  it('tries once where the patch is for one version only', async () => {
    const version = cluster.find<V1Pod>(target)?.metadata?.resourceVersion;
    cluster.intercept(({ verb }) => (verb === 'replace' ? void another() : undefined));

    await expect(label('me', { resourceVersion: version })).rejects.toMatchObject({ status: 409 });
    expect(cluster.count('replace', 'pods')).toBe(1);
  });

  it.each([
    ['version', { resourceVersion: '1' }],
    ['uid', { uid: 'another' }],
  ])('writes nothing to an object of another %s', async (_what, metadata) => {
    await expect(label('me', metadata)).rejects.toEqual(
      new KubernetesError(409, 'Conflict', 'pods "p" has changed since it was read'),
    );
    expect(cluster.count('replace', 'pods')).toBe(0);
  });

  it.each([
    ['no answer', noAnswer()],
    ['a missing right', refusal(403, 'Forbidden')],
  ])('passes on %s of the PUT at once', async (_what, error) => {
    cluster.fail('replace', 'pods', error);

    await expect(label('me')).rejects.toBe(error);
    expect(cluster.count('replace', 'pods')).toBe(1);
  });

  it('passes on that the object is gone', async () => {
    cluster.drop(target);

    await expect(label('me')).rejects.toMatchObject({ status: 404 });
  });
});

describe('withWriter', () => {
  it('changes by the writer, and does everything else by the cluster', async () => {
    const cluster = new FakeCluster();
    const both = withWriter(cluster, new UpdateWriter(cluster));
    await both.create({ resource: RESOURCE.pods, namespace: 'ns' }, POD, signal);
    await both.patch(target, { metadata: { labels: { by: 'me' } } }, 'merge', signal);
    await both.list({ resource: RESOURCE.pods, namespace: 'ns' }, {}, signal);
    await both.remove(target, {}, signal);

    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['create', 'get', 'replace', 'list', 'remove']);
  });
});
