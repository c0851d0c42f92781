import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import type { Pool } from '../capacity/pools.ts';
import { MIB } from '../capacity/shape.ts';
import { compareInThread } from '../edges/compare-in-thread.ts';
import { compare } from '../replay/compare-settings.ts';
import { generateLoad } from '../trace/generate.ts';
import { adviceOf, comparisonKey, PUBLISHED_GAINS } from './advice.ts';
import { Adviser, type Comparer } from './adviser.ts';
import { type EngineFacts, NO_ENGINE_FACTS, type NodePoolFact } from './engines.ts';
import { poolScaler, proposalsOf } from './proposals.ts';
import { findClusterAutoscaler, readNodePool, readQuota, secondsOf } from './read-engines.ts';
import type { SettingsGain } from './settings-gain.ts';

const allocatable = { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 };
const aPool = (name: string, labels: Readonly<Record<string, string>> = {}): Pool => ({
  name,
  spec: { allocatable, traits: { labels } },
  shape: { name, allocatable, source: 'test' },
  owner: labels['karpenter.sh/nodepool'] === undefined ? 'unknown' : 'karpenter',
  nodes: [],
});
const autoscalerPod = (args: readonly string[]): V1Pod => ({
  metadata: { name: 'cluster-autoscaler-1', namespace: 'kube-system' },
  spec: { containers: [{ name: 'c', image: 'i', command: ['./cluster-autoscaler', ...args] }] },
  status: { phase: 'Running' },
});
const withFlags = (...args: readonly string[]): EngineFacts => ({
  ...NO_ENGINE_FACTS,
  clusterAutoscaler: findClusterAutoscaler([autoscalerPod(args)]),
});
const withNodePool = (change: Partial<NodePoolFact> = {}): EngineFacts => ({
  ...NO_ENGINE_FACTS,
  nodePools: [
    {
      name: 'builds',
      isStatic: false,
      consolidationPolicy: 'WhenEmpty',
      consolidateAfterSeconds: 0,
      isFrozen: false,
      ...change,
    },
  ],
});
const KARPENTER_POOL = aPool('builds', { 'karpenter.sh/nodepool': 'builds' });
const settingsOf = (pools: readonly Pool[], surroundings: EngineFacts) =>
  proposalsOf(pools, surroundings).map(
    ({ pool, setting, now, better }) => `${pool.name}: ${setting} ${now} > ${better}`,
  );

describe('reading engines', () => {
  it('finds Cluster Autoscaler by its program, and its flags in every spelling', () => {
    const others: V1Pod[] = [
      {
        metadata: { name: 'x' },
        spec: { containers: [{ name: 'c', image: 'i', args: ['--scan-interval=1s'] }] },
      },
    ];
    const found = findClusterAutoscaler([
      ...others,
      autoscalerPod(['--v=4', '-scan-interval', '30s', '--scale-down-enabled', '--nodes=1:9:a']),
    ]);

    expect(found).toEqual({
      pod: 'kube-system/cluster-autoscaler-1',
      flags: { v: '4', 'scan-interval': '30s', 'scale-down-enabled': 'true', nodes: '1:9:a' },
    });
    expect(findClusterAutoscaler(others)).toBeUndefined();
  });

  it('reads NodePools with the defaults of Karpenter', () => {
    const of = (disruption: object) => readNodePool({ metadata: { name: 'n' }, spec: { disruption } });

    expect(readNodePool({ metadata: { name: 'n' }, spec: { replicas: 2 } })).toEqual({
      name: 'n',
      isStatic: true,
      consolidationPolicy: 'WhenEmptyOrUnderutilized',
      consolidateAfterSeconds: 0,
      isFrozen: false,
    });
    expect(of({ consolidateAfter: 'Never' }).consolidateAfterSeconds).toBeUndefined();
    expect(of({ budgets: [{ nodes: '0' }] }).isFrozen).toBe(true);
    expect(of({ budgets: [{ nodes: '0', schedule: '@daily' }, { nodes: '10%' }] }).isFrozen).toBe(false);
  });

  it.each([
    ['10m0s', 600],
    ['1h', 3600],
    ['0', 0],
    ['Never', undefined],
    ['', undefined],
  ])('%s is %s seconds', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds);
  });

  it('reads quotas by the scarcer of two names, and leaves out those with scopes', () => {
    const quota = (spec: V1ResourceQuota['spec'] & object): V1ResourceQuota => ({
      metadata: { namespace: 'ci', name: 'q' },
      spec,
      status: { hard: spec.hard ?? {}, used: { cpu: '500m' } },
    });

    expect(readQuota(quota({ hard: { cpu: '4', 'requests.cpu': '2', pods: '10' } }))).toEqual({
      namespace: 'ci',
      hard: { cpuMillicores: 2000, memoryBytes: Infinity, pods: 10 },
      used: { cpuMillicores: 500, memoryBytes: 0, pods: 0 },
    });
    expect(readQuota(quota({ hard: { pods: '1' }, scopes: ['BestEffort'] }))).toBeUndefined();
  });
});

describe('what to change', () => {
  it('is what the defaults of Cluster Autoscaler cost, and nothing where they are set well', () => {
    expect(settingsOf([aPool('p')], withFlags())).toEqual([
      'p: --scale-down-unneeded-time 10m > 60s',
      'p: --scale-down-delay-after-add 10m > 60s',
    ]);
    expect(
      settingsOf(
        [aPool('p')],
        withFlags('--scale-down-unneeded-time=60s', '--scale-down-delay-after-add=1m0s'),
      ),
    ).toEqual([]);
  });

  it('is also what makes builds wait, and what evicts them', () => {
    const flags = withFlags(
      '--scale-down-unneeded-time=30s',
      '--scale-down-delay-after-add=30s',
      '--new-pod-scale-up-delay=1m',
      '--scan-interval=1m',
      '--skip-nodes-with-local-storage=false',
      '--scale-down-enabled=false',
    );

    expect(settingsOf([aPool('p')], flags)).toEqual([
      'p: --scale-down-enabled false > true',
      'p: --new-pod-scale-up-delay 1m > 0s',
      'p: --scan-interval 1m > 10s',
      'p: --skip-nodes-with-local-storage false > true',
    ]);
  });

  it.each<[string, Partial<NodePoolFact>, string[]]>([
    ['as it should be', {}, []],
    ['a minute less a second is soon enough', { consolidateAfterSeconds: 59 }, []],
    ['late', { consolidateAfterSeconds: 600 }, ['consolidateAfter 600s > 0s']],
    ['never', { consolidateAfterSeconds: undefined }, ['consolidateAfter Never > 0s']],
    ['evicting', { consolidationPolicy: 'Balanced' }, ['consolidationPolicy Balanced > WhenEmpty']],
    ['frozen', { isFrozen: true }, ['budgets nodes: 0 > nodes: 10%']],
    ['static: whoever sizes it decides', { isStatic: true, consolidationPolicy: 'Balanced' }, []],
  ])('Karpenter, %s', (...[, change, expected]) => {
    expect(settingsOf([KARPENTER_POOL], withNodePool(change))).toEqual(
      expected.map((one) => `builds: spec.disruption.${one}`),
    );
  });

  it('goes to the engine that owns the pool, and to nobody where none is seen', () => {
    const surroundings: EngineFacts = {
      ...withNodePool({ consolidationPolicy: 'Balanced' }),
      clusterAutoscaler: withFlags().clusterAutoscaler,
    };

    expect(
      proposalsOf([KARPENTER_POOL, aPool('p')], surroundings).map(({ engine, pool }) => [engine, pool.name]),
    ).toEqual([
      ['karpenter', 'builds'],
      ['cluster-autoscaler', 'p'],
      ['cluster-autoscaler', 'p'],
    ]);
    expect(proposalsOf([KARPENTER_POOL, aPool('p')], NO_ENGINE_FACTS)).toEqual([]);
    expect(settingsOf([aPool('g', { 'cloud.google.com/gke-nodepool': 'g' })], NO_ENGINE_FACTS)[0]).toContain(
      'optimize-utilization',
    );
  });
});

describe('who scales a pool', () => {
  const gke = aPool('g', { 'cloud.google.com/gke-nodepool': 'g' });

  it.each<readonly [string, Pool, EngineFacts, string]>([
    ['karpenter', KARPENTER_POOL, withFlags(), 'its nodes say so'],
    ['cluster-autoscaler', aPool('p'), withFlags(), 'it is seen'],
    ['cluster-autoscaler', gke, withFlags(), 'it is seen on GKE too'],
    ['gke', gke, NO_ENGINE_FACTS, 'nobody else is seen'],
    ['eks', aPool('e', { 'eks.amazonaws.com/nodegroup': 'e' }), NO_ENGINE_FACTS, 'nobody else is seen'],
    ['unknown', aPool('p'), NO_ENGINE_FACTS, 'nobody is seen'],
    ['cluster-api', { ...aPool('c'), owner: 'cluster-api' }, withFlags(), 'its nodes say so'],
  ])('%s (%#)', (owner, pool, surroundings) => {
    expect(poolScaler(pool, surroundings)).toBe(owner);
  });
});

describe('what it brings', () => {
  const proposals = proposalsOf([aPool('p')], withFlags());
  const found = (nodeHoursShare: number): SettingsGain => ({
    nodeHoursShare,
    waitP95Seconds: -15,
    jobs: 9000,
    days: 7,
  });

  it('is estimated by published figures while nothing was compared, and says so', () => {
    const [advice, ...rest] = adviceOf(proposals, new Map());

    expect(rest).toEqual([]);
    expect(advice).toMatchObject({
      engine: 'cluster-autoscaler',
      pool: 'p',
      setting: '--scale-down-unneeded-time',
      now: '10m',
      better: '60s',
      saves: { waitP95Seconds: -15, basis: 'published' },
    });
    expect(advice?.saves.nodeHoursShare).toBeCloseTo(0.052, 3);
    expect(advice?.saves.text).toBe(
      "5.2 % of the node-hours; the 95th percentile of the wait becomes 15 s longer, unless a buffer is kept (by a replay of a synthetic load of 1000 PRs per weekday; this cluster's load is not known yet)",
    );
  });

  it('is estimated by the replay once there is one, and left out when that finds nothing', () => {
    const [first] = proposals;
    const key = first === undefined ? '' : comparisonKey(first, first.pool);

    const [advice] = adviceOf(proposals, new Map([[key, found(0.12)]]));
    expect(advice?.saves).toMatchObject({ basis: 'replay', nodeHoursShare: 0.12 });
    expect(advice?.saves.text).toContain('by a replay of 9000 Pods of the last 7 days');
    expect(adviceOf(proposals, new Map([[key, found(0.001)]]))).toEqual([]);
  });

  it('names no figures where hours are not what it changes', () => {
    const [advice] = adviceOf(
      proposalsOf([KARPENTER_POOL], withNodePool({ consolidationPolicy: 'Balanced' })),
      new Map(),
    );

    expect(advice?.saves).toMatchObject({ basis: 'none', nodeHoursShare: undefined });
    expect(advice?.saves.text).toContain('no longer evicted');
  });
});

const THREE_DAYS = generateLoad({ load: 'table-like', seed: 5, days: 3, knownShare: 0, knownSeconds: 0 });
const NODE = { allocatable };

describe('comparing', () => {
  const clusterAutoscaler = (unneededSeconds: number) =>
    ({ engine: 'cluster-autoscaler', scanSeconds: 10, unneededSeconds, delayAfterAddSeconds: 600 }) as const;
  const karpenter = (consolidateAfterSeconds: number) =>
    ({ engine: 'karpenter', consolidateAfterSeconds }) as const;
  const jobs = THREE_DAYS.slice(0, 2000);

  it('finds what the published figures say, on another load of the kind', () => {
    const engines = [
      [clusterAutoscaler(600), clusterAutoscaler(60), PUBLISHED_GAINS['cluster-autoscaler'][0]],
      [karpenter(300), karpenter(0), PUBLISHED_GAINS.karpenter[1]],
    ] as const;
    for (const [now, better, published] of engines) {
      const { nodeHoursShare, waitP95Seconds } = compare({
        jobs: THREE_DAYS,
        node: NODE,
        bootSeconds: 180,
        now,
        better,
      });
      expect(Math.abs(nodeHoursShare - (published?.nodeHoursShare ?? 9))).toBeLessThan(0.03);
      expect(waitP95Seconds).toBeLessThan(0);
    }
  }, 30_000);

  it('finds nothing between equals', () => {
    const same = karpenter(30);

    expect(compare({ jobs, node: NODE, bootSeconds: 180, now: same, better: same })).toMatchObject({
      nodeHoursShare: 0,
      waitP95Seconds: 0,
      jobs: 2000,
    });
  });

  it('gives the same from a thread', async () => {
    const question = {
      jobs: jobs.slice(0, 1000),
      node: NODE,
      bootSeconds: 180,
      now: karpenter(300),
      better: karpenter(0),
    };

    expect(await compareInThread.compare(question, new AbortController().signal)).toEqual(compare(question));
  }, 60_000);
});

describe('the adviser', () => {
  const proposals = proposalsOf([aPool('p')], withFlags());
  const answer: SettingsGain = { nodeHoursShare: 0.1, waitP95Seconds: 0, jobs: 1, days: 1 };
  const stop = new AbortController().signal;
  const memories = (jobs: readonly Job[]) => ({ bootSeconds: 180, jobs: () => jobs });

  function anAdviser(work: () => Promise<SettingsGain> = () => Promise.resolve(answer)) {
    const clock = new FakeClock();
    let calls = 0;
    let jobs: readonly Job[] = [];
    const comparer: Comparer = {
      compare: (comparison) => {
        calls += 1;
        jobs = comparison.jobs;
        return work();
      },
    };
    const adviser = new Adviser({ clock, log: silentLogger, comparer });
    return { adviser, clock, calls: () => calls, jobs: () => jobs };
  }

  it('compares one after the other, once, and anew after six hours', async () => {
    const { adviser, clock, calls } = anAdviser();
    for (let tick = 0; tick < 5; tick += 1) {
      adviser.consider(proposals, memories(THREE_DAYS), stop);
      adviser.consider(proposals, memories(THREE_DAYS), stop);
      expect(calls()).toBe(Math.min(tick + 1, 2));
      await adviser.idle;
    }
    expect(adviser.compared.size).toBe(2);
    await clock.step(6 * 3_600_000);
    adviser.consider(proposals, memories(THREE_DAYS), stop);
    expect(calls()).toBe(3);
  });

  it('has no say with too little to go by', () => {
    const { adviser, calls } = anAdviser();
    adviser.consider(proposals, memories(THREE_DAYS.slice(0, 499)), stop);

    expect(calls()).toBe(0);
  });

  it('takes the last days, a bounded number of Pods, by arrival', async () => {
    const { adviser, jobs } = anAdviser();
    const old = THREE_DAYS.map((job) => ({ ...job, arrivedAt: job.arrivedAt - 30 * 86_400 }));
    adviser.consider(proposals, memories([...THREE_DAYS, ...old]), stop);
    await adviser.idle;

    expect(jobs().length).toBe(Math.min(50_000, THREE_DAYS.length));
    expect(jobs()[0]?.arrivedAt).toBeGreaterThanOrEqual(THREE_DAYS[0]?.arrivedAt ?? Infinity);
  });

  it('outlives a comparison that fails, and forgets what nobody proposes', async () => {
    const { adviser, calls } = anAdviser(() => Promise.reject(new Error('out of memory')));
    adviser.consider(proposals, memories(THREE_DAYS), stop);
    await adviser.idle;
    expect(adviser.compared.size).toBe(0);
    adviser.consider([], memories(THREE_DAYS), stop);
    adviser.consider(proposals, memories(THREE_DAYS), stop);

    expect(calls()).toBe(2);
  });
});
