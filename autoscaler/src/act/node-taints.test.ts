import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Node, V1Taint } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { writeTaint } from './node-taints.ts';

const never = new AbortController().signal;
const target = { resource: RESOURCE.nodes, name: 'n1' };
const THEIRS: V1Taint = { key: 'team', value: 'ci', effect: 'NoSchedule' };
/** Of the same key, with another effect: another taint. */
const NEAR: V1Taint = { key: SURPLUS_TAINT.key, effect: 'NoSchedule' };

function begin(taints: V1Taint[]) {
  const cluster = new FakeCluster();
  const put = (list: V1Taint[]) =>
    cluster.put<V1Node>(target, { metadata: { name: 'n1' }, spec: { taints: list } });
  const uid = put(taints).metadata?.uid ?? '';
  const taintsNow = () => cluster.find<V1Node>(target)?.spec?.taints ?? [];
  const write = (to: 'present' | 'absent', of: string = uid) =>
    writeTaint(cluster, { name: 'n1', uid: of }, { taint: SURPLUS_TAINT, to }, never);
  return { cluster, put, taintsNow, write };
}

describe('a taint of ours', () => {
  it('comes beside those of others, and goes without them', async () => {
    const { taintsNow, write } = begin([THEIRS, NEAR]);
    expect(await write('present')).toBe('written');
    expect(taintsNow()).toEqual([THEIRS, NEAR, SURPLUS_TAINT]);
    expect(await write('absent')).toBe('written');
    expect(taintsNow()).toEqual([THEIRS, NEAR]);
  });

  it('is written once: what stands as wanted costs no write', async () => {
    const { cluster, write } = begin([THEIRS]);
    await write('present');
    expect(await write('present')).toBe('unchanged');
    expect(cluster.count('patch', 'nodes')).toBe(1);
  });

  it('loses nothing that somebody writes between our look and our write', async () => {
    const { cluster, put, taintsNow, write } = begin([]);
    let first = true;
    cluster.intercept(({ verb }) => {
      if (verb !== 'patch' || !first) return;
      first = false;
      put([THEIRS]);
    });
    expect(await write('present')).toBe('written');
    expect(taintsNow()).toEqual([THEIRS, SURPLUS_TAINT]);
  });

  it('gives up, for this tick, on a node that is written without end', async () => {
    const { cluster, put, taintsNow, write } = begin([]);
    cluster.intercept(({ verb }) => (verb === 'patch' ? void put([THEIRS]) : undefined));
    expect(await write('present')).toBe('contended');
    expect(taintsNow()).toEqual([THEIRS]);
  });

  it('is not put on another node of the same name, nor missed on one that is gone', async () => {
    const { cluster, taintsNow, write } = begin([]);
    expect(await write('present', 'uid-of-before')).toBe('gone');
    expect(taintsNow()).toEqual([]);
    cluster.drop(target);
    expect(await write('absent')).toBe('gone');
  });

  it('a missing right is an error', async () => {
    const { cluster, write } = begin([]);
    cluster.fail('patch', 'nodes', refusal(403, 'Forbidden'));
    await expect(write('present')).rejects.toMatchObject({ status: 403 });
  });
});
