import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { ask, clientOf, openWatch, type TestClient } from '../testing/client.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  client = clientOf(cluster);
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.close());

const path = '/api/v1/namespaces/default/secrets';
const from = () => `${path}?watch=true&resourceVersion=${cluster.api.store.revision}`;

describe('faults', { timeout: 30_000 }, () => {
  it('fails the next requests that match, and none else', async () => {
    const fault = cluster.faults.fail({ verb: 'create', resource: 'secrets', status: 500, times: 2 });

    const statuses = [];
    for (const n of [1, 2, 3])
      statuses.push((await client.post(path, { metadata: { name: `f-${n}` } })).status);
    const list = await client.get(path);

    expect(statuses).toEqual([500, 500, 201]);
    expect(list.status).toBe(200);
    expect(fault.hits()).toBe(2);
  });

  it('can do the write and still answer with an error', async () => {
    cluster.faults.fail({ verb: 'create', status: 504, when: 'after' });

    const answer = await client.post(path, { metadata: { name: 'done' } });

    expect(answer.status).toBe(504);
    expect((await client.get(`${path}/done`)).status).toBe(200);
  });

  it('sends Retry-After with a 429', async () => {
    cluster.faults.fail({ verb: 'list', status: 429, retryAfterSeconds: 7 });

    const response = await ask(cluster, path);

    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('breaks the connection instead of answering', async () => {
    cluster.faults.drop({ verb: 'get' });

    await expect(client.get(`${path}/x`)).rejects.toThrow('fetch failed');
  });

  it('breaks open watches, or ends them cleanly', async () => {
    const [broken, ended] = [
      await openWatch(cluster, from()),
      await openWatch(cluster, `/api/v1/nodes?watch=true&resourceVersion=${cluster.api.store.revision}`),
    ];

    cluster.faults.dropWatches({ resource: 'secrets' });
    cluster.faults.dropWatches({ resource: 'nodes' }, 'clean');

    await expect(broken.next()).rejects.toThrow();
    expect(await ended.next()).toBeUndefined();
  });

  it('silences open watches while new ones receive events', async () => {
    const deaf = await openWatch(cluster, from());
    const silenced = cluster.faults.silenceWatches({ resource: 'secrets' });
    const hearing = await openWatch(cluster, from());

    await client.post(path, { metadata: { name: 'loud' } });

    expect(silenced).toBe(1);
    expect((await hearing.next())?.object.metadata['name']).toBe('loud');
    cluster.faults.dropWatches({}, 'clean');
    expect(await deaf.next()).toBeUndefined();
  });

  it('duplicates events on request', async () => {
    const watch = await openWatch(cluster, from());
    cluster.faults.duplicateWatchEvents(1);
    cluster.faults.delayWatchEvents(5);

    await client.post(path, { metadata: { name: 'double' } });

    expect([(await watch.next())?.type, (await watch.next())?.type]).toEqual(['ADDED', 'ADDED']);
    watch.close();
  });

  it('refuses connections during an outage and then listens on the same port', async () => {
    const before = cluster.url;
    await cluster.faults.stop();

    await expect(client.get(path)).rejects.toThrow('fetch failed');
    await cluster.faults.start();

    expect(cluster.url).toBe(before);
    expect((await client.get(path)).status).toBe(200);
  });
});
