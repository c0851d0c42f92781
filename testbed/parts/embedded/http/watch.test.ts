import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { clientOf, openWatch, type TestClient, type WatchReader } from '../testing/client.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ bookmarkIntervalMs: 20 });
  client = clientOf(cluster);
});
afterAll(() => cluster.close());

const path = '/api/v1/namespaces/default/secrets';
const revision = () => String(cluster.api.store.revision);

async function namesOf(watch: WatchReader, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await watch.next();
    seen.push(event === undefined ? 'end' : `${event.type} ${String(event.object.metadata['name'])}`);
  }
  return seen;
}

describe('watch', { timeout: 30_000 }, () => {
  it('sends the initial state when no revision is given, then changes', async () => {
    await client.post(path, { metadata: { name: 'first', labels: { t: 'state' } } });

    const watch = await openWatch(cluster, `${path}?watch=true&labelSelector=t%3Dstate`);
    await client.post(path, { metadata: { name: 'second', labels: { t: 'state' } } });
    await client.patch(`${path}/second`, { metadata: { annotations: { a: 'b' } } });
    await client.delete(`${path}/second`);

    expect(await namesOf(watch, 4)).toEqual([
      'ADDED first',
      'ADDED second',
      'MODIFIED second',
      'DELETED second',
    ]);
    watch.close();
  });

  it('continues from a revision without a gap', async () => {
    const since = revision();
    await client.post(path, { metadata: { name: 'meanwhile' } });

    const watch = await openWatch(cluster, `${path}?watch=true&resourceVersion=${since}`);

    expect(await namesOf(watch, 1)).toEqual(['ADDED meanwhile']);
    watch.close();
  });

  it('shows an object that leaves the selector as deleted, and one that enters as added', async () => {
    await client.post(path, { metadata: { name: 'moving' } });
    const watch = await openWatch(
      cluster,
      `${path}?watch=true&resourceVersion=${revision()}&labelSelector=in%3Dyes`,
    );

    await client.patch(`${path}/moving`, { metadata: { labels: { in: 'yes' } } });
    await client.patch(`${path}/moving`, { metadata: { labels: { in: 'no' } } });

    expect(await namesOf(watch, 2)).toEqual(['ADDED moving', 'DELETED moving']);
    watch.close();
  });

  it('answers 410 as an ERROR event when the revision is forgotten', async () => {
    const since = revision();
    cluster.faults.expireHistory();

    const watch = await openWatch(cluster, `${path}?watch=true&resourceVersion=${since}`);
    const event = await watch.next();

    expect(event).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${since} (${revision()})`,
      },
    });
    expect(await watch.next()).toBeUndefined();
  });

  it('sends bookmarks with the current revision only on request', async () => {
    const watch = await openWatch(
      cluster,
      `${path}?watch=true&resourceVersion=${revision()}&allowWatchBookmarks=true`,
    );

    const bookmark = await watch.next();

    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Secret', metadata: { resourceVersion: revision() } },
    });
    watch.close();
  });

  it('marks the end of the initial state when its sending was requested', async () => {
    const watch = await openWatch(
      cluster,
      `/api/v1/nodes?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );

    expect((await watch.next())?.type).toBe('ADDED');
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    watch.close();
  });

  it('ends cleanly when its time is over', async () => {
    const watch = await openWatch(
      cluster,
      `${path}?watch=true&resourceVersion=${revision()}&timeoutSeconds=1`,
    );

    expect(await watch.next()).toBeUndefined();
  });
});
