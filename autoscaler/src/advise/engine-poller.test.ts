import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { EnginePoller, POLLED } from './engine-poller.ts';

const AUTOSCALER: V1Pod = {
  metadata: { name: 'cluster-autoscaler-1', namespace: 'kube-system' },
  spec: { containers: [{ name: 'c', image: 'i', command: ['./cluster-autoscaler'] }] },
  status: { phase: 'Running' },
};

describe('the poller of engines', () => {
  function aPoller() {
    const cluster = new FakeCluster();
    const poller = new EnginePoller({ clock: new FakeClock(), cluster, log: silentLogger });
    return { cluster, poller, signal: new AbortController().signal };
  }

  it('sees engines and quotas, and keeps what it saw when there is no answer', async () => {
    const { cluster, poller, signal } = aPoller();
    cluster.put({ resource: POLLED.nodePools }, { metadata: { name: 'builds' } });
    cluster.put({ resource: POLLED.pods, namespace: 'kube-system' }, AUTOSCALER);
    cluster.put(
      { resource: POLLED.resourceQuotas, namespace: 'ci' },
      { metadata: { name: 'q', namespace: 'ci' } },
    );
    await poller.poll(signal);
    const observed = poller.observed;

    expect(observed.nodePools?.map(({ name }) => name)).toEqual(['builds']);
    expect(observed.clusterAutoscaler?.pod).toBe('kube-system/cluster-autoscaler-1');
    expect(observed.quotas?.map(({ namespace }) => namespace)).toEqual(['ci']);
    cluster.intercept(() => {
      throw refusal(500, 'InternalError');
    });
    await poller.poll(signal);
    expect(poller.observed).toEqual(observed);
  });

  it('logs each trouble once, until it is another one', async () => {
    const cluster = new FakeCluster();
    const reported: string[] = [];
    const log = { ...silentLogger, warn: (fields: object) => void reported.push(JSON.stringify(fields)) };
    const poller = new EnginePoller({ clock: new FakeClock(), cluster, log });
    const { signal } = new AbortController();
    cluster.intercept(() => {
      throw refusal(500, 'InternalError', 'out of order');
    });
    await poller.poll(signal);
    await poller.poll(signal);

    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain('resourcequotas: out of order');
  });

  it('takes a missing kind for none, and names what it may not list', async () => {
    const { cluster, poller, signal } = aPoller();
    cluster.intercept(({ target }) => {
      throw target.resource === POLLED.nodePools ? refusal(404, 'NotFound') : refusal(403, 'Forbidden');
    });
    await poller.poll(signal);

    expect(poller.observed).toEqual({
      nodePools: [],
      clusterAutoscaler: undefined,
      quotas: undefined,
      forbidden: ['resourcequotas', 'pods of kube-system'],
    });
  });

  it('polls once a minute until it is stopped', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster();
    const stop = new AbortController();
    const running = new EnginePoller({ clock, cluster, log: silentLogger }).run(stop.signal);
    await settle();
    await clock.step(60_000);
    await settle();
    stop.abort();
    await running;

    expect(cluster.calls.filter(({ target }) => target.resource === POLLED.nodePools).length).toBe(2);
  });
});
