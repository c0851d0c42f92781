import type { KubernetesObject } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { FakeCluster, refusal } from '../testing/fake-cluster.ts';
import { type ApiRight, isAllowed, ruleLine, rulesOf } from './rights.ts';

const right = (verb: ApiRight['verb'], resource: string, group = ''): ApiRight => ({ verb, resource, group });

describe('rulesOf', () => {
  it('creates one rule per resource, in the order of the list', () => {
    const rules = rulesOf([
      right('get', 'leases', 'coordination.k8s.io'),
      right('create', 'pods'),
      right('patch', 'leases', 'coordination.k8s.io'),
      right('get', 'pods/log'),
    ]);

    expect(rules.map(ruleLine)).toEqual([
      '{ apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, patch] }',
      '{ apiGroups: [""], resources: [pods], verbs: [create] }',
      '{ apiGroups: [""], resources: [pods/log], verbs: [get] }',
    ]);
  });

  it('lists a right once that is needed twice, and keeps API groups separate', () => {
    const twice = [right('get', 'pods'), right('get', 'pods'), right('get', 'pods', 'metrics.k8s.io')];

    expect(rulesOf(twice).map(({ apiGroups, verbs }) => [apiGroups, verbs])).toEqual([
      [[''], ['get']],
      [['metrics.k8s.io'], ['get']],
    ]);
  });
});

describe('isAllowed', () => {
  const { signal } = new AbortController();

  /** An API server whose SelfSubjectAccessReviews return this status. */
  function cluster(status: object): FakeCluster {
    const fake = new FakeCluster();
    const create = fake.create.bind(fake);
    fake.create = async <T extends KubernetesObject>(...[target, object, stop]: Parameters<typeof create>) =>
      ({ ...(await create(target, object, stop)), status }) as unknown as T;
    return fake;
  }

  it.each([
    ['a granted right', { allowed: true }, true],
    ['a denied right', { allowed: false }, false],
    ['a right that the review does not mention', {}, false],
  ])('reports %s', async (_sentence, status, want) => {
    expect(await isAllowed(cluster(status), right('get', 'pods'), 'ci', signal)).toBe(want);
  });

  it.each([
    ['in its namespace', 'ci', { namespace: 'ci' }],
    ['in all of them', '', {}],
  ])('asks for a subresource %s', async (_sentence, namespace, more) => {
    const fake = cluster({ allowed: true });
    await isAllowed(fake, right('get', 'pods/log'), namespace, signal);

    expect(fake.calls[0]?.body).toMatchObject({
      spec: { resourceAttributes: { verb: 'get', group: '', resource: 'pods', subresource: 'log', ...more } },
    });
  });

  it('rejects if there is no response, which is not a denial', async () => {
    const fake = new FakeCluster();
    fake.fail('create', 'selfsubjectaccessreviews', refusal(500, 'InternalError'));

    await expect(isAllowed(fake, right('get', 'pods'), 'ci', signal)).rejects.toMatchObject({ status: 500 });
  });
});
