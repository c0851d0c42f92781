import { RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { KubernetesObject, V1Node, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { CLOSING_TAINT, isTaint, type PoolNode } from '../../capacity/pool-node.ts';
import type { Taint } from '../../capacity/scheduling.ts';
import { type Random, seededRandom } from '../../simulate/random.ts';
import { ActRecorder } from '../act-recorder.ts';
import { AuditTrail } from '../audit.ts';
import type { ActRules } from '../judge.ts';
import { ACT_RESOURCE } from '../resources.ts';
import { blockingPods } from './emptiness.ts';
import { NodePoolObject } from './node-pool-object.ts';
import type { RemovalRules } from './plan.ts';
import { StaticNodePool } from './static-node-pool.ts';

const never = new AbortController().signal;
const POOL: Target = { resource: ACT_RESOURCE.nodePools, name: 'ci' };
const SELF = 'ci/hangar';
type Pool = KubernetesObject & {
  spec: { replicas?: number; limits?: { nodes?: string } };
  status?: { nodes: number };
};
const nodeTarget = (name: string): Target => ({ resource: RESOURCE.nodes, name });
const claimTarget = (name: string): Target => ({ resource: ACT_RESOURCE.nodeClaims, name });
const podTarget = (name: string): Target => ({ resource: RESOURCE.pods, namespace: 'ci', name });

/** A pool as its engine keeps it: what replaces, what is chosen when the number goes down first. */
class PoolSim {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly trail = new AuditTrail();
  /** What went wrong: builds on taken nodes, nodes chosen by the engine itself. */
  readonly harm: string[] = [];
  taken = 0;
  #names = 0;
  /** Taints of each node over time, for a scheduler that is late. */
  readonly #seen = new Map<string, { atMs: number; taints: readonly Taint[] }[]>();

  constructor(size: number, spec: Pool['spec'] = { replicas: size }) {
    this.cluster.put<Pool>(POOL, { metadata: { name: 'ci' }, spec, status: { nodes: size } });
    for (let node = 0; node < size; node += 1) this.addNode();
  }

  get pool(): Pool {
    return this.cluster.find<Pool>(POOL) ?? { spec: {} };
  }

  names(): readonly string[] {
    return this.cluster.all<V1Node>({ resource: RESOURCE.nodes }).map(({ metadata }) => metadata?.name ?? '');
  }

  addNode(): string {
    const name = `n${this.#names++}`;
    this.cluster.put<V1Node>(nodeTarget(name), { metadata: { name }, spec: {} });
    const labels = { 'karpenter.sh/nodepool': 'ci' };
    const claim = { metadata: { name: `c-${name}`, labels }, status: { nodeName: name } };
    this.cluster.put(claimTarget(`c-${name}`), claim);
    return name;
  }

  buildsOn(name: string): number {
    return blockingPods(this.cluster.all<V1Pod>({ resource: RESOURCE.pods }), name).length;
  }

  addPod(node: string): string {
    const name = `p${this.#names++}`;
    this.cluster.put<V1Pod>(podTarget(name), {
      metadata: { name },
      spec: { containers: [], nodeName: node },
    });
    return name;
  }

  /** The engine at work: `wins` says whether it is quicker than whoever writes next. */
  engine(): void {
    const claims = this.cluster.all({ resource: ACT_RESOURCE.nodeClaims });
    for (const name of this.names())
      if (!claims.some(({ metadata }) => metadata?.name === `c-${name}`)) this.#vanish(name);
    const { replicas = 0, limits } = this.pool.spec;
    const most = Number(limits?.nodes ?? Number.POSITIVE_INFINITY);
    for (let running = claims.length; running < Math.min(replicas, most); running += 1) this.addNode();
    if (claims.length > replicas)
      this.harm.push(`the engine chose: ${claims.length} claims, ${replicas} wanted`);
  }

  #vanish(name: string): void {
    if (this.buildsOn(name) > 0) this.harm.push(`a build was on ${name}`);
    this.taken += 1;
    this.cluster.drop(nodeTarget(name));
  }

  /** Remembers what a scheduler could see at this time. */
  note(): void {
    for (const name of this.names()) {
      const taints = (this.cluster.find<V1Node>(nodeTarget(name))?.spec?.taints ?? []) as readonly Taint[];
      const seen = this.#seen.get(name) ?? [];
      seen.push({ atMs: this.clock.monotonicMs(), taints });
      this.#seen.set(name, seen.slice(-60));
    }
  }

  /** Nodes that a scheduler with so old a view takes for open. */
  openTo(lagMs: number): readonly string[] {
    const atMs = this.clock.monotonicMs() - lagMs;
    return this.names().filter((name) => {
      const then = (this.#seen.get(name) ?? []).findLast((one) => one.atMs <= atMs);
      return !(then?.taints ?? []).some((taint) => isTaint(taint, CLOSING_TAINT));
    });
  }

  poolNodes(): readonly PoolNode[] {
    return this.cluster.all<V1Node>({ resource: RESOURCE.nodes }).map(({ metadata, spec }) => {
      const name = metadata?.name ?? '';
      const builds = this.buildsOn(name);
      const taints = (spec?.taints ?? []) as readonly Taint[];
      const known = { uid: metadata?.uid ?? '', resourceVersion: metadata?.resourceVersion ?? '' };
      const emptySinceMs = builds === 0 ? -1e6 : undefined;
      return {
        name,
        taints,
        builds,
        room: 3 - builds,
        ready: true,
        unschedulable: false,
        emptySinceMs,
        ...known,
      };
    });
  }

  actuator(
    rules: Partial<ActRules & RemovalRules> = {},
    view = () => this.poolNodes(),
    announcedShare = 0,
  ): StaticNodePool {
    const { clock, cluster } = this;
    const recorder = new ActRecorder({ clock, cluster, log: silentLogger, trail: this.trail });
    const object = new NodePoolObject(cluster, 'ci', SELF);
    const all = {
      self: SELF,
      dryRun: false,
      lowerPaceMs: 0,
      mostNodes: 100,
      settleMs: 5_000,
      emptyForMs: 0,
      batch: 3,
    };
    const parts = { clock, cluster, log: silentLogger, recorder, object };
    return new StaticNodePool(
      parts,
      { ...all, ...rules },
      {
        ...{ nodes: view, bootMs: () => 60_000, announcedShare: () => announcedShare },
      },
    );
  }
}

const because = 'few builds';

/** Calls `set` as ticks do, with the engine at work between, until it says something else than `shrinking`. */
async function ticks(cluster: PoolSim, pool: StaticNodePool, nodes: number): Promise<string[]> {
  const kinds: string[] = [];
  for (let tick = 0; tick < 20; tick += 1) {
    const { kind } = await pool.set(nodes, because, never);
    kinds.push(kind);
    if (kind !== 'shrinking' && kind !== 'set') break;
    cluster.engine();
    await cluster.clock.step(10_000);
  }
  return kinds;
}

describe('growing', () => {
  it('is one write through the scale subresource, after the pool is claimed', async () => {
    const cluster = new PoolSim(2);
    expect(await cluster.actuator().set(5, 'demand', never)).toMatchObject({ kind: 'set' });
    const writes = cluster.cluster.calls.filter(({ verb }) => verb === 'patch');
    expect(writes.map(({ target }) => target.subresource)).toEqual([undefined, 'scale']);
    expect(writes[1]?.body).toMatchObject({ spec: { replicas: 5 } });
    expect(cluster.pool.metadata?.annotations).toMatchObject({ 'hangar.dev/scaled-by': SELF });
  });

  it('is written as an Event with the reason, and in the audit list', async () => {
    const cluster = new PoolSim(2);
    cluster.cluster.put<Pool>(POOL, {
      ...cluster.pool,
      metadata: { name: 'ci', annotations: { 'hangar.dev/scaled-by': SELF } },
    });
    const pool = cluster.actuator();
    cluster.cluster.fail('patch', 'nodepools', refusal(409, 'Conflict'));
    expect(await pool.set(5, 'demand', never)).toMatchObject({ kind: 'conflict' });
    const events = cluster.cluster.all({ resource: RESOURCE.events });
    expect(events).toEqual([]);
    expect(cluster.trail.entries).toMatchObject([{ kind: 'conflict', from: 2, to: 5, because: 'demand' }]);
  });

  it.each([
    ['most nodes', 4, 6, 'unserved'],
    ['a few nodes', 2, 3, 'set'],
    ['half of the nodes with a build on one', 3, 7, 'set'],
  ] as const)('with %s closed to builds by somebody else: %i of %i', async (_, closed, size, kind) => {
    const cluster = new PoolSim(size);
    const view = () => cluster.poolNodes().map((node, nth) => ({ ...node, closed: nth < closed }));
    const outcome = await cluster.actuator({}, view).set(size + 1, 'demand', never);
    expect(outcome.kind).toBe(kind);
    if (kind === 'unserved') expect(outcome.text).toContain('HANGAR_AUTOSCALER_POOL_TAINT');
  });
});

describe('shrinking', () => {
  it('takes the empty nodes themselves, then lowers the number; the limit is as before', async () => {
    const cluster = new PoolSim(4, { replicas: 4, limits: { nodes: '9' } });
    cluster.addPod('n0');
    cluster.addPod('n2');
    expect(await ticks(cluster, cluster.actuator(), 2)).toEqual([
      'shrinking',
      'shrinking',
      'set',
      'unchanged',
    ]);
    expect(cluster.names()).toEqual(['n0', 'n2']);
    expect(cluster.pool.spec).toEqual({ replicas: 2, limits: { nodes: '9' } });
    expect(cluster.pool.metadata?.annotations).toEqual({ 'hangar.dev/scaled-by': SELF });
    expect(cluster.harm).toEqual([]);
  });

  it.each([
    { title: 'waits until nodes were empty long enough', share: 0, kind: 'unchanged' },
    { title: 'waits for half of it where half of the builds are announced', share: 0.5, kind: 'unchanged' },
    { title: 'waits for nothing where all of them are', share: 1, kind: 'shrinking' },
  ])('$title', async ({ share, kind }) => {
    const cluster = new PoolSim(3);
    // The nodes have been empty for 1,000 s.
    const pool = cluster.actuator({ emptyForMs: 2_500_000 }, undefined, share);
    expect(await pool.set(1, because, never)).toMatchObject({ kind });
  });

  it('waits for less than half after it grew where more than half of the builds are announced', async () => {
    const halfAMinuteAfter = async (share: number): Promise<string> => {
      const cluster = new PoolSim(3);
      const pool = cluster.actuator({ lowerPaceMs: 60_000 }, undefined, share);
      await pool.set(4, because, never);
      cluster.engine();
      await cluster.clock.step(30_000);
      return (await pool.set(1, because, never)).kind;
    };
    expect(await halfAMinuteAfter(0)).toBe('unchanged');
    expect(await halfAMinuteAfter(0.6)).toBe('shrinking');
  });

  it('reopens a node on which a Pod came while it closed, and takes the other', async () => {
    const cluster = new PoolSim(3);
    cluster.addPod('n0');
    const pool = cluster.actuator();
    await pool.set(1, because, never);
    cluster.addPod('n1');
    await cluster.clock.step(10_000);
    expect(await pool.set(1, because, never)).toMatchObject({ kind: 'shrinking' });
    expect(cluster.cluster.find<V1Node>(nodeTarget('n1'))?.spec?.taints).toBeUndefined();
    expect(await ticks(cluster, pool, 1)).toEqual(['set', 'unchanged']);
    expect(cluster.names()).toEqual(['n0', 'n1']);
  });

  it('opens closed nodes again when they are needed, before it asks for more', async () => {
    const cluster = new PoolSim(3);
    const pool = cluster.actuator();
    await pool.set(1, because, never);
    expect(await pool.set(4, 'demand', never)).toMatchObject({ kind: 'set' });
    expect(cluster.poolNodes().flatMap(({ taints }) => taints)).toEqual([]);
    expect(cluster.pool.spec.replicas).toBe(4);
  });

  it('goes on where a former leader was: closed nodes, held pool, one claim removed and one not', async () => {
    const cluster = new PoolSim(3);
    const first = cluster.actuator();
    await first.set(1, because, never);
    await cluster.clock.step(10_000);
    let removals = 0;
    cluster.cluster.intercept(({ verb }) => {
      if (verb === 'remove' && ++removals === 2) throw noAnswer();
    });
    expect(await first.set(1, because, never)).toMatchObject({ kind: 'refused' });
    expect(await ticks(cluster, cluster.actuator(), 1)).toEqual(['shrinking', 'set', 'unchanged']);
    expect(cluster.names()).toHaveLength(1);
    expect(cluster.harm).toEqual([]);
  });

  it('gives a held node up when it was uncordoned by another client and a build came', async () => {
    const cluster = new PoolSim(3);
    const pool = cluster.actuator();
    await pool.set(2, because, never);
    await cluster.clock.step(10_000);
    cluster.cluster.fail('remove', 'nodeclaims', noAnswer());
    await pool.set(2, because, never);
    cluster.cluster.put<V1Node>(nodeTarget('n0'), { metadata: { name: 'n0' }, spec: {} });
    cluster.addPod('n0');
    await pool.set(3, because, never);
    await ticks(cluster, pool, 3);
    expect(cluster.names()).toHaveLength(3);
    expect(cluster.pool.spec).toEqual({ replicas: 3, limits: {} });
    expect(cluster.harm).toEqual([]);
  });

  it('opens nodes again when the pool may not be held', async () => {
    const cluster = new PoolSim(2);
    const pool = cluster.actuator();
    await pool.set(1, because, never);
    await cluster.clock.step(10_000);
    cluster.cluster.fail('patch', 'nodepools', refusal(403, 'Forbidden'));
    expect(await pool.set(1, because, never)).toMatchObject({ kind: 'refused' });
    expect(cluster.poolNodes().flatMap(({ taints }) => taints)).toEqual([]);
    expect(cluster.cluster.count('remove', 'nodeclaims')).toBe(0);
  });

  it('opens closed nodes again when the pool is paused, and does no more', async () => {
    const cluster = new PoolSim(2);
    const pool = cluster.actuator();
    await pool.set(1, because, never);
    const annotations = { 'hangar.dev/paused': 'true' };
    cluster.cluster.put<Pool>(POOL, { ...cluster.pool, metadata: { name: 'ci', annotations } });
    expect(await pool.set(1, because, never)).toMatchObject({ kind: 'paused' });
    expect(cluster.poolNodes().flatMap(({ taints }) => taints)).toEqual([]);
  });

  it('a dry run says what it would do and writes nothing', async () => {
    const cluster = new PoolSim(2);
    const pool = cluster.actuator({ dryRun: true });
    expect(await pool.set(1, because, never)).toMatchObject({ kind: 'would-set' });
    expect(cluster.cluster.calls.every(({ verb }) => verb === 'get' || verb === 'list')).toBe(true);
  });

  it("leaves another one's pool, and one that isn't static, alone", async () => {
    const cluster = new PoolSim(2);
    const annotations = { 'hangar.dev/scaled-by': 'other/hangar' };
    cluster.cluster.put<Pool>(POOL, { ...cluster.pool, metadata: { name: 'ci', annotations } });
    expect(await cluster.actuator().set(1, because, never)).toMatchObject({ kind: 'foreign-owner' });
    expect(await new PoolSim(2, {}).actuator().set(1, because, never)).toMatchObject({ kind: 'refused' });
  });
});

/** One life of a pool: builds come and go, the desired number changes, between and during the calls. @returns what was taken and what went wrong */
async function live(random: Random, settleMs: number): Promise<Pick<PoolSim, 'taken' | 'harm'>> {
  const cluster = new PoolSim(8);
  // The watch is late too: it shows the nodes as they were some calls ago.
  let view = cluster.poolNodes();
  const pool = cluster.actuator({ settleMs, batch: 1 + random.below(4) }, () => view);
  const pods: string[] = [];
  const disturb = async (): Promise<void> => {
    cluster.note();
    const open = cluster.openTo(random.below(4_900));
    const node = open[random.below(Math.max(1, open.length))];
    const chance = random.next();
    if (chance < 0.1 && node !== undefined && cluster.buildsOn(node) < 3) pods.push(cluster.addPod(node));
    const gone = chance > 0.8 ? pods.splice(random.below(pods.length), 1)[0] : undefined;
    if (gone) cluster.cluster.drop(podTarget(gone));
    if (random.next() < 0.3) cluster.engine();
    await cluster.clock.step(random.below(400));
  };
  cluster.cluster.intercept(() => disturb());
  for (let tick = 0; tick < 60; tick += 1) {
    if (random.next() < 0.8) view = cluster.poolNodes();
    await pool.set(random.next() < 0.7 ? 2 : 8, because, never);
    for (let turn = 0; turn < 4; turn += 1) await disturb();
    await cluster.clock.step(random.below(6_000));
  }
  return cluster;
}

describe('under any interleaving of arrivals', () => {
  it('500 nodes are taken, and no build was on any of them', { timeout: 120_000 }, async () => {
    let taken = 0;
    for (let seed = 0; taken < 500 && seed < 200; seed += 1) {
      const { harm, taken: more } = await live(seededRandom(seed), 5_000);
      expect(harm, `seed ${seed}`).toEqual([]);
      taken += more;
    }
    expect(taken).toBeGreaterThanOrEqual(500);
  });

  it('which is the settling: without it the same arrivals lose builds', { timeout: 120_000 }, async () => {
    let harm = 0;
    for (let seed = 0; harm === 0 && seed < 60; seed += 1)
      harm += (await live(seededRandom(seed), 0)).harm.filter((one) => one.startsWith('a build')).length;
    expect(harm).toBeGreaterThan(0);
  });
});
