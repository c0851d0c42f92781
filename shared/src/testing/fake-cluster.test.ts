import { describe, expect, it } from 'vitest';
import { RESOURCE } from '../kubernetes/cluster.ts';
import { FakeCluster } from './fake-cluster.ts';

const never = new AbortController().signal;
const place = { resource: RESOURCE.pods, namespace: 'ci' };
const at = { ...place, name: 'p' };

describe('FakeCluster answers as the API server does', () => {
  it('a stale precondition with 409, a fitting one with a new version', async () => {
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

  it('what is absent with 404, what is there already with 409', async () => {
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

  it('a removal whose condition does not fit with "absent", and keeps the object', async () => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: {} });
    expect(await cluster.remove(at, { resourceVersion: '1' }, never)).toBe('absent');
    expect(cluster.find(at)).toBeDefined();
    expect(await cluster.remove(at, {}, never)).toBe('removed');
    expect(await cluster.remove(at, {}, never)).toBe('absent');
  });

  it('all namespaces where none is named, and only what the labels select', async () => {
    const cluster = new FakeCluster();
    cluster.put(at, { metadata: { labels: { a: 'b' } } });
    cluster.put({ ...place, namespace: 'other', name: 'q' }, { metadata: {} });
    const everywhere = { resource: RESOURCE.pods };
    expect((await cluster.list(everywhere, {}, never)).items).toHaveLength(2);
    expect((await cluster.list(everywhere, { labelSelector: 'a=b' }, never)).items).toHaveLength(1);
  });

  it('a call under an aborted signal with its reason', async () => {
    await expect(new FakeCluster().get(at, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
