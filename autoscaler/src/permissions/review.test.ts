import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { ReviewingCluster } from '../testing/reviewing-cluster.ts';
import type { ServiceFeature } from './permissions.ts';
import { type ReviewedNamespaces, review } from './review.ts';

const places: ReviewedNamespaces = {
  runners: ['drone'],
  lease: ['hangar'],
  events: ['default', 'ci'],
  objects: {
    'capacity-buffer': ['a', 'b'].map((name) => ({ namespace: 'ci', name })),
    placeholder: [{ namespace: 'room', name: 'spare' }],
  },
};
const all: ReadonlySet<ServiceFeature> = new Set([
  'read-only',
  'runner-service',
  'lead',
  'place',
  'events',
  'capacity-buffer',
  'placeholder',
  'node-pool',
]);
const { signal } = new AbortController();

describe('the review of rights', () => {
  it('checks each right where it is needed, each place once', async () => {
    const cluster = new ReviewingCluster();

    expect(await review(cluster, all, places, signal)).toEqual({ missing: new Map(), warning: '' });
    const where = (resource: string) =>
      cluster.asked
        .filter((one) => one.resource === resource)
        .map(({ verb, namespace = '*', name }) => `${verb} ${[namespace, name].filter(Boolean).join('/')}`);
    expect(where('leases')).toEqual(['get hangar', 'create hangar', 'patch hangar']);
    expect(where('events')).toEqual(['create default', 'create ci']);
    expect(where('capacitybuffers')).toEqual(['get ci/a', 'get ci/b', 'patch ci/a', 'patch ci/b']);
    expect(where('deployments')).toEqual(['get room/spare', 'patch room/spare']);
    expect(where('endpointslices')).toEqual(['list drone', 'watch drone']);
    expect(cluster.asked).toContainEqual({
      verb: 'patch',
      group: 'karpenter.sh',
      resource: 'nodepools',
      subresource: 'scale',
    });
  });

  it('checks nothing that is not used', async () => {
    const cluster = new ReviewingCluster();
    await review(cluster, new Set(['lead']), places, signal);

    expect(new Set(cluster.asked.map(({ resource }) => resource))).toEqual(new Set(['leases']));
  });

  it('reports in one line what is missing, what does not work, and the rule to add; other features are not affected', async () => {
    const cluster = new ReviewingCluster();
    cluster.denied.add('patch capacitybuffers');
    const { missing } = await review(cluster, all, places, signal);

    expect([...missing]).toEqual([
      [
        'capacity-buffer',
        'a permission is missing, so CapacityBuffers are not scaled: add { apiGroups: [autoscaling.x-k8s.io], resources: [capacitybuffers], resourceNames: [a, b], verbs: [patch] } to a Role of namespace ci, bound to the service account of the autoscaler',
      ],
    ]);
  });

  it.each([401, 403, 404, 405])(
    'continues with a warning where access reviews are not available (%s)',
    async (status) => {
      const cluster = new ReviewingCluster();
      cluster.fail('create', 'selfsubjectaccessreviews', refusal(status, 'No', 'no reviews'));

      expect(await review(cluster, all, places, signal)).toEqual({
        missing: new Map(),
        warning: expect.stringContaining('could not be reviewed (no reviews)') as string,
      });
    },
  );

  it('rejects when the API server does not answer: that is not a finding', async () => {
    const cluster = new ReviewingCluster();
    cluster.fail('create', 'selfsubjectaccessreviews', noAnswer());

    await expect(review(cluster, all, places, signal)).rejects.toThrow('no answer');
  });
});
