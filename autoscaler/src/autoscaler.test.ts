import { parseExposition } from '@hangar/shared/exposition/parse';
import { createLogger, silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer } from '@hangar/shared/testing/fake-cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import type { PoolOrder } from './act/actor.ts';
import { loadConfig } from './config/load.ts';
import { AUTOSCALER_METRICS } from './metrics/specs.ts';
import type { MetricsSource } from './scrape/metrics-source.ts';
import { createService } from './service.ts';
import type { TraceRecord } from './trace/pod-record.ts';
import { noMemory, type TraceMemory } from './trace/trace-memory.ts';
import { WATCHED } from './watch/resources.ts';

const NOW = 1_768_383_000_000;
const TICK_MS = 10_000;

const metricsOf = (running: number | string, waiting = 0): string =>
  [
    `hangar_runner_stages{state="waiting"} ${waiting}`,
    'hangar_runner_stages{state="starting"} 0',
    `hangar_runner_stages{state="running"} ${running}`,
    `hangar_runner_requested_cpu_cores{state="running"} ${Number(running) || 0}`,
    `hangar_runner_requested_memory_bytes{state="running"} ${(Number(running) || 0) * 2 ** 30}`,
    'hangar_runner_capacity_pipelines 100',
    '',
  ].join('\n');

/** A runner, and a Drone server, whose answers a test can change; undefined: no answer. */
class FakeRunner implements MetricsSource {
  drone: string | undefined = 'drone_pending_jobs 0\n';
  metrics: string | undefined = metricsOf(0);
  demand: string | undefined = '{"waiting":[]}';

  get(url: string): ReturnType<MetricsSource['get']> {
    const body = url.includes('drone') ? this.drone : url.endsWith('/demand') ? this.demand : this.metrics;
    if (body === undefined) return Promise.reject(new Error('connection refused'));
    return Promise.resolve({ status: 200, contentType: 'text/plain', body });
  }
}

const aPod = (name: string, node: string | undefined, phase = 'Running'): V1Pod => ({
  metadata: {
    name,
    namespace: 'ci',
    uid: name,
    creationTimestamp: new Date(NOW),
    labels: { 'app.kubernetes.io/managed-by': 'hangar-runner' },
  },
  spec: {
    ...(node === undefined ? {} : { nodeName: node }),
    containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi' } } }],
  },
  status: {
    phase,
    conditions:
      node === undefined ? [] : [{ type: 'PodScheduled', status: 'True', lastTransitionTime: new Date(NOW) }],
  },
});
const aNode = (name: string): V1Node => ({
  metadata: { name, uid: name, creationTimestamp: new Date(NOW) },
  status: {
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [
      { type: 'Ready', status: 'True', lastHeartbeatTime: new Date(NOW), lastTransitionTime: new Date(NOW) },
    ],
  },
});

interface Options {
  readonly cluster?: FakeCluster;
  readonly env?: Record<string, string>;
  readonly memory?: TraceMemory;
  /** Takes the lines of the log. */
  readonly write?: (line: string) => void;
  readonly act?: (orders: readonly PoolOrder[]) => void;
}

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function aService({ cluster, env = {}, memory = noMemory, write, act }: Options = {}) {
  const clock = new FakeClock(NOW);
  const runner = new FakeRunner();
  const loaded = loadConfig({
    HANGAR_AUTOSCALER_RUNNERS: 'http://runner',
    HANGAR_AUTOSCALER_KUBERNETES: cluster ? 'on' : 'off',
    ...env,
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const actor = act && {
    act: (orders: readonly PoolOrder[]) => {
      act(orders);
      return Promise.resolve(orders.map(({ pool }) => ({ pool, outcome: 'set', note: 'done' })));
    },
  };
  const parts = {
    clock,
    log: write ? createLogger('info', { write }) : silentLogger,
    source: runner,
    cluster,
    memory,
    actor,
    version: '1',
    page: new Map(),
  };
  const { autoscaler, ledger, http } = createService(parts, loaded.ok);
  const stop = new AbortController();
  const running = autoscaler.run(stop.signal);
  endings.push(async () => {
    stop.abort();
    await clock.step(TICK_MS);
    await running;
    await http.close();
  });
  const ticks = async (count = 1): Promise<void> => {
    for (let nth = 0; nth < count; nth += 1) {
      await clock.step(TICK_MS);
      await settle();
    }
  };
  await settle();
  await ticks();
  const metric = async (name: string): Promise<number | undefined> =>
    parseExposition((await http.inject('/metrics')).body).families.get(name)?.samples[0]?.value;
  return { clock, runner, ledger, http, ticks, metric };
}

const nodesAhead = (ledger: { recommendation: { shapes: readonly { nodesAhead: number }[] } | undefined }) =>
  ledger.recommendation?.shapes[0]?.nodesAhead;

describe('with the Drone server’s own metrics', () => {
  const env = { HANGAR_AUTOSCALER_DRONE_METRICS: 'https://drone/metrics' };

  it('counts work that no runner has accepted', async () => {
    const { runner, ledger, ticks } = await aService({ env });
    expect(ledger.recommendation?.demand.knownStages).toBe(0);
    runner.drone = 'drone_pending_jobs 40\n';
    const before = nodesAhead(ledger) ?? 0;
    await ticks();

    expect(ledger.recommendation?.demand.knownStages).toBe(40);
    expect(nodesAhead(ledger)).toBeGreaterThan(before + 5);
    expect(ledger.conditions).toEqual([]);
  });

  it('reports what is missing when it doesn’t answer, and decides on the rest', async () => {
    const { runner, ledger, ticks } = await aService({ env });
    runner.drone = undefined;
    runner.metrics = metricsOf(30);
    await ticks();

    expect(ledger.recommendation?.demand).toMatchObject({ runningPods: 30, knownStages: 0 });
    expect(ledger.conditions).toMatchObject([
      { weight: 'partial', text: expect.stringContaining('connection refused') as string },
    ]);
  });
});

describe('with runners alone', () => {
  it('follows the work that they run', async () => {
    const { runner, ledger, ticks } = await aService();
    const quiet = nodesAhead(ledger) ?? 0;
    runner.metrics = metricsOf(30);
    await ticks();

    expect(ledger.recommendation?.demand.runningPods).toBe(30);
    expect(nodesAhead(ledger)).toBeGreaterThan(quiet + 5);
    expect(ledger.staleSinceMs).toBeUndefined();
  });

  it('logs that a runner is silent, and that it is no longer', async () => {
    const lines: string[] = [];
    const { runner, ticks } = await aService({ write: (line) => lines.push(line) });
    runner.metrics = undefined;
    await ticks(2);

    expect(lines.join('')).toMatch(/"level":"warn".*http:\/\/runner: GET .*connection refused/);
    runner.metrics = metricsOf(0);
    await ticks();

    expect(lines.at(-1)).toMatch(/"level":"info".*no longer: http:\/\/runner: GET/);
  });

  it('ignores one lost answer; a runner that stays silent makes the answer stale until it returns', async () => {
    const { runner, ledger, ticks, metric } = await aService();
    runner.metrics = metricsOf(30);
    await ticks();
    const before = ledger.recommendation;
    runner.metrics = undefined;
    await ticks();
    expect(ledger.recommendation?.demand).toEqual(before?.demand);
    expect(ledger.staleSinceMs).toBeUndefined();

    await ticks(20);
    expect(ledger.staleSinceMs).toBeDefined();
    expect(ledger.recommendation?.demand.runningPods).toBe(30);
    expect(ledger.history.last?.running).toBeNull();
    expect(await metric('hangar_autoscaler_recommendation_stale')).toBe(1);

    runner.metrics = metricsOf(10);
    await ticks();
    expect(ledger.staleSinceMs).toBeUndefined();
    expect(ledger.recommendation?.demand.runningPods).toBe(10);
  });

  it.each(['NaN', '-3', '1e300', 'many'])(
    'a runner that reports %s is a problem, and the value is dropped',
    async (lie) => {
      const { runner, ledger, ticks, http } = await aService();
      runner.metrics = metricsOf(30);
      await ticks();
      runner.metrics = metricsOf(lie);
      await ticks();

      expect(ledger.recommendation?.demand.runningPods).toBe(30);
      expect((await http.inject('/readyz')).body).toContain('hangar_runner_stages');
    },
  );

  it('tolerates a clock that jumps', async () => {
    const { clock, runner, ledger, ticks } = await aService();
    for (const jump of [-86_400_000, 3 * 86_400_000, -2 * 86_400_000]) {
      clock.jump(jump);
      runner.metrics = metricsOf(12);
      await ticks(2);
      expect(ledger.recommendation?.demand.runningPods).toBe(12);
      expect(ledger.staleSinceMs).toBeUndefined();
    }
  });
});

describe('with a cluster', () => {
  const pods = { resource: WATCHED.pods, namespace: 'ci' };
  const nodes = { resource: WATCHED.nodes };
  const aCluster = (count: number): FakeCluster => {
    const cluster = new FakeCluster();
    for (let nth = 0; nth < count; nth += 1) cluster.put(nodes, aNode(`n${nth}`));
    return cluster;
  };

  it('works without Hangar runners', async () => {
    const cluster = aCluster(1);
    cluster.put(pods, {
      ...aPod('p', 'n0'),
      metadata: { ...aPod('p', 'n0').metadata, labels: { ci: 'any' } },
    });
    const { ledger } = await aService({
      cluster,
      env: { HANGAR_AUTOSCALER_RUNNERS: '', HANGAR_AUTOSCALER_POD_SELECTOR: 'ci=any' },
    });

    expect(ledger.recommendation?.demand).toMatchObject({ runningPods: 1, knownStages: 0 });
    expect(ledger.recommendation?.because.join(' ')).toContain('stages without a Pod are not counted');
  });

  it('passes orders to its actor once it has data, the same order each tick, and logs it once', async () => {
    const orders: (readonly PoolOrder[])[] = [];
    const cluster = aCluster(1);
    for (let nth = 0; nth < 8; nth += 1) cluster.put(pods, aPod(`p${nth}`, undefined, 'Pending'));
    // By the rule: the price of waiting learns from these arrivals, and orders once more.
    const env = { HANGAR_AUTOSCALER_WAIT_PRICE: 'off' };
    const { ledger, ticks } = await aService({ cluster, env, act: (given) => orders.push(given) });
    await ticks(2);

    expect(orders.length).toBeGreaterThan(1);
    expect(orders.at(-1)).toEqual([expect.objectContaining({ pool: 'default', nodes: 5 })]);
    expect(ledger.decisions.items).toEqual([
      expect.objectContaining({ pool: 'default', fromNodes: 1, toNodes: 5, outcome: 'set', note: 'done' }),
    ]);
  });

  it('is a dry run without an actor', async () => {
    const { ledger } = await aService({ cluster: aCluster(20) });

    expect(ledger.decisions.items.at(-1)).toMatchObject({ outcome: 'dry-run', fromNodes: 20, toNodes: 10 });
  });

  it('does not act on stale data', async () => {
    const orders: (readonly PoolOrder[])[] = [];
    const cluster = aCluster(3);
    const { ledger, ticks } = await aService({ cluster, act: (given) => orders.push(given) });
    const given = orders.length;
    expect(given).toBeGreaterThan(0);
    cluster.intercept(() => {
      throw noAnswer();
    });
    cluster.cut(noAnswer());
    await ticks(17);
    const before = orders.length;
    await ticks(10);

    expect(ledger.staleSinceMs).toBeDefined();
    expect(orders.length - before).toBeLessThanOrEqual(2);
    expect(ledger.conditions[0]?.text).toMatch(
      /the watch of (pods|nodes) last received an event \d+ s ago: no answer/,
    );
  });

  it('stores ended Pods, also when the disk fails for a while', async () => {
    const kept: TraceRecord[] = [];
    let refusals = 2;
    const memory: TraceMemory = {
      load: () => Promise.resolve({ records: [], problems: [] }),
      append: (records) => {
        if (records.length > 0 && refusals > 0) {
          refusals -= 1;
          return Promise.reject(new Error('no space left on device'));
        }
        kept.push(...records);
        return Promise.resolve();
      },
    };
    const cluster = aCluster(1);
    cluster.put(pods, aPod('p', 'n0'));
    const { ticks, ledger } = await aService({ cluster, memory });
    const reported = () => ledger.conditions.map(({ text }) => text).join('; ');
    cluster.put(pods, aPod('p', 'n0', 'Succeeded'));
    await ticks(1);
    expect(reported()).toMatch(/cannot be written to HANGAR_AUTOSCALER_DATA_DIR.* disk is full.*; 1 wait/);
    await ticks(3);

    expect(kept.map(({ uid }) => uid)).toEqual(['p']);
    expect(reported()).not.toContain('DATA_DIR');
  });

  it('learns from stored records', async () => {
    const day = 86_400;
    const records = Array.from(
      { length: 300 },
      (_, nth): TraceRecord => ({
        uid: `old${nth}`,
        job: {
          arrivedAt: NOW / 1000 - (1 + (nth % 6)) * day,
          durationSeconds: 120,
          request: { cpuMillicores: 2000, memoryBytes: 2 ** 30 },
        },
      }),
    );
    const memory: TraceMemory = {
      append: () => Promise.resolve(),
      load: () => Promise.resolve({ records, problems: [] }),
    };
    const { http } = await aService({ cluster: aCluster(1), memory });
    const { learned } = (await http.inject('/api/v1/model')).json<{
      learned: { name: string; data: { days: number } }[];
    }>();

    expect(learned.find(({ name }) => name === 'podSeconds')?.data.days).toBe(6);
  });
});

describe('lists that documents are generated from', () => {
  it('contain every metric that is exposed, with its help', async () => {
    const { http } = await aService({ cluster: new FakeCluster() });
    const { families, problems } = parseExposition((await http.inject('/metrics')).body);

    expect(problems).toEqual([]);
    const names = Object.values(AUTOSCALER_METRICS).map(({ name }) => name);
    for (const name of names)
      expect(families.has(name) || families.has(name.replace(/_total$/, ''))).toBe(true);
  });
});
