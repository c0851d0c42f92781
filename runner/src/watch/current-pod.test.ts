import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { currentPod, currentPodOnce } from './current-pod.ts';

const target = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const never = new AbortController().signal;

function begin() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const known = cluster.put<V1Pod>(target, { metadata: { labels: { is: 'known' } } });
  return { clock, cluster, known };
}

describe('the current Pod', () => {
  it('is the one that the API server returns', async () => {
    const { cluster, known } = begin();
    const pod = cluster.put<V1Pod>(target, { metadata: { labels: { is: 'changed' } } });
    expect(await currentPodOnce(cluster, known, never)).toEqual({ kind: 'present', pod });
  });

  it('is the known one if the response is older, as from a cache', async () => {
    const { cluster, known } = begin();
    const newer = { ...known, metadata: { ...known.metadata, resourceVersion: '999' } };
    expect(await currentPodOnce(cluster, newer, never)).toEqual({ kind: 'present', pod: newer });
  });

  it('is gone if there is none of its name, and replaced if another one has it', async () => {
    const { cluster, known } = begin();
    cluster.drop(target);
    expect(await currentPodOnce(cluster, known, never)).toEqual({ kind: 'gone' });
    const pod = cluster.put<V1Pod>(target, { metadata: {} });
    expect(await currentPodOnce(cluster, known, never)).toEqual({ kind: 'replaced', pod });
  });

  it('is not known after an error, and is read until the API server answers', async () => {
    const { clock, cluster, known } = begin();
    cluster.fail('get', 'pods', noAnswer(), refusal(403, 'Forbidden'), refusal(500, 'InternalError'));
    await expect(currentPodOnce(cluster, known, never)).rejects.toThrow();
    const read = currentPod({ clock, cluster }, known, { isNeeded: () => true }, never);
    await clock.step(1_500);
    expect(await read).toEqual({ kind: 'present', pod: known });
  });

  it('is not read again once it is not needed, or its signal is aborted', async () => {
    const { clock, cluster, known } = begin();
    cluster.fail('get', 'pods', noAnswer(), noAnswer());
    expect(await currentPod({ clock, cluster }, known, { isNeeded: () => false }, never)).toBe('unread');
    const stop = new AbortController();
    const read = currentPod({ clock, cluster }, known, { isNeeded: () => true }, stop.signal);
    await clock.step(100);
    stop.abort(new Error('stopped'));
    expect([await read, cluster.count('get', 'pods')]).toEqual(['unread', 2]);
  });
});
