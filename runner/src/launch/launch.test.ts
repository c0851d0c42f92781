import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, type Compiled, LABEL, SCHEDULING_GATE } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { launch } from './launch.ts';

const OWNER = 'ci/hangar-runner-r1';
const BY = { owner: OWNER, server: 'https://drone.acme.test' };
const podAt = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const secretAt = (name: string) => ({ resource: RESOURCE.secrets, namespace: 'ci', name });
/** What a Pod says of stage 63, as this compilation made it. */
const OURS = {
  labels: { [LABEL.stageId]: '63' },
  annotations: { [ANNOTATION.owner]: OWNER, [ANNOTATION.server]: BY.server, [ANNOTATION.draft]: 'n' },
};
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
    launch({ clock, cluster, log: silentLogger }, { ...compiled, ...changes }, BY, stop.signal).then(
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

describe('launch', () => {
  it('makes the Pod, named by its owner and held, then Secrets that go with it', async () => {
    const { cluster, go } = begin();
    expect(await go()).toMatchObject({ kind: 'launched', pod: { metadata: { uid: 'uid-1' } } });
    expect(cluster.calls.map((call) => `${call.verb} ${call.target.resource.plural}`)).toEqual([
      'create pods',
      'create secrets',
      'create secrets',
    ]);
    const pod = cluster.find<V1Pod>(podAt);
    expect(pod?.metadata?.annotations).toEqual({
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

  it('makes a random namespace first, and takes one that it made before', async () => {
    const { cluster, go } = begin({ createNamespace: true, pullSecret: undefined });
    cluster.fail('create', 'namespaces', refusal(409, 'AlreadyExists'));
    expect(await go()).toMatchObject({ kind: 'launched' });
    expect(cluster.calls[0]?.target.resource.plural).toBe('namespaces');
    const { annotations } = cluster.find<V1Pod>(podAt)?.metadata ?? {};
    expect(annotations?.[ANNOTATION.ownNamespace]).toBe('true');
  });

  it.each([
    [
      'going',
      refusal(
        403,
        'Forbidden',
        'unable to create new content in namespace ci because it is being terminated',
      ),
    ],
    ['gone in between', refusal(404, 'NotFound', 'namespaces "ci" not found')],
  ])('waits for its namespace of an earlier try that is %s', async (_, error) => {
    const { clock, cluster, go } = begin({ createNamespace: true, pullSecret: undefined });
    cluster.fail('create', 'pods', error, error);
    const launched = go();
    await clock.step(1_999);
    expect(cluster.count('create', 'namespaces')).toBe(2);
    await clock.step(1);
    expect(await launched).toMatchObject({ kind: 'launched' });
  });

  it.each(['pods', 'secrets'])(
    'repeats after no answer, 500 and 429, with longer pauses (%s)',
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

  it('finds what it made though the answer was lost', async () => {
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

  it.each([
    ['another stage', { ...OURS, labels: { [LABEL.stageId]: '64' } }],
    [
      'the same number at another server',
      { ...OURS, annotations: { ...OURS.annotations, [ANNOTATION.server]: 'https://other.test' } },
    ],
    ['nobody we know', {}],
  ])('does not touch a Pod of that name that belongs to %s', async (_, metadata) => {
    const { cluster, go } = begin();
    cluster.put(podAt, { metadata });
    expect(await go()).toMatchObject({ code: 'internal', blame: 'bug' });
    expect(cluster.find(podAt)).toBeDefined();
    expect(cluster.count('remove', 'pods')).toBe(0);
  });

  it.each([
    ['a former life of this replica, which goes on with it', { [ANNOTATION.draft]: 'm' }, 'exists'],
    ['another replica, which has the stage', { [ANNOTATION.owner]: 'ci/other' }, 'taken'],
    [
      'another replica, and whatever it holds',
      { [ANNOTATION.owner]: 'ci/other', [ANNOTATION.draft]: 'm' },
      'taken',
    ],
  ])('makes no second Pod of a stage beside that of %s', async (_, changes, kind) => {
    const { cluster, go } = begin();
    cluster.put(podAt, { metadata: { ...OURS, annotations: { ...OURS.annotations, ...changes } } });
    expect(await go()).toMatchObject({ kind });
    expect(cluster.all({ resource: RESOURCE.secrets })).toEqual([]);
    expect(cluster.count('remove', 'pods')).toBe(0);
  });

  it('waits until a Pod of ours that is going has gone, or is found gone', async () => {
    const { clock, cluster, go } = begin();
    cluster.put<V1Pod>(podAt, { metadata: { ...OURS, deletionTimestamp: new Date(0) } });
    const launched = go();
    await clock.step(100);
    cluster.intercept((call) => {
      if (call.verb === 'get') cluster.drop(podAt);
    });
    await clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched', pod: { metadata: { uid: 'uid-2' } } });
  });

  it('bears trouble while it looks whose a Pod is, but not a missing right', async () => {
    const { clock, cluster, go } = begin();
    cluster.put(podAt, { metadata: OURS });
    cluster.fail('get', 'pods', noAnswer(), refusal(403, 'Forbidden'));
    const launched = go();
    await clock.step(1_000);
    expect(await launched).toMatchObject({ code: 'right-missing' });
  });

  it('waits until a Secret of an earlier Pod of the stage has gone, which Kubernetes removes with that', async () => {
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

  it('tells a spent quota, of the Pod with nothing made', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'pods', spent);
    expect(await go()).toMatchObject({ kind: 'quota' });
    expect(cluster.all({ resource: RESOURCE.pods })).toEqual([]);
  });

  it('tells a spent quota of the Secret, with the Pod removed again', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'secrets', spent);
    expect(await go()).toMatchObject({ kind: 'quota' });
    expect(cluster.find(podAt)).toBeUndefined();
  });

  it('takes a quota of namespaces for a right that is missing', async () => {
    const { cluster, go } = begin({ createNamespace: true });
    cluster.fail('create', 'namespaces', spent);
    expect(await go()).toMatchObject({ code: 'right-missing', blame: 'operator' });
  });

  it.each([
    ['pods', refusal(422, 'Invalid', 'image: Required value'), 'object-refused'],
    ['secrets', refusal(403, 'Forbidden', 'cannot create resource "secrets"'), 'right-missing'],
    ['namespaces', refusal(403, 'Forbidden', 'cannot create resource "namespaces"'), 'right-missing'],
  ])('leaves nothing behind when %s are refused', async (plural, error, code) => {
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
    ['a token that is refused', refusal(401, 'Unauthorized')],
    ['a right that is missing for a while', refusal(403, 'Forbidden', 'cannot create resource "pods"')],
  ])('bears %s (issue 11, 1.4)', async (_, error) => {
    const { clock, cluster, go } = begin();
    cluster.fail('create', 'pods', error, error, error);
    const launched = go();
    await clock.step(1_000);
    expect(await launched).toMatchObject({ kind: 'launched' });
  });

  it('waits for the service account of a fresh namespace (known issue 60), though not for ever', async () => {
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

  it('does not wait for a service account in a namespace that has been there', async () => {
    const { cluster, go } = begin();
    cluster.fail('create', 'pods', lateAccount);
    expect(await go()).toMatchObject({ code: 'object-refused' });
  });

  it.each(['pods', 'secrets'])('stopped in the middle of an outage (%s), leaves no Pod', async (plural) => {
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

  it('stopped while a write hangs, rejects with the reason', async () => {
    const { cluster, stop, go } = begin();
    cluster.intercept((call) => (call.verb === 'create' ? new Promise(() => undefined) : undefined));
    const launched = go();
    await settle();
    stop.abort(new Error('cancelled'));
    expect(await launched).toMatchObject({ message: 'cancelled' });
  });
});
