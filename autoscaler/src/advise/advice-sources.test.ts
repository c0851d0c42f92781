import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import type { Pool } from '../capacity/pools.ts';
import { generateLoad } from '../trace/generate.ts';
import { AdviceSources } from './advice-sources.ts';
import type { Comparer } from './adviser.ts';
import { POLLED } from './engine-poller.ts';
import { NO_ENGINE_FACTS } from './engines.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 14, 9);
const JOBS = generateLoad({ load: 'table-like', seed: 2, days: 2, knownShare: 0, knownSeconds: 0 });
const allocatable = { cpuMillicores: 3920, memoryBytes: 2 ** 33, pods: 110 };
const POOL: Pool = {
  name: 'builds',
  spec: { allocatable, traits: { labels: { 'karpenter.sh/nodepool': 'builds' } } },
  shape: { name: 'builds', allocatable, source: 'test' },
  owner: 'karpenter',
  nodes: [],
};
const NODE_POOL = { metadata: { name: 'builds' }, spec: { disruption: { consolidateAfter: '10m' } } };

function aSource(cluster: FakeCluster | undefined) {
  const clock = new FakeClock(NOW);
  let comparisons = 0;
  const comparer: Comparer = {
    compare: () => {
      comparisons += 1;
      return Promise.resolve({ nodeHoursShare: 0.2, waitP95Seconds: -9, jobs: 1, days: 2 });
    },
  };
  const sources = new AdviceSources({ clock, log: silentLogger, cluster, comparer });
  const take = (nowMs = clock.now()) =>
    sources.take({ nowMs, pools: [POOL] }, { bootSeconds: 180, jobs: () => JOBS });
  return { clock, sources, take, comparisons: () => comparisons };
}

describe('what advice rests on', () => {
  it('is nothing without a cluster, and ends at once', async () => {
    const { sources, take, comparisons } = aSource(undefined);
    await sources.run(new AbortController().signal);

    expect(take()).toMatchObject({ surroundings: NO_ENGINE_FACTS, compared: new Map() });
    expect(comparisons()).toBe(0);
  });

  it('is what was polled, and one comparison of what could be better', async () => {
    const cluster = new FakeCluster();
    cluster.put({ resource: POLLED.nodePools }, NODE_POOL);
    const { sources, take, comparisons } = aSource(cluster);
    const stop = new AbortController();
    const running = sources.run(stop.signal);
    await settle();

    expect(take().surroundings.nodePools?.[0]?.consolidateAfterSeconds).toBe(600);
    await settle();
    expect([...take().compared.values()]).toMatchObject([{ nodeHoursShare: 0.2 }]);
    take();
    expect(comparisons()).toBe(1);
    stop.abort();
    await running;
  });

  it('counts node-hours of the pools that it is shown', () => {
    const { sources, take } = aSource(undefined);
    const node = {
      name: 'n',
      ready: true,
      closed: false,
      builds: 0,
      used: { cpuMillicores: 0, memoryBytes: 0 },
    };
    const pools = [{ ...POOL, nodes: [{ ...node, createdMs: NOW - 3 * HOUR }] }];
    sources.take({ nowMs: NOW, pools }, { bootSeconds: 180, jobs: () => [] });

    expect(take(NOW + HOUR).nodeHours.byPool.get('builds')).toBeCloseTo(4);
  });
});
