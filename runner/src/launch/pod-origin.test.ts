import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import { podKeyOf } from './pod-origin.ts';
import { RPC_SECRET, signed, testOrigin } from './testing/test-origin.ts';

const never = new AbortController().signal;
const secretAt = { resource: RESOURCE.secrets, namespace: 'ci', name: 'p' };
const ANNOTATIONS = {
  [ANNOTATION.stage]: '{"id":1}',
  [ANNOTATION.plan]: '{"version":1}',
  [ANNOTATION.server]: 'https://drone.acme.test',
  [ANNOTATION.owner]: 'ci/me',
  [`${ANNOTATION.imagePrefix}2`]: 'plugins/s3',
};
const BARE: V1Pod = {
  metadata: {
    ...{ name: 'p', namespace: 'ci', uid: 'u1', annotations: ANNOTATIONS },
    labels: { [LABEL.managedBy]: LABEL.managedByValue, [LABEL.stageId]: '1' },
  },
};
const OURS = signed(BARE);

/** The Pod with other metadata. */
const changed = (pod: V1Pod, changes: Partial<NonNullable<V1Pod['metadata']>>): V1Pod => ({
  ...pod,
  metadata: { ...pod.metadata, ...changes },
});
const annotated = (pod: V1Pod, changes: Readonly<Record<string, string>>): V1Pod =>
  changed(pod, { annotations: { ...pod.metadata?.annotations, ...changes } });

function begin() {
  const cluster = new FakeCluster();
  const warned: string[] = [];
  const warn = (_: unknown, text = ''): void => void warned.push(text);
  const origin = testOrigin(cluster, { ...silentLogger, warn });
  const putSecret = (...uids: string[]): V1Secret =>
    cluster.put<V1Secret>(secretAt, {
      metadata: { ownerReferences: uids.map((uid) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid })) },
    });
  const isOurs = (pod: V1Pod): Promise<boolean> => origin.isOurs(pod, never);
  return { cluster, origin, warned, putSecret, isOurs };
}

describe('a Pod with our signature', () => {
  it('is ours, and no call is needed to know it', async () => {
    const { cluster, isOurs, warned } = begin();
    expect(await isOurs(OURS)).toBe(true);
    expect([cluster.calls, warned]).toEqual([[], []]);
  });

  it.each([
    ['namespace', changed(OURS, { namespace: 'tenant' })],
    ['name', changed(OURS, { name: 'q' })],
    ['stage id', changed(OURS, { labels: { [LABEL.stageId]: '2' } })],
    ['stage', annotated(OURS, { [ANNOTATION.stage]: '{"id":2}' })],
    ['plan', annotated(OURS, { [ANNOTATION.plan]: '{}' })],
    ['Drone server', annotated(OURS, { [ANNOTATION.server]: 'https://other.test' })],
    ['namespace as its own', annotated(OURS, { [ANNOTATION.ownNamespace]: 'true' })],
    ['image for a swapped container', annotated(OURS, { [`${ANNOTATION.imagePrefix}2`]: 'evil' })],
    ['image for one more container', annotated(OURS, { [`${ANNOTATION.imagePrefix}3`]: 'evil' })],
    ['signature', annotated(OURS, { [ANNOTATION.signature]: 'f'.repeat(64) })],
    ['signature, which is shorter', annotated(OURS, { [ANNOTATION.signature]: '' })],
  ])('is not ours with another %s', async (_, pod) => {
    expect(await begin().isOurs(pod)).toBe(false);
  });

  it('stays ours when what changes while it runs has changed', async () => {
    const owner = { [ANNOTATION.owner]: 'ci/other', [ANNOTATION.adoptions]: '1' };
    const started = { [ANNOTATION.stepIds]: '{"1":5}', [ANNOTATION.stageVersion]: '3' };
    const pod = annotated(OURS, { ...owner, ...started, [`${ANNOTATION.resultPrefix}2`]: 'any' });
    expect(await begin().isOurs(pod)).toBe(true);
  });

  it('has one that is worth nothing to whoever has the name’s key', () => {
    expect(podKeyOf(RPC_SECRET, 'name').equals(podKeyOf(RPC_SECRET, 'signature'))).toBe(false);
  });
});

describe('a Pod without our signature', () => {
  it.each([
    ['of an earlier version of the runner', BARE],
    [
      'made before DRONE_RPC_SECRET was changed',
      testOrigin(new FakeCluster(), silentLogger, 'the previous secret').sign(BARE, 'ci'),
    ],
  ])('is ours if it owns the Secret of its name: one %s', async (_, pod) => {
    const { cluster, putSecret, isOurs } = begin();
    putSecret('another', 'u1');
    expect(await isOurs(pod)).toBe(true);
    expect(await isOurs(pod)).toBe(true);
    expect(cluster.count('get', 'secrets')).toBe(1);
  });

  it.each([
    ['belongs to another Pod, of the same name', ['another']],
    ['belongs to nobody', []],
  ])('is not ours if the Secret of its name %s', async (_, uids) => {
    const { putSecret, isOurs } = begin();
    putSecret(...uids);
    expect(await isOurs(BARE)).toBe(false);
  });

  it('is not ours without a Secret; that is looked up and said once', async () => {
    const { cluster, isOurs, warned } = begin();
    for (let time = 0; time < 3; time++) expect(await isOurs(BARE)).toBe(false);
    expect(cluster.count('get', 'secrets')).toBe(1);
    expect(warned).toHaveLength(1);
  });

  it('is ours once it has its Secret and has changed: a runner of an earlier version creates that after the Pod', async () => {
    const { warned, putSecret, isOurs } = begin();
    expect(await isOurs(changed(BARE, { resourceVersion: '1' }))).toBe(false);
    putSecret('u1');
    expect(await isOurs(changed(BARE, { resourceVersion: '1' }))).toBe(false);
    expect(await isOurs(changed(BARE, { resourceVersion: '2' }))).toBe(true);
    expect(warned).toHaveLength(1);
  });

  it('is not ours where Secrets may not be read', async () => {
    const { cluster, isOurs } = begin();
    cluster.fail('get', 'secrets', refusal(403, 'Forbidden'));
    expect(await isOurs(BARE)).toBe(false);
  });

  it('is not judged while the Kubernetes API fails', async () => {
    const { cluster, putSecret, isOurs } = begin();
    putSecret('u1');
    cluster.fail('get', 'secrets', noAnswer());
    await expect(isOurs(BARE)).rejects.toThrow();
    expect(await isOurs(BARE)).toBe(true);
  });
});

describe('the Pods that are known to be ours', () => {
  it('are those with a signature, without a call', () => {
    const { cluster, origin } = begin();
    const copied = changed(OURS, { name: 'q' });
    expect([origin.known([BARE, OURS, copied]), cluster.calls]).toEqual([[OURS], []]);
  });

  it('are also those that were found to own their Secret, however they change', async () => {
    const { putSecret, origin, isOurs } = begin();
    putSecret('u1');
    expect(origin.known([BARE])).toEqual([]);
    await isOurs(BARE);
    const later = changed(BARE, { resourceVersion: '2' });
    expect(origin.known([later])).toEqual([later]);
  });
});
