import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { UpdateWriter, withWriter } from '@hangar/shared/kubernetes/update-writer';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { changePod, type PodChange } from './change-pod.ts';

const target = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const never = new AbortController().signal;

const podOf = (owner: string | undefined, phase = 'Running'): V1Pod => ({
  metadata: owner === undefined ? {} : { annotations: { [ANNOTATION.owner]: owner } },
  status: { phase },
});

function begin(pod = podOf('ci/me')) {
  const cluster = new FakeCluster();
  const known = cluster.put<V1Pod>(target, pod);
  const done: PodChange = () => ({ metadata: { annotations: { done: 'yes' } } });
  const change = (patchOf: PodChange = done, by = cluster as Parameters<typeof changePod>[0]['cluster']) =>
    changePod({ cluster: by, lease: { owner: 'ci/me' } }, known, { patchOf }, never);
  const isDone = () => cluster.find(target)?.metadata?.annotations?.['done'] === 'yes';
  return { cluster, known, change, isDone };
}

describe('a change of a Pod', () => {
  it('is one write that requires the Pod and its version as last read', async () => {
    const { cluster, known, change } = begin();
    expect(await change()).toEqual({ kind: 'changed', pod: cluster.find(target) });
    const { uid, resourceVersion } = known.metadata ?? {};
    expect(cluster.calls).toMatchObject([{ verb: 'patch', body: { metadata: { uid, resourceVersion } } }]);
  });

  it.each([
    ['by PATCH', (cluster: FakeCluster) => cluster],
    ['by GET and PUT', (cluster: FakeCluster) => withWriter(cluster, new UpdateWriter(cluster))],
  ])('is repeated at once, by the Pod as it is now, if that has changed: %s', async (_, by) => {
    const { cluster, change } = begin();
    cluster.put<V1Pod>(target, podOf('ci/me', 'Failed'));
    const phases: unknown[] = [];
    const patchOf: PodChange = ({ status }) => {
      phases.push(status?.phase);
      return { metadata: { annotations: { done: 'yes' } } };
    };
    expect((await change(patchOf, by(cluster))).kind).toBe('changed');
    expect(phases).toEqual(['Running', 'Failed']);
  });

  it('ends if the Pod as it is now needs it no more', async () => {
    const { cluster, change, isDone } = begin();
    cluster.put<V1Pod>(target, podOf('ci/me', 'Failed'));
    const patchOf: PodChange = ({ status }) =>
      status?.phase === 'Running' ? { metadata: { annotations: { done: 'yes' } } } : undefined;
    expect(await change(patchOf)).toEqual({ kind: 'unneeded' });
    expect(isDone()).toBe(false);
  });

  it('is not made to a Pod that another replica has taken over since it was read', async () => {
    const { cluster, change, isDone } = begin();
    cluster.put<V1Pod>(target, podOf('ci/other'));
    expect(await change()).toEqual({ kind: 'others' });
    expect(isDone()).toBe(false);
  });

  it('reads a Pod first that seems to be another replica’s: the watch may show it as before its adoption', async () => {
    const others = begin(podOf('ci/other'));
    expect(await others.change()).toEqual({ kind: 'others' });
    expect(others.cluster.calls.map(({ verb }) => verb)).toEqual(['get']);
    const adopted = begin(podOf('ci/other'));
    adopted.cluster.put<V1Pod>(target, podOf('ci/me'));
    expect((await adopted.change()).kind).toBe('changed');
  });

  it('is made to a Pod that names no owner', async () => {
    expect((await begin(podOf(undefined)).change()).kind).toBe('changed');
  });

  it.each([
    ['is gone', () => undefined],
    ['was replaced by another of its name', (cluster: FakeCluster) => cluster.put(target, podOf('ci/me'))],
  ])('ends if the Pod %s', async (_, then) => {
    const { cluster, change, isDone } = begin();
    cluster.drop(target);
    then(cluster);
    expect(await change()).toEqual({ kind: 'gone' });
    expect(isDone()).toBe(false);
  });

  it('leaves all errors to the caller, and conflicts too if they do not end', async () => {
    const { cluster, change } = begin();
    cluster.fail('patch', 'pods', noAnswer());
    await expect(change()).rejects.toMatchObject({ status: 0 });
    cluster.intercept(({ verb }) => {
      if (verb === 'patch') throw refusal(409, 'Conflict');
    });
    await expect(change()).rejects.toMatchObject({ status: 409 });
    expect(cluster.count('patch', 'pods')).toBe(1 + 5);
  });
});
