import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { removePod } from './remove-pod.ts';

const target = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };

function begin() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const pod = cluster.put<V1Pod>(target, { metadata: {} });
  return { clock, cluster, pod, parts: { clock, cluster, log: silentLogger, lease: { owner: 'ci/me' } } };
}

describe('removePod (previous-runner §5.7, known issue 67)', () => {
  it('removes exactly this Pod, with the given grace period', async () => {
    const { cluster, pod, parts } = begin();
    expect(await removePod(parts, pod, 10)).toBe('removed');
    expect(cluster.calls[0]?.body).toEqual({ gracePeriodSeconds: 10, uid: 'uid-1', resourceVersion: '101' });
    expect(cluster.find(target)).toBeUndefined();
  });

  it('leaves another Pod of that name alone, and uses the grace period of the Pod by default', async () => {
    const { cluster, pod, parts } = begin();
    cluster.drop(target);
    cluster.put(target, { metadata: {} });
    expect(await removePod(parts, pod, undefined)).toBe('removed');
    expect(cluster.calls[0]?.body).toEqual({ uid: 'uid-1', resourceVersion: '101' });
    expect(cluster.find(target)?.metadata?.uid).toBe('uid-2');
  });

  it('reads a Pod again that has changed, and removes it if it is still ours', async () => {
    const { cluster, pod, parts } = begin();
    cluster.put<V1Pod>(target, { metadata: { annotations: { [ANNOTATION.owner]: 'ci/me' } } });
    expect(await removePod(parts, pod, 0)).toBe('removed');
    expect(cluster.find(target)).toBeUndefined();
  });

  it.each([
    ['as it was last seen', true],
    ['since it was last seen', false],
  ])('leaves a Pod that another replica owns alone: %s (issue 11, 1.3)', async (_, isSeen) => {
    const { cluster, pod, parts } = begin();
    const now = cluster.put<V1Pod>(target, { metadata: { annotations: { [ANNOTATION.owner]: 'ci/other' } } });
    expect(await removePod(parts, isSeen ? now : pod, 0)).toBe('others');
    expect(cluster.find(target)).toBeDefined();
  });

  it('removes a Pod of ours that the watch still shows as another’s, as before its adoption (chaos, seed 1)', async () => {
    const { cluster, parts } = begin();
    const seen = cluster.put<V1Pod>(target, {
      metadata: { annotations: { [ANNOTATION.owner]: 'ci/other' } },
    });
    cluster.put<V1Pod>(target, { metadata: { annotations: { [ANNOTATION.owner]: 'ci/me' } } });
    expect(await removePod(parts, seen, 0)).toBe('removed');
    expect(cluster.find(target)).toBeUndefined();
  });

  it('returns `removed` for one that is gone, or has no metadata', async () => {
    const { parts } = begin();
    expect(await removePod(parts, {}, 0)).toBe('removed');
  });

  it('retries during an outage, with the requested delay', async () => {
    const { clock, cluster, pod, parts } = begin();
    const slower = Object.assign(refusal(429, 'TooManyRequests'), { retryAfterMs: 5_000 });
    cluster.fail('remove', 'pods', noAnswer(), refusal(500, 'InternalError'), slower);
    const removed = removePod(parts, pod, 0);
    await clock.step(200 + 400 + 4_999);
    expect(cluster.find(target)).toBeDefined();
    await clock.step(1);
    expect(await removed).toBe('removed');
  });

  it.each([401, 403])(
    'retries after a %i, which an upgrade may cause for a moment (chaos F9)',
    async (status) => {
      const { clock, cluster, pod, parts } = begin();
      cluster.fail('remove', 'pods', refusal(status, 'Refused'));
      const removed = removePod(parts, pod, 0);
      await clock.step(200);
      expect(await removed).toBe('removed');
    },
  );

  it('gives up at once after an error that a retry can’t fix, and after the last attempt without a response', async () => {
    const refused = begin();
    refused.cluster.fail('remove', 'pods', refusal(422, 'Invalid'));
    expect(await removePod(refused.parts, refused.pod, 0)).toBe('left');
    const { clock, cluster, pod, parts } = begin();
    cluster.intercept(() => {
      throw noAnswer();
    });
    const left = removePod(parts, pod, 0);
    await clock.step(120_000);
    expect(await left).toBe('left');
    expect(cluster.count('remove', 'pods')).toBe(12);
  });
});
