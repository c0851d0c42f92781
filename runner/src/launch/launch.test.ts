import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, type Compiled, LABEL, NO_UID, SCHEDULING_GATE } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { launch } from './launch.ts';
import { signed, testOrigin } from './testing/test-origin.ts';

const OWNER = 'ci/hangar-runner-r1';
const BY = { owner: OWNER, server: 'https://drone.acme.test' };
const podAt = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const secretAt = (name: string) => ({ resource: RESOURCE.secrets, namespace: 'ci', name });
/** The metadata of the Pod of stage 63 from this compilation. */
const OURS = {
  labels: { [LABEL.stageId]: '63' },
  annotations: { [ANNOTATION.owner]: OWNER, [ANNOTATION.server]: BY.server, [ANNOTATION.draft]: 'n' },
};
/** A Pod of a runner with our name. */
const made = (metadata: V1Pod['metadata']): V1Pod => signed({ metadata: { name: 'p', ...metadata } });
const plan: RunPlan = {
  version: 1,
  nonce: 'n',
  steps: [],
  timeoutMs: 1,
  repoSlug: '',
  buildNumber: 1,
  buildEvent: '',
};
const compiled: Compiled = {
  plan,
  namespace: 'ci',
  createNamespace: false,
  pod: {
    metadata: { name: 'p', labels: { [LABEL.stageId]: '63' }, annotations: { [ANNOTATION.stage]: '{}' } },
    spec: { containers: [], schedulingGates: [{ name: SCHEDULING_GATE }] },
  },
  secrets: [{ metadata: { name: 'p-files' } }],
  pullSecret: { metadata: { name: 'p-pull' } },
  masks: {},
  warnings: [],
};

function begin(changes: Partial<Compiled> = {}) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const stop = new AbortController();
  const go = () =>
    launch(
      { clock, cluster, log: silentLogger, origin: testOrigin(cluster) },
      { ...compiled, ...changes },
      BY,
      stop.signal,
    ).then(
      (launched) => launched,
      (error: unknown) => error as Error & { code?: string; blame?: string },
    );
  return { clock, cluster, stop, go };
}

const spent = refusal(
  403,
  'Forbidden',
  'exceeded quota: team, requested: pods=1, used: pods=5, limited: pods=5',
);
const lateAccount = refusal(
  403,
  'Forbidden',
  'error looking up service account drone-x/default: serviceaccount "default" not found',
);

describe('launch (previous-runner §5.1, §5.2)', () => {
  it('known issue 65: creates the Pod, with its owner and the scheduling gate, then the Secrets that it owns', async () => {
    const { cluster, go } = begin();
    expect(await go()).toMatchObject({ kind: 'launched', pod: { metadata: { uid: 'uid-1' } } });
    expect(cluster.calls.map((call) => `${call.verb} ${call.target.resource.plural}`)).toEqual([
      'create pods',
      'create secrets',
      'create secrets',
    ]);
    const pod = cluster.find<V1Pod>(podAt);
    const { [ANNOTATION.signature]: signature, ...annotations } = pod?.metadata?.annotations ?? {};
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(annotations).toEqual({
      [ANNOTATION.stage]: '{}',
      [ANNOTATION.owner]: OWNER,
      [ANNOTATION.server]: BY.server,
      [ANNOTATION.draft]: 'n',
      [ANNOTATION.recordVersion]: '1',
    });
    expect(pod?.spec?.schedulingGates).toEqual([{ name: SCHEDULING_GATE }]);
    for (const name of ['p-files', 'p-pull'])
      expect(cluster.find<V1Secret>(secretAt(name))?.metadata?.ownerReferences).toEqual([
        { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-1', blockOwnerDeletion: false },
      ]);
  });

  describe('a namespace for one pipeline', () => {
    const space = { resource: RESOURCE.namespaces, name: 'ci' };
    const recorded = (cluster: FakeCluster) =>
      cluster.find<V1Pod>(podAt)?.metadata?.annotations?.[ANNOTATION.ownNamespace];
    const fresh = () => begin({ createNamespace: true, pullSecret: undefined });

    it('is created before the Pod, which records its uid, signed', async () => {
      const { cluster, go } = fresh();
      expect(await go()).toMatchObject({ kind: 'launched' });
      expect(cluster.calls[0]?.target.resource.plural).toBe('namespaces');
      const uid = cluster.find(space)?.metadata?.uid;
      expect([typeof uid, recorded(cluster)]).toEqual(['string', uid]);
      const pod = cluster.find<V1Pod>(podAt);
      expect(pod && (await testOrigin(new FakeCluster()).isOurs(pod, new AbortController().signal))).toBe(
        true,
      );
    });

    it('is used if an earlier attempt created it, and its uid is recorded', async () => {
      const { cluster, go } = fresh();
      cluster.put(space, { metadata: { uid: 'earlier', labels: { [LABEL.stageId]: '63' } } });
      expect(await go()).toMatchObject({ kind: 'launched' });
      expect(recorded(cluster)).toBe('earlier');
    });

    it('is used where it may not be read: then no uid is recorded', async () => {
      const { cluster, go } = fresh();
      cluster.put(space, { metadata: { labels: {} } });
      cluster.fail('get', 'namespaces', refusal(403, 'Forbidden'));
      expect(await go()).toMatchObject({ kind: 'launched' });
      expect(recorded(cluster)).toBe(NO_UID);
    });

    it.each([
      ['no label', {}],
      ['the label of another stage', { [LABEL.stageId]: '64' }],
    ])('gets no Pod if it exists with %s: another client created it', async (_, labels) => {
      const { cluster, go } = fresh();
      cluster.put(space, { metadata: { uid: 'theirs', labels } });
      expect(await go()).toMatchObject({ code: 'name-taken', blame: 'cluster' });
      expect(cluster.count('create', 'pods')).toBe(0);
    });
  });

  it.each([
    [
      'being deleted',
      refusal(
        403,
        'Forbidden',
        'unable to create new content in namespace ci because it is being terminated',
      ),
    ],
    ['deleted in between', refusal(404, 'NotFound', 'namespaces "ci" not found')],
  ])('waits while its namespace of an earlier attempt is %s', async (_, error) => {
    const { clock, cluster, go } = begin({ createNamespace: true, pullSecret: undefined });
    cluster.fail('create', 'pods', error, error);
    const launched = go();
    await clock.step(1_999);
    expect(cluster.count('create', 'namespaces')).toBe(2);
    await clock.step(1);
    expect(await launched).toMatchObject({ kind: 'launched' });
  });

  it.each(['pods', 'secrets'])(
    'retries after no response, 500 and 429, with longer pauses (%s)',
    async (plural) => {
      const { clock, cluster, go } = begin({ pullSecret: undefined });
      const slower = Object.assign(refusal(429, 'TooManyRequests'), { retryAfterMs: 1_000 });
      cluster.fail('create', plural, noAnswer(), refusal(500, 'InternalError'), slower);
      const launched = go();
      await clock.step(100 + 200 + 999);
      expect(cluster.count('create', plural)).toBe(3);
      await clock.step(1);
      expect(await launched).toMatchObject({ kind: 'launched' });
    },
  );

  it('finds the object that it created although the response was lost', async () => {
    const { clock, cluster, go } = begin();
    const lost = new Set(['pods', 'secrets']);
    cluster.intercept((call) =>
      call.verb === 'create' && lost.delete(call.target.resource.plural) ? 'lost' : undefined,
    );
    const launched = go();
    await clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched', pod: { metadata: { uid: 'uid-1' } } });
    expect(cluster.all({ resource: RESOURCE.pods })).toHaveLength(1);
  });

  it('creates a Secret again whose response was lost, where Secrets may not be read', async () => {
    const { clock, cluster, go } = begin();
    const lost = new Set(['secrets']);
    cluster.intercept((call) => {
      if (call.target.resource.plural !== 'secrets') return undefined;
      if (call.verb === 'get') throw refusal(403, 'Forbidden');
      return call.verb === 'create' && lost.delete('secrets') ? 'lost' : undefined;
    });
    const launched = go();
    await clock.step(5_000);
    expect(await launched).toMatchObject({ kind: 'launched' });
    expect(cluster.count('remove', 'secrets')).toBe(1);
    expect(cluster.find(secretAt('p-files'))?.metadata?.ownerReferences).toMatchObject([{ uid: 'uid-1' }]);
    expect(cluster.find(secretAt('p-pull'))).toBeDefined();
  });

  it.each([
    ['another stage', made({ ...OURS, labels: { [LABEL.stageId]: '64' } })],
    [
      'the same number at another server',
      made({ ...OURS, annotations: { ...OURS.annotations, [ANNOTATION.server]: 'https://other.test' } }),
    ],
    ['an unknown owner', {}],
    ['nobody, and has everything of ours but the signature', { metadata: OURS }],
    [
      'nobody, and names another replica as its owner, so that the stage would wait for that forever',
      { metadata: { ...OURS, annotations: { ...OURS.annotations, [ANNOTATION.owner]: 'ci/nobody' } } },
    ],
  ])('fails with an error, and does not change a Pod of that name that belongs to %s', async (_, pod) => {
    const { cluster, go } = begin();
    cluster.put(podAt, pod);
    expect(await go()).toMatchObject({ code: 'name-taken', blame: 'cluster' });
    expect(cluster.find(podAt)).toBeDefined();
    expect(cluster.count('remove', 'pods')).toBe(0);
  });

  it.each([
    ['an earlier process of this replica, which is continued', { [ANNOTATION.draft]: 'm' }, 'exists'],
    ['another replica, which has the stage', { [ANNOTATION.owner]: 'ci/other' }, 'taken'],
    [
      'another replica, with other contents',
      { [ANNOTATION.owner]: 'ci/other', [ANNOTATION.draft]: 'm' },
      'taken',
    ],
  ])('creates no second Pod of a stage besides that of %s', async (_, changes, kind) => {
    const { cluster, go } = begin();
    cluster.put(podAt, made({ ...OURS, annotations: { ...OURS.annotations, ...changes } }));
    expect(await go()).toMatchObject({ kind });
    expect(cluster.all({ resource: RESOURCE.secrets })).toEqual([]);
    expect(cluster.count('remove', 'pods')).toBe(0);
  });

  it('waits until a Pod of ours that is being deleted is gone', async () => {
    const { clock, cluster, go } = begin();
    cluster.put<V1Pod>(podAt, made({ ...OURS, deletionTimestamp: new Date(0) }));
    const launched = go();
    await clock.step(100);
    cluster.intercept((call) => {
      if (call.verb === 'get') cluster.drop(podAt);
    });
    await clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched', pod: { metadata: { uid: 'uid-2' } } });
  });

  it('retries failures while it reads the owner of a Pod, but not a missing permission', async () => {
    const { clock, cluster, go } = begin();
    cluster.put(podAt, { metadata: OURS });
    cluster.fail('get', 'pods', noAnswer(), refusal(403, 'Forbidden'));
    const launched = go();
    await clock.step(1_000);
    expect(await launched).toMatchObject({ code: 'right-missing' });
  });

  it('waits until Kubernetes has removed the Secret of an earlier Pod of the stage', async () => {
    const { clock, cluster, go } = begin({ pullSecret: undefined });
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'an-earlier-one' };
    cluster.put<V1Secret>(secretAt('p-files'), { metadata: { ownerReferences: [owner] } });
    const launched = go();
    await clock.step(1_000);
    cluster.drop(secretAt('p-files'));
    await clock.step(5_000);
    expect(await launched).toMatchObject({ kind: 'launched' });
    const [{ uid } = { uid: '' }] =
      cluster.find<V1Secret>(secretAt('p-files'))?.metadata?.ownerReferences ?? [];
    expect(uid).toBe(cluster.find<V1Pod>(podAt)?.metadata?.uid);
  });

  it('returns an exhausted quota for the Pod, with nothing created', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'pods', spent);
    expect(await go()).toMatchObject({ kind: 'quota' });
    expect(cluster.all({ resource: RESOURCE.pods })).toEqual([]);
  });

  it('returns an exhausted quota for the Secret, with the Pod removed again', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'secrets', spent);
    expect(await go()).toMatchObject({ kind: 'quota' });
    expect(cluster.find(podAt)).toBeUndefined();
  });

  it('treats a quota for namespaces as a missing permission', async () => {
    const { cluster, go } = begin({ createNamespace: true });
    cluster.fail('create', 'namespaces', spent);
    expect(await go()).toMatchObject({ code: 'right-missing', blame: 'operator' });
  });

  it.each([
    ['pods', refusal(422, 'Invalid', 'image: Required value'), 'object-refused'],
    ['secrets', refusal(403, 'Forbidden', 'cannot create resource "secrets"'), 'right-missing'],
    ['namespaces', refusal(403, 'Forbidden', 'cannot create resource "namespaces"'), 'right-missing'],
  ])('leaves nothing behind when %s are rejected', async (plural, error, code) => {
    const { clock, cluster, go } = begin({ createNamespace: true });
    cluster.intercept(({ verb, target }) => {
      if (verb === 'create' && target.resource.plural === plural) throw error;
    });
    const launched = go();
    await clock.step(360_000);
    expect(await launched).toMatchObject({ code });
    expect(cluster.all({ resource: RESOURCE.pods })).toEqual([]);
  });

  it.each([
    ['a rejected token', refusal(401, 'Unauthorized')],
    ['a permission that is missing for a while', refusal(403, 'Forbidden', 'cannot create resource "pods"')],
  ])('retries after %s (issue 11, 1.4)', async (_, error) => {
    const { clock, cluster, go } = begin();
    cluster.fail('create', 'pods', error, error, error);
    const launched = go();
    await clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched' });
  });

  it('waits for the service account of a new namespace (known issue 60), for a limited time', async () => {
    const fresh = begin({ createNamespace: true });
    fresh.cluster.fail('create', 'pods', lateAccount, lateAccount);
    const launched = fresh.go();
    await fresh.clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched' });
    const never = begin({ createNamespace: true });
    never.cluster.intercept((call) => {
      if (call.target.resource.plural === 'pods' && call.verb === 'create') throw lateAccount;
    });
    const failing = never.go();
    await never.clock.step(70_000);
    expect(await failing).toMatchObject({ code: 'object-refused' });
  });

  it('does not wait for a service account in a namespace that already existed', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'pods', lateAccount);
    expect(await go()).toMatchObject({ code: 'object-refused' });
  });

  it.each(['pods', 'secrets'])('leaves no Pod when it is stopped during an outage (%s)', async (plural) => {
    const { cluster, stop, go } = begin();
    cluster.intercept((call) => {
      if (call.verb === 'create' && call.target.resource.plural === plural) throw noAnswer();
    });
    const launched = go();
    await settle();
    stop.abort(new Error('cancelled'));
    expect(await launched).toMatchObject({ message: 'cancelled' });
    expect(cluster.find(podAt)).toBeUndefined();
  });

  it('rejects with the reason when it is stopped while a write hangs', async () => {
    const { cluster, stop, go } = begin();
    cluster.intercept((call) => (call.verb === 'create' ? new Promise(() => undefined) : undefined));
    const launched = go();
    await settle();
    stop.abort(new Error('cancelled'));
    expect(await launched).toMatchObject({ message: 'cancelled' });
  });
});
