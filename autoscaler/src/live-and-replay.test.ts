import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import type { Job } from './capacity/job.ts';
import { MIB } from './capacity/shape.ts';
import { loadConfig, loadReplayedSettings } from './config/load.ts';
import { CapacityPolicy } from './decide/capacity-policy.ts';
import { servicePolicy } from './replay/policies/service.ts';
import type { ScalingPolicy } from './replay/policy.ts';
import { replay } from './replay/replay.ts';
import { generateLoad } from './trace/generate.ts';
import { noMemory } from './trace/trace-memory.ts';
import { WATCHED } from './watch/resources.ts';

const BOOT_SECONDS = 180;
const NODE = { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 };
const REQUESTS = { cpu: '1150m', memory: '1700Mi' };
const POOL_LABEL = 'example.com/pool';
const ENV = {
  HANGAR_AUTOSCALER_POOL_LABEL: POOL_LABEL,
  HANGAR_AUTOSCALER_ACTUATORS: 'builds=node-pool:builds',
  HANGAR_AUTOSCALER_POOL_SHAPES: 'builds=cpu=3920m,memory=6018Mi',
  HANGAR_AUTOSCALER_DAEMONSETS: 'cpu=0,memory=0',
  HANGAR_AUTOSCALER_TICK: '2m',
  HANGAR_AUTOSCALER_STALE_AFTER: '10m',
};

/** Kubernetes writes whole seconds. */
const inWholeSeconds = (jobs: readonly Job[]): readonly Job[] =>
  jobs
    .map((job) => ({
      ...job,
      arrivedAt: Math.round(job.arrivedAt),
      durationSeconds: Math.max(1, Math.round(job.durationSeconds)),
    }))
    .sort((one, other) => one.arrivedAt - other.arrivedAt);

/** What happens in the cluster at one time. */
interface ClusterEvent {
  readonly at: number;
  readonly apply: (cluster: FakeCluster) => void;
}

/** A tick of the replay: its time, and what it ordered. */
interface Tick {
  readonly at: number;
  readonly nodes: number;
  readonly needNodes: number | undefined;
  readonly shrinkToNodes: number | undefined;
}

interface Script {
  /** By time; at the same time in the order in which they happened. */
  readonly events: readonly ClusterEvent[];
  readonly ticks: readonly Tick[];
}

const dateOf = (seconds: number): Date => new Date(seconds * 1000);

function aNode(id: number, createdAt: number, readyAt: number | undefined): V1Node {
  const status = readyAt === undefined ? 'False' : 'True';
  const since = dateOf(readyAt ?? createdAt);
  return {
    metadata: {
      ...{ name: `n${id}`, uid: `n${id}`, creationTimestamp: dateOf(createdAt) },
      labels: { [POOL_LABEL]: 'builds' },
    },
    status: {
      allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
      conditions: [{ type: 'Ready', status, lastHeartbeatTime: since, lastTransitionTime: since }],
    },
  };
}

/** A Pod that waits, or that was bound to a node, or that has ended there. */
function aPod(
  name: string,
  { arrivedAt: createdAt, repo = '', stage = '' }: Job,
  bound?: { node: string; at: number },
  endedAt?: number,
): V1Pod {
  const ended = { terminated: { exitCode: 0, finishedAt: dateOf(endedAt ?? 0) } };
  return {
    metadata: {
      ...{ name, namespace: 'ci', uid: name, creationTimestamp: dateOf(createdAt) },
      labels: { 'app.kubernetes.io/managed-by': 'hangar-runner' },
      annotations: { 'io.drone.repo.slug': repo, 'io.drone.stage.name': stage },
    },
    spec: {
      ...(bound === undefined ? {} : { nodeName: bound.node }),
      containers: [{ name: 'c', image: 'i', resources: { requests: REQUESTS } }],
    },
    status: {
      phase: endedAt !== undefined ? 'Succeeded' : bound === undefined ? 'Pending' : 'Running',
      conditions:
        bound === undefined
          ? []
          : [{ type: 'PodScheduled', status: 'True', lastTransitionTime: dateOf(bound.at) }],
      ...(endedAt === undefined
        ? {}
        : {
            containerStatuses: [
              { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: ended },
            ],
          }),
    },
  };
}

const node = (id: number) => ({ resource: WATCHED.nodes, name: `n${id}` });
const pod = (name: string) => ({ resource: WATCHED.pods, namespace: 'ci', name });

/** Writes down what happens in a replay, as the API server would show it. */
class ScriptWriter {
  readonly #events: ClusterEvent[] = [];
  readonly ticks: Tick[] = [];

  #add(at: number, apply: ClusterEvent['apply']): void {
    this.#events.push({ at, apply });
  }

  arrived(jobs: readonly Job[], nameOf: (job: Job) => string): void {
    for (const job of jobs)
      this.#add(job.arrivedAt, (cluster) => cluster.put(pod(nameOf(job)), aPod(nameOf(job), job)));
  }

  bound(name: string, job: Job, at: number, nodeId: number): void {
    const where = { node: `n${nodeId}`, at };
    const endedAt = at + job.durationSeconds;
    this.#add(at, (cluster) => cluster.put(pod(name), aPod(name, job, where)));
    this.#add(endedAt, (cluster) => {
      cluster.put(pod(name), aPod(name, job, where, endedAt));
      cluster.drop(pod(name));
    });
  }

  /** The policy, with its orders written down. */
  watching(policy: ScalingPolicy): ScalingPolicy {
    let orderedAtNode = 0;
    return {
      ...policy,
      tick: (view) => {
        const decision = policy.tick(view);
        const at = view.nowSeconds;
        const { needNodes, shrinkToNodes } = decision.need ?? {};
        this.ticks.push({ at, nodes: decision.wanted, needNodes, shrinkToNodes });
        // After the tick, and before anything else.
        const next = at + 0.001;
        for (const { id } of decision.remove) this.#add(next, (cluster) => cluster.drop(node(id)));
        for (let nth = 0; nth < decision.order; nth += 1) {
          const id = (orderedAtNode += 1);
          this.#add(next, (cluster) => cluster.put(node(id), aNode(id, at, undefined)));
          const readyAt = at + BOOT_SECONDS;
          this.#add(readyAt, (cluster) => cluster.put(node(id), aNode(id, at, readyAt)));
        }
        return decision;
      },
    };
  }

  get script(): Script {
    return { events: this.#events.toSorted((one, other) => one.at - other.at), ticks: this.ticks };
  }
}

function replayed(jobs: readonly Job[], change: Readonly<Record<string, string>> = {}): Script {
  const loaded = loadReplayedSettings({ ...ENV, ...change });
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  const writer = new ScriptWriter();
  const names = new Map(jobs.map((job, nth) => [job, `p${nth}`]));
  const nameOf = (job: Job): string => names.get(job) ?? '';
  writer.arrived(jobs, nameOf);
  replay({
    ...{ jobs, bootSeconds: BOOT_SECONDS, seed: 1, countFrom: 0 },
    node: { allocatable: NODE },
    policy: writer.watching(servicePolicy({ ...loaded.ok, policy: new CapacityPolicy(loaded.ok) })),
    onBound: (_arrivedAt, at, job, nodeId) => writer.bound(nameOf(job), job, at, nodeId),
  });
  return writer.script;
}

/** Plays the same events to the service; returns its orders, tick by tick. */
async function live(
  { events, ticks }: Script,
  change: Readonly<Record<string, string>>,
): Promise<readonly Tick[]> {
  const loaded = loadConfig({ ...ENV, ...change });
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  const { tickMs } = loaded.ok;
  const cluster = new FakeCluster();
  const clock = new FakeClock((ticks[0]?.at ?? 0) * 1000 - tickMs);
  const orders: Tick[] = [];
  const actor = {
    act: (pools: readonly { readonly pool: string }[]) =>
      Promise.resolve(pools.map(({ pool }) => ({ pool, outcome: 'set', note: '' }))),
  };
  const source = { get: () => Promise.reject(new Error('there is no runner')) };
  const parts = { clock, log: silentLogger, source, cluster, memory: noMemory, actor, version: '1' };
  const { autoscaler, ledger } = assemble(parts, loaded.ok);
  const stop = new AbortController();
  const running = autoscaler.run(stop.signal);
  await settle();
  let next = 0;
  for (const { at } of ticks) {
    for (let event = events[next]; event !== undefined && event.at <= at; event = events[next]) {
      event.apply(cluster);
      next += 1;
    }
    cluster.bookmark();
    await settle();
    await clock.step(at * 1000 - clock.now());
    const { desiredNodes: nodes = -1, needNodes, shrinkToNodes } = ledger.recommendation?.pools[0] ?? {};
    orders.push({ at, nodes, needNodes, shrinkToNodes });
  }
  stop.abort();
  await clock.step(tickMs);
  await running;
  return orders;
}

/** A week of ticks in both: half a minute here, and several times that on a busy machine. */
describe('the service and its replay', { timeout: 300_000 }, () => {
  it.each([
    { days: 7, settings: {}, other: { HANGAR_AUTOSCALER_WAIT_PRICE: '40' } },
    {
      ...{ days: 3, settings: { HANGAR_AUTOSCALER_WAIT_BOUND: '30s' } },
      other: { HANGAR_AUTOSCALER_WAIT_BOUND: '3m' },
    },
  ])('give the same orders for the same events, tick by tick, over $days days: $settings', async (played) => {
    const { days, settings, other } = played;
    const jobs = inWholeSeconds(generateLoad({ load: 'harder', seed: 2, days, prsPerDay: 12, named: true }));
    const script = replayed(jobs, settings);
    const orders = await live(script, settings);

    expect(script.ticks.length).toBeGreaterThan(((days - 0.5) * 86_400) / 120);
    expect(new Set(script.ticks.map(({ nodes }) => nodes)).size).toBeGreaterThan(5);
    const firstDifference = orders.findIndex(
      (order, nth) => JSON.stringify(order) !== JSON.stringify(script.ticks[nth]),
    );
    const around = (all: readonly Tick[]) => all.slice(Math.max(0, firstDifference - 1), firstDifference + 2);
    if (firstDifference >= 0) expect(around(orders)).toEqual(around(script.ticks));
    expect(firstDifference).toBe(-1);
    // The comparison sees a small change of one setting.
    expect(replayed(jobs, other).ticks).not.toEqual(script.ticks);
  });
});
