import { describe, expect, it } from 'vitest';
import { RESOURCE } from '../kubernetes/cluster.ts';
import { FakeCluster } from './fake-cluster.ts';

const never = new AbortController().signal;
const place = { resource: RESOURCE.pods, namespace: 'ci' };
const at = { ...place, name: 'p' };

describe('FakeCluster responds as the API server does', () => {
  it('409 to a stale precondition, a new version to a matching one', async () => {
    const cluster = new FakeCluster();
    const { metadata } = cluster.put(at, { metadata: {} });
    await expect(
      cluster.patch(at, { metadata: { resourceVersion: '1' } }, 'merge', never),
    ).rejects.toMatchObject({ status: 409 });
    const { resourceVersion } = metadata as { resourceVersion?: string };
    const patched = await cluster.patch(
      at,
      { metadata: { resourceVersion, labels: { a: 'b' } } },
      'merge',
      never,
    );
    expect(patched.metadata?.labels).toEqual({ a: 'b' });
    expect(Number(patched.metadata?.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
  });

  it('404 to an absent object, 409 to one that exists already', async () => {
    const cluster = new FakeCluster();
    await expect(cluster.get(at, never)).rejects.toMatchObject({ status: 404 });
    await expect(cluster.patch(at, {}, 'merge', never)).rejects.toMatchObject({ status: 404 });
    await cluster.create(place, { metadata: { name: 'p' } }, never);
    await expect(cluster.create(place, { metadata: { name: 'p' } }, never)).rejects.toMatchObject({
      status: 409,
      reason: 'AlreadyExists',
    });
    await expect(
      cluster.log({ namespace: 'ci', pod: 'p', container: 'c', follow: false }, never),
    ).rejects.toMatchObject({ status: 404 });
  });

  it('"absent" to a delete whose precondition fails, and keeps the object', async () => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: {} });
    expect(await cluster.remove(at, { resourceVersion: '1' }, never)).toBe('absent');
    expect(cluster.find(at)).toBeDefined();
    expect(await cluster.remove(at, {}, never)).toBe('removed');
    expect(await cluster.remove(at, {}, never)).toBe('absent');
  });

  it('objects of all namespaces if none is named, and only those that match the label selector', async () => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: { labels: { a: 'b' } } });
    cluster.put({ ...place, namespace: 'other', name: 'q' }, { metadata: {} });
    const everywhere = { resource: RESOURCE.pods };
    expect((await cluster.list(everywhere, {}, never)).items).toHaveLength(2);
    expect((await cluster.list(everywhere, { labelSelector: 'a=b' }, never)).items).toHaveLength(1);
  });

  it('the reason of an aborted signal', async () => {
    await expect(new FakeCluster().get(at, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
