import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { SCOUTED, Scout } from './scout.ts';

const AUTOSCALER: V1Pod = {
  metadata: { name: 'cluster-autoscaler-1', namespace: 'kube-system' },
  spec: { containers: [{ name: 'c', image: 'i', command: ['./cluster-autoscaler'] }] },
  status: { phase: 'Running' },
};

describe('the scout', () => {
  function aScout() {
    const cluster = new FakeCluster();
    const scout = new Scout({ clock: new FakeClock(), cluster, log: silentLogger });
    return { cluster, scout, signal: new AbortController().signal };
  }

  it('sees engines and quotas, and keeps what it saw when there is no answer', async () => {
    const { cluster, scout, signal } = aScout();
    cluster.put({ resource: SCOUTED.nodePools }, { metadata: { name: 'builds' } });
    cluster.put({ resource: SCOUTED.pods, namespace: 'kube-system' }, AUTOSCALER);
    cluster.put(
      { resource: SCOUTED.resourceQuotas, namespace: 'ci' },
      { metadata: { name: 'q', namespace: 'ci' } },
    );
    await scout.look(signal);
    const seen = scout.seen;

    expect(seen.nodePools?.map(({ name }) => name)).toEqual(['builds']);
    expect(seen.clusterAutoscaler?.pod).toBe('kube-system/cluster-autoscaler-1');
    expect(seen.quotas?.map(({ namespace }) => namespace)).toEqual(['ci']);
    cluster.intercept(() => {
      throw refusal(500, 'InternalError');
    });
    await scout.look(signal);
    expect(scout.seen).toEqual(seen);
  });

  it('tells each trouble once, until it is another one', async () => {
    const cluster = new FakeCluster();
    const reported: string[] = [];
    const log = { ...silentLogger, warn: (fields: object) => void reported.push(JSON.stringify(fields)) };
    const scout = new Scout({ clock: new FakeClock(), cluster, log });
    const { signal } = new AbortController();
    cluster.intercept(() => {
      throw refusal(500, 'InternalError', 'out of order');
    });
    await scout.look(signal);
    await scout.look(signal);

    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain('resourcequotas: out of order');
  });

  it('takes a missing kind for none, and tells what it may not list', async () => {
    const { cluster, scout, signal } = aScout();
    cluster.intercept(({ target }) => {
      throw target.resource === SCOUTED.nodePools ? refusal(404, 'NotFound') : refusal(403, 'Forbidden');
    });
    await scout.look(signal);

    expect(scout.seen).toEqual({
      nodePools: [],
      clusterAutoscaler: undefined,
      quotas: undefined,
      forbidden: ['resourcequotas', 'pods of kube-system'],
    });
  });

  it('looks once a minute until it is stopped', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster();
    const stop = new AbortController();
    const running = new Scout({ clock, cluster, log: silentLogger }).run(stop.signal);
    await settle();
    await clock.step(60_000);
    await settle();
    stop.abort();
    await running;

    expect(cluster.calls.filter(({ target }) => target.resource === SCOUTED.nodePools).length).toBe(2);
  });
});
