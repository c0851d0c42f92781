import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { ask, clientOf, PODS_PATH, podWhen, shellPod, type TestClient, when } from '../testing/client.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ namespaces: ['ci'] });
  client = clientOf(cluster);
});
afterAll(() => cluster.close());

const gated = (name: string, more: object = {}) => {
  const pod = shellPod(name, 'true');
  return {
    metadata: { ...pod.metadata, ...more },
    spec: { ...pod.spec, schedulingGates: [{ name: 'hangar.dev/admission' }] },
  };
};
const secrets = '/api/v1/namespaces/default/secrets';

describe('errors of the API server', { timeout: 30_000 }, () => {
  it('returns NotFound with name and kind', async () => {
    const { status, body } = await client.get(`${PODS_PATH}/absent`);

    expect(status).toBe(404);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "absent" not found',
      reason: 'NotFound',
      details: { name: 'absent', kind: 'pods' },
      code: 404,
    });
  });

  it('returns AlreadyExists for a name in use, and generates unused names', async () => {
    await client.post(secrets, { metadata: { name: 'twice' } });

    const second = await client.post(secrets, { metadata: { name: 'twice' } });
    const generated = await client.post(secrets, { metadata: { generateName: 'twice-' } });

    expect(second.body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'secrets "twice" already exists',
    });
    expect(generated.status).toBe(201);
    expect((generated.body['metadata'] as { name: string }).name).toMatch(/^twice-[b-z2-9]{5}$/);
  });

  it('names the group in texts about leases', async () => {
    const { body } = await client.get('/apis/coordination.k8s.io/v1/namespaces/default/leases/none');

    expect(body).toMatchObject({
      message: 'leases.coordination.k8s.io "none" not found',
      details: { name: 'none', group: 'coordination.k8s.io', kind: 'leases' },
    });
  });

  it('refuses objects above 1.5 MiB as etcd does, and bodies above 3 MiB before that', async () => {
    const annotated = (bytes: number) => ({ metadata: { name: 'large' }, data: { text: 'x'.repeat(bytes) } });

    const large = await client.post('/apis/apps/v1/namespaces/default/deployments', annotated(1_700_000));
    const larger = await client.post(secrets, annotated(3_200_000));

    expect(large).toMatchObject({
      status: 500,
      body: { message: 'etcdserver: request is too large', code: 500 },
    });
    expect(larger).toMatchObject({
      status: 413,
      body: { reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' },
    });
  });

  it('knows no namespace that does not exist, and no service account either', async () => {
    const elsewhere = await client.post('/api/v1/namespaces/nowhere/pods', shellPod('p', 'true'));
    const account = await client.post(PODS_PATH, {
      metadata: { name: 'p' },
      spec: { ...shellPod('p', 'true').spec, serviceAccountName: 'absent' },
    });

    expect(elsewhere.body).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
    expect(account.body).toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: error looking up service account default/absent: serviceaccount "absent" not found',
    });
  });
});

describe('update and patch', { timeout: 30_000 }, () => {
  it('refuses an update of what has changed since it was read', async () => {
    const { body } = await client.post(secrets, { metadata: { name: 'raced' }, stringData: { a: '1' } });
    await client.patch(`${secrets}/raced`, { metadata: { labels: { by: 'another' } } });

    const late = await client.put(`${secrets}/raced`, { ...body, stringData: { a: '2' } });

    expect(late.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on secrets "raced": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('takes a precondition on the resource version inside a patch', async () => {
    const { body } = await client.post(secrets, { metadata: { name: 'guarded' } });
    const { resourceVersion } = body['metadata'] as { resourceVersion: string };
    const claim = (owner: string) =>
      client.patch(`${secrets}/guarded`, { metadata: { resourceVersion, annotations: { owner } } });

    const first = await claim('one');
    const second = await claim('two');

    expect([first.status, second.status]).toEqual([200, 409]);
  });

  it('keeps the revision when a patch changes nothing', async () => {
    const made = await client.post(secrets, { metadata: { name: 'same', labels: { a: 'b' } } });

    const patched = await client.patch(`${secrets}/same`, { metadata: { labels: { a: 'b' } } });

    expect(patched.body['metadata']).toEqual(made.body['metadata']);
  });

  it('lifts scheduling gates by a merge patch with null, and keeps a Pod unscheduled before', async () => {
    const made = await client.post(PODS_PATH, gated('gated'));
    const condition = (made.body['status'] as { conditions: object[] }).conditions[0];

    await client.patch(`${PODS_PATH}/gated`, {
      spec: { schedulingGates: null },
      metadata: { annotations: { plan: 'x' } },
    });
    const pod = await podWhen(cluster, 'gated', ({ status }) => status.phase === 'Succeeded');

    expect(condition).toMatchObject({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' });
    expect(pod.metadata.annotations).toEqual({ plan: 'x' });
  });

  it('merges containers by name in a strategic merge patch', async () => {
    const pod = shellPod('strategic', 'true', 'true');
    await client.post(PODS_PATH, { ...pod, spec: { ...pod.spec, schedulingGates: [{ name: 'a/b' }] } });

    const { body } = await client.patch(
      `${PODS_PATH}/strategic`,
      { spec: { containers: [{ name: 'step-2', image: 'other:1' }] } },
      'strategic-merge',
    );

    const { containers } = body['spec'] as { containers: { name: string; image: string }[] };
    expect(containers.map(({ name, image }) => [name, image])).toEqual([
      ['step-1', 'alpine:3'],
      ['step-2', 'other:1'],
    ]);
  });

  it('refuses a change of any other field of a Pod', async () => {
    await client.post(PODS_PATH, gated('fixed'));

    const { status, body } = await client.patch(
      `${PODS_PATH}/fixed`,
      { spec: { containers: [{ name: 'step-1', command: ['other'] }] } },
      'strategic-merge',
    );

    expect(status).toBe(422);
    expect(body['message']).toMatch(
      /^Pod "fixed" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,/,
    );
  });

  it('applies JSON patches, and refuses other content types', async () => {
    await client.post(secrets, { metadata: { name: 'json', labels: { a: '1' } } });

    const patched = await client.patch(
      `${secrets}/json`,
      [{ op: 'replace', path: '/metadata/labels/a', value: '2' }],
      'json',
    );
    const failed = await client.patch(
      `${secrets}/json`,
      [{ op: 'test', path: '/metadata/labels/a', value: '1' }],
      'json',
    );
    const plain = await ask(cluster, `${secrets}/json`, {
      method: 'PATCH',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });

    expect(patched.body['metadata']).toMatchObject({ labels: { a: '2' } });
    expect([failed.status, plain.status]).toEqual([422, 415]);
  });

  it('writes status only through the status path, and spec only beside it', async () => {
    await client.post(PODS_PATH, gated('two-parts'));

    await client.patch(`${PODS_PATH}/two-parts`, { status: { phase: 'Failed' } });
    const byObject = cluster.pod({ name: 'two-parts' })?.status.phase;
    await client.patch(`${PODS_PATH}/two-parts/status`, { status: { phase: 'Failed' } });

    expect([byObject, cluster.pod({ name: 'two-parts' })?.status.phase]).toEqual(['Pending', 'Failed']);
  });
});

describe('delete', { timeout: 30_000 }, () => {
  it('checks preconditions on uid and revision', async () => {
    const { body } = await client.post(PODS_PATH, gated('conditional'));
    const { uid } = body['metadata'] as { uid: string };

    const wrong = await client.delete(`${PODS_PATH}/conditional`, { preconditions: { uid: 'another' } });
    const right = await client.delete(`${PODS_PATH}/conditional`, { preconditions: { uid } });

    expect(wrong.body).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on Pod "conditional": the UID in the precondition (another) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
    expect(right.status).toBe(200);
    expect(cluster.pod({ name: 'conditional' })).toBeUndefined();
  });

  it('answers with the Pod for Pods and with a Status for other kinds', async () => {
    await client.post(PODS_PATH, gated('going'));
    await client.post(secrets, { metadata: { name: 'going' } });

    const pod = await client.delete(`${PODS_PATH}/going`);
    const secret = await client.delete(`${secrets}/going`);

    expect(pod.body['kind']).toBe('Pod');
    expect(secret.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'going', kind: 'secrets' },
    });
  });

  it('takes what is owned along, but not what another owner holds', async () => {
    const { body } = await client.post(PODS_PATH, gated('owner'));
    const { uid } = body['metadata'] as { uid: string };
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'owner', uid };
    await client.post(secrets, { metadata: { name: 'owned', ownerReferences: [owner] } });
    await client.post(secrets, { metadata: { name: 'free' } });

    await client.delete(`${PODS_PATH}/owner`);
    await when(cluster, () =>
      cluster.api.store.get('secrets', 'default', 'owned') === undefined ? true : undefined,
    );

    expect(cluster.api.store.get('secrets', 'default', 'free')).toBeDefined();
  });

  it('empties a namespace before it is removed, and admits nothing new', async () => {
    const inside = '/api/v1/namespaces/ending/secrets';
    const made = await client.post('/api/v1/namespaces', { metadata: { name: 'ending' } });
    await client.post(inside, { metadata: { name: 'holds', finalizers: ['hangar.dev/test'] } });

    await client.delete('/api/v1/namespaces/ending');
    const late = await client.post(inside, { metadata: { name: 'late' } });
    await when(
      cluster,
      () => cluster.api.store.get('secrets', 'ending', 'holds')?.metadata.deletionTimestamp,
    );
    await client.patch(`${inside}/holds`, { metadata: { finalizers: null } });
    await when(cluster, () =>
      cluster.api.store.get('namespaces', '', 'ending') === undefined ? true : undefined,
    );

    expect(made.status).toBe(201);
    expect(late.body).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } });
  });
});

describe('list', { timeout: 30_000 }, () => {
  it('selects by labels and fields', async () => {
    await client.post('/api/v1/namespaces/ci/secrets', {
      metadata: { name: 'a', labels: { app: 'x', tier: 'one' } },
    });
    await client.post('/api/v1/namespaces/ci/secrets', { metadata: { name: 'b', labels: { app: 'x' } } });
    await client.post('/api/v1/namespaces/ci/secrets', { metadata: { name: 'c' } });
    const names = async (query: string) => {
      const { body } = await client.get(`/api/v1/namespaces/ci/secrets?${query}`);
      return (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    };

    expect(await names('labelSelector=app%3Dx')).toEqual(['a', 'b']);
    expect(await names('labelSelector=app%3Dx,!tier')).toEqual(['b']);
    expect(await names('labelSelector=tier in (one,two)')).toEqual(['a']);
    expect(await names('labelSelector=app!%3Dx')).toEqual(['c']);
    expect(await names('fieldSelector=metadata.name%3Dc')).toEqual(['c']);
    expect((await client.get('/api/v1/pods?fieldSelector=spec.image%3Dx')).body['message']).toContain(
      'field label not supported: spec.image',
    );
  });

  it('shows one moment over all its pages', async () => {
    for (const n of [1, 2, 3])
      await client.post('/api/v1/namespaces/ci/configmaps', { metadata: { name: `page-${n}` } });
    const path = '/api/v1/namespaces/ci/configmaps?labelSelector=&limit=2';
    const first = await client.get(path);
    await client.delete('/api/v1/namespaces/ci/configmaps/page-3');

    const { continue: token } = first.body['metadata'] as { continue: string };
    const second = await client.get(`${path}&continue=${token}`);

    const names = [first, second].flatMap(({ body }) =>
      (body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name),
    );
    expect(names).toEqual(['kube-root-ca.crt', 'page-1', 'page-2', 'page-3']);
  });
});

describe('the rest of the API', { timeout: 30_000 }, () => {
  it('answers health, version, discovery and access reviews', async () => {
    const review = {
      spec: { resourceAttributes: { verb: 'patch', resource: 'pods', namespace: 'default' } },
    };
    const ask = () => client.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);

    expect(await client.text('/livez')).toBe('ok');
    expect((await client.get('/version')).body['minor']).toBe('34');
    expect((await client.get('/api/v1')).body['kind']).toBe('APIResourceList');
    expect((await ask()).body['status']).toMatchObject({ allowed: true });
    const giveBack = cluster.permissions.deny({ verb: 'patch', resource: 'pods' });
    expect((await ask()).body['status']).toMatchObject({ allowed: false });
    expect((await client.patch(`${PODS_PATH}/x`, {})).body['message']).toBe(
      'pods "x" is forbidden: User "system:serviceaccount:default:hangar" cannot patch resource "pods" in API group "" in the namespace "default"',
    );
    giveBack();
  });

  it('enforces quotas with the real messages', async () => {
    await client.post('/api/v1/namespaces/ci/resourcequotas', {
      metadata: { name: 'small' },
      spec: { hard: { pods: '10', 'requests.cpu': '1' } },
    });
    const pod = (name: string, cpu?: string) => ({
      metadata: { name },
      spec: {
        schedulingGates: [{ name: 'a/b' }],
        containers: [
          { name: 'c', image: 'x', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) },
        ],
      },
    });

    const fits = await client.post('/api/v1/namespaces/ci/pods', pod('fits', '700m'));
    const over = await client.post('/api/v1/namespaces/ci/pods', pod('over', '500m'));
    const silent = await client.post('/api/v1/namespaces/ci/pods', pod('silent'));

    expect(fits.status).toBe(201);
    expect(over.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "over" is forbidden: exceeded quota: small, requested: requests.cpu=500m, used: requests.cpu=700m, limited: requests.cpu=1',
    });
    expect(silent.body['message']).toBe(
      'pods "silent" is forbidden: failed quota: small: must specify requests.cpu for: c',
    );
    const { body } = await client.get('/api/v1/namespaces/ci/resourcequotas/small');
    expect(body['status']).toEqual({
      hard: { pods: '10', 'requests.cpu': '1' },
      used: { pods: '1', 'requests.cpu': '700m' },
    });
  });

  it('takes nothing without its token, which is random and in its kubeconfig', async () => {
    const [one, other] = await Promise.all([startEmbeddedCluster(), startEmbeddedCluster()]);
    const path = '/api/v1/namespaces/default/configmaps';
    const body = JSON.stringify({ metadata: { name: 'a' } });
    const headers = { 'content-type': 'text/plain' };
    const post = async (authorization?: string): Promise<number> => {
      const more = authorization === undefined ? headers : { ...headers, authorization };
      return (await fetch(`${one.url}${path}`, { method: 'POST', body, headers: more })).status;
    };

    expect(await post()).toBe(401);
    expect(await post(`Bearer ${other.token}`)).toBe(401);
    expect(await post(`Bearer ${one.token}`)).toBe(201);
    expect(one.kubeconfig()).toContain(`token: ${one.token}`);
    expect(one.token).toMatch(/^[0-9a-f]{48}$/);
    await Promise.all([one.close(), other.close()]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['a web page of another site', { origin: 'https://evil.test' }, 403],
    ['a web page without an origin', { origin: 'null' }, 403],
    ['a web page whose name leads here', { host: 'evil.test:8080' }, 403],
    ['a client of Kubernetes', {}, 200],
    ['one that calls this machine localhost', { host: 'localhost:8080' }, 200],
  ])('answers %s by what it sends, whatever token it has', async (_, headers, want) => {
    const { port } = new URL(cluster.url);
    const authorization = `Bearer ${cluster.token}`;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const path = '/api/v1/nodes';
      const options = { port, path, host: '127.0.0.1', headers: { authorization, ...headers } };
      get(options, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
    });

    expect(status).toBe(want);
  });

  it('demands the token when it was given one', async () => {
    const closed = await startEmbeddedCluster({ token: 'secret' });

    const without = await fetch(`${closed.url}/api/v1/nodes`);
    const withToken = await fetch(`${closed.url}/api/v1/nodes`, {
      headers: { authorization: 'Bearer secret' },
    });

    expect([without.status, withToken.status]).toEqual([401, 200]);
    expect(closed.kubeconfig()).toContain('token: secret');
    await closed.close();
  });
});
