import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { stopPod } from './stop-pod.ts';

const target = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const never = new AbortController().signal;
const annotations = { 'hangar.dev/conclusion': '{"kind":"timed-out"}' };

function begin() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const pod = cluster.put<V1Pod>(target, {
    metadata: {},
    spec: { containers: [], activeDeadlineSeconds: 900 },
  });
  const stop = (signal = never) =>
    stopPod({ clock, cluster, log: silentLogger, lease: { owner: 'ci/me' } }, { pod, annotations }, signal);
  const deadline = () => cluster.find<V1Pod>(target)?.spec?.activeDeadlineSeconds;
  /** The Pod changes after it was last seen. */
  const changed = (owner: string) =>
    cluster.put<V1Pod>(target, { ...pod, metadata: { annotations: { [ANNOTATION.owner]: owner } } });
  return { clock, cluster, stop, deadline, changed };
}

describe('stopPod', () => {
  it('lowers the deadline of exactly this Pod, records the reason on it, and keeps the Pod', async () => {
    const { cluster, stop, deadline } = begin();
    await stop();
    expect(deadline()).toBe(1);
    expect(cluster.calls[0]?.body).toMatchObject({ metadata: { uid: 'uid-1', annotations } });
    expect(cluster.count('remove', 'pods')).toBe(0);
  });

  it('repeats at once with the new version of a Pod that has changed', async () => {
    const { clock, stop, deadline, changed } = begin();
    changed('ci/me');
    expect(await stop()).toBe('stopped');
    expect([deadline(), clock.pending]).toEqual([1, 0]);
  });

  it('does not stop a Pod that another replica has taken over (issue 11, 1.3)', async () => {
    const { stop, deadline, changed } = begin();
    changed('ci/other');
    expect(await stop()).toBe('others');
    expect(deadline()).toBe(900);
  });

  it('retries during an outage of the API server, but not after an error that a retry can’t fix', async () => {
    const { clock, cluster, stop, deadline } = begin();
    cluster.fail('patch', 'pods', noAnswer(), refusal(401, 'Unauthorized'), refusal(409, 'Conflict'));
    const stopped = stop();
    await clock.step(200 + 400 + 800);
    await stopped;
    expect(deadline()).toBe(1);
    const denied = begin();
    denied.cluster.fail('patch', 'pods', refusal(422, 'Invalid'));
    await denied.stop();
    expect([denied.deadline(), denied.cluster.count('patch', 'pods')]).toEqual([900, 1]);
  });

  it('gives up when the Pod is gone or the signal is aborted', async () => {
    const { cluster, stop } = begin();
    cluster.drop(target);
    await stop();
    await stop(AbortSignal.abort());
    expect(cluster.count('patch', 'pods')).toBe(1);
  });
});
