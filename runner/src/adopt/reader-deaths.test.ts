import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { claimOf } from './pod-owner.ts';
import { podAt, putLease, putPod, replica, TERM_MS } from './testing/a-replica.ts';

const RUNNING = { containerStatuses: [{ name: 'step-1', state: { running: {} } }] } as V1Pod['status'];

const podOf = (deaths: number, status = RUNNING): V1Pod => ({
  metadata: { annotations: { [ANNOTATION.readerDeaths]: String(deaths) } },
  ...(status ? { status } : {}),
});

function countOf(pod: V1Pod, isLost: boolean): string | undefined {
  const { metadata } = claimOf(pod, { owner: 'ci/me', isLost }) as Pick<V1Pod, 'metadata'>;
  return metadata?.annotations?.[ANNOTATION.readerDeaths];
}

describe('owners that were lost while they read the logs of a Pod', () => {
  it.each([
    ['one more is counted', podOf(1), true, '2'],
    ['one that had ended the count is the first of its kind', podOf(0), true, '1'],
    ['one that stopped in order is not', podOf(1), false, '1'],
    ['one of a Pod in which nothing has run is not', podOf(1, { phase: 'Pending' }), true, '1'],
  ])('%s', (_, pod, isLost, want) => {
    expect(countOf(pod, isLost)).toBe(want);
  });

  it.each([
    ['released', '', '0'],
    ['did not release', 'dead', '1'],
  ])('are known by the Lease that they %s', async (_, holder, want) => {
    const cluster = new FakeCluster();
    const pod = putPod(cluster, 1, 'ci/hangar-runner-dead');
    cluster.put(podAt('p1'), { ...pod, ...(RUNNING ? { status: RUNNING } : {}) });
    putLease(cluster, 'dead', { holder });
    const me = await replica(cluster, 'me', new FakeClock());
    await me.reconcile();
    await me.clock.step(TERM_MS + 1_001);
    await me.reconcile();
    const found = cluster.find<V1Pod>(podAt('p1'))?.metadata?.annotations;
    expect([me.resumed.length, found?.[ANNOTATION.readerDeaths]]).toEqual([1, want]);
  });
});
