import { ActRecorder } from '@hangar/autoscaler/act/act-recorder';
import { AuditTrail } from '@hangar/autoscaler/act/audit';
import { CapacityBufferObject } from '@hangar/autoscaler/act/capacity-buffer';
import { GuardedActuator } from '@hangar/autoscaler/act/guarded-actuator';
import type { ActRules } from '@hangar/autoscaler/act/judge';
import { PlaceholderObject } from '@hangar/autoscaler/act/placeholder';
import { Placer } from '@hangar/autoscaler/act/placer';
import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import { blockingPods } from '@hangar/autoscaler/act/static-node-pool/emptiness';
import { NodePoolObject } from '@hangar/autoscaler/act/static-node-pool/node-pool-object';
import { REMOVAL_RULES, StaticNodePool } from '@hangar/autoscaler/act/static-node-pool/static-node-pool';
import type { PoolNode } from '@hangar/autoscaler/capacity/pool-node';
import type { Taint } from '@hangar/autoscaler/capacity/scheduling';
import { Leadership } from '@hangar/autoscaler/lead/leadership';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import type { CoreV1Event, KubernetesObject, V1Deployment, V1PriorityClass } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { installEngineKinds } from './engine-kinds.ts';
import { BUILD_POD_SPEC, FakePool } from './fake-pool.ts';

const clock = systemClock();
const log = silentLogger;
const NODE = { cpu: '3920m', memory: '6018Mi', pods: 110 };
const BUILDS_A_NODE = 3;

let real: RealCluster;
let removeKinds: () => Promise<void>;
beforeAll(async () => {
  real = await connectRealCluster();
  removeKinds = await installEngineKinds(real);
});
afterAll(() => removeKinds());

/** The pool's nodes as the service's watch would have them. */
async function poolNodes(pool: FakePool): Promise<readonly PoolNode[]> {
  return (await pool.nodes()).map(({ metadata, spec }) => {
    const name = metadata?.name ?? '';
    const builds = blockingPods(pool.pods, name).length;
    return {
      name,
      uid: metadata?.uid ?? '',
      resourceVersion: metadata?.resourceVersion ?? '',
      taints: (spec?.taints ?? []) as readonly Taint[],
      ready: true,
      unschedulable: false,
      builds,
      room: BUILDS_A_NODE - builds,
      emptySinceMs: builds === 0 ? Number.NEGATIVE_INFINITY : undefined,
    };
  });
}

const recording = (pool: FakePool) => {
  const trail = new AuditTrail();
  return { trail, recorder: new ActRecorder({ clock, cluster: pool.cluster, log, trail }) };
};
const rules = (more: Partial<ActRules> = {}): ActRules => ({
  self: 'ci/hangar',
  dryRun: false,
  lowerPaceMs: 0,
  mostNodes: 50,
  ...more,
});
const eventsOf = async (pool: FakePool): Promise<readonly CoreV1Event[]> => {
  const target = { resource: RESOURCE.events, namespace: pool.namespace };
  return (await pool.cluster.list<CoreV1Event>(target, {}, pool.signal)).items;
};
const ours = (events: readonly CoreV1Event[]) =>
  events.filter(({ source }) => source?.component === 'hangar-autoscaler').map(({ reason }) => reason);

describe('placing, with the real scheduler', () => {
  let pool: FakePool;
  let builds = 0;
  beforeAll(async () => {
    pool = await FakePool.open(real, 'placing');
    await Promise.all(['a', 'b', 'c'].map((name) => pool.addNode(name, NODE)));
    await pool.nodesReady();
  });
  afterAll(() => pool.close());

  const build = async (): Promise<string | undefined> => {
    const name = `build-${builds++}`;
    await pool.createPod(name, BUILD_POD_SPEC);
    return pool.decided(name);
  };

  it('builds go to the nodes that are open, and wait for none that is not', async () => {
    const options = { pool: 'ci', dryRun: false, writesPerTick: 10, markPaceMs: 0 };
    const placer = new Placer({ clock, cluster: pool.cluster, recorder: recording(pool).recorder }, options);
    const tick = async (openRoom: number) =>
      placer.tick(await poolNodes(pool), { openRoom, slackRoom: 0 }, pool.signal);
    expect(await tick(BUILDS_A_NODE)).toMatchObject({ kind: 'set' });
    const open = pool.nodeName('a');
    const softly = (await pool.nodes()).filter(({ spec }) =>
      (spec?.taints ?? []).some(({ effect }) => effect === 'PreferNoSchedule'),
    );
    expect(softly.map(({ metadata }) => metadata?.name)).toEqual([pool.nodeName('b'), pool.nodeName('c')]);
    // The scheduler observes the marks a moment after us.
    await pool.eventually('builds to keep to the open node', async () => {
      const where = [await build(), await build(), await build()];
      if (where.every((one) => one === open)) return true;
      await pool.removePods(pool.pods.map(({ metadata }) => metadata?.name ?? ''));
      return false;
    });
    const more = await Promise.all(Array.from({ length: 2 * BUILDS_A_NODE }, build));
    expect(new Set(more)).toEqual(new Set([pool.nodeName('b'), pool.nodeName('c')]));
    expect(await tick(0)).toMatchObject({
      kind: 'set',
      text: expect.stringContaining('unmarked') as string,
    });
    expect(await build()).toBeUndefined();
  });
});

type Pool = KubernetesObject & { spec: Record<string, unknown>; status?: object };

describe('acting, on the real kinds', () => {
  let pool: FakePool;
  beforeAll(async () => {
    pool = await FakePool.open(real, 'acting');
  });
  afterAll(() => pool.close());

  const actuator = (object: CapacityBufferObject | PlaceholderObject, more: Partial<ActRules> = {}) => {
    const { recorder, trail } = recording(pool);
    const facts = { bootMs: () => 0, nodes: () => 0 };
    return { trail, acts: new GuardedActuator({ clock, recorder, object }, rules(more), facts) };
  };

  it('a CapacityBuffer gets replicas and owner; that no controller serves it is reported, and it is not increased', async () => {
    const target = { resource: ACT_RESOURCE.capacityBuffers, namespace: pool.namespace };
    await pool.eventually('the kind to be served', async () => {
      const metadata = { name: 'builds' };
      const spec = { podTemplateRef: { name: 'node-sized' }, replicas: 1 };
      const buffer = { apiVersion: 'autoscaling.x-k8s.io/v1beta1', kind: 'CapacityBuffer', metadata, spec };
      await pool.cluster.create<Pool>(target, buffer, pool.signal);
      return true;
    });
    const options = { namespace: pool.namespace, name: 'builds', chunksPerNode: 1 };
    const { acts } = actuator(new CapacityBufferObject(pool.cluster, options));
    expect(await acts.set(4, 'rush hour', pool.signal)).toMatchObject({ kind: 'set' });
    expect(await acts.set(4, 'rush hour', pool.signal)).toMatchObject({ kind: 'unchanged' });
    const stored = await pool.cluster.get<Pool>({ ...target, name: 'builds' }, pool.signal);
    expect(stored.spec).toMatchObject({ podTemplateRef: { name: 'node-sized' }, replicas: 4 });
    expect(stored.metadata?.annotations).toMatchObject({ 'hangar.dev/scaled-by': 'ci/hangar' });
    await pool.eventually('the trouble to be seen', async () => {
      const seen = await acts.observe(pool.signal);
      return seen.kind === 'found' && seen.service === 'unserved';
    });
    expect(await acts.set(5, 'rush hour', pool.signal)).toMatchObject({ kind: 'unserved' });
    expect(await acts.set(0, 'night', pool.signal)).toMatchObject({ kind: 'set' });
    const reported = ours(await eventsOf(pool));
    expect(reported.filter((reason) => reason === 'Scaled')).toHaveLength(2);
    expect(new Set(reported)).toEqual(new Set(['Scaled', 'Unserved']));
    const other = actuator(new CapacityBufferObject(pool.cluster, options), { self: 'ci/other' });
    expect(await other.acts.set(9, 'demand', pool.signal)).toMatchObject({ kind: 'foreign-owner' });
  });

  it('placeholders fill a node each, and a build pushes one out at once', async () => {
    await pool.addNode('p', NODE);
    await pool.nodesReady();
    const name = `room-${pool.namespace}`;
    const { key, value = '' } = pool.fence;
    const object = new PlaceholderObject(pool.cluster, { namespace: pool.namespace, name });
    const deployments = { resource: ACT_RESOURCE.deployments, namespace: pool.namespace };
    const target = { ...deployments, name };
    const priorities = { base: '/apis/scheduling.k8s.io/v1', plural: 'priorityclasses' };
    // As the chart makes them.
    await pool.cluster.create<V1PriorityClass>(
      { resource: priorities },
      { metadata: { name }, value: -10, preemptionPolicy: 'Never', globalDefault: false },
      pool.signal,
    );
    const labels = { 'hangar.dev/placeholder': name };
    const requests = { cpu: '3900m', memory: '5000000000' };
    await pool.cluster.create<V1Deployment>(
      deployments,
      {
        metadata: { name, labels },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          strategy: { type: 'Recreate' },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: name,
              terminationGracePeriodSeconds: 0,
              nodeSelector: { 'hangar.dev/fake': pool.namespace },
              tolerations: [{ key, operator: 'Equal', value }],
              containers: [{ name: 'pause', image: 'fake', resources: { requests } }],
            },
          },
        },
      },
      pool.signal,
    );
    const { acts } = actuator(object);
    try {
      expect(await acts.set(1, 'rush hour', pool.signal)).toMatchObject({ kind: 'set' });
      await pool.watched('the placeholder to run', () =>
        pool.pods.some(
          ({ metadata, status }) => metadata?.name?.startsWith(name) && status?.phase === 'Running',
        ),
      );
      expect(pool.pods.map(({ spec }) => spec?.priority)).toEqual([-10]);
      expect(await acts.observe(pool.signal)).toMatchObject({ kind: 'found', nodes: 1 });
      await pool.createPod('build', BUILD_POD_SPEC);
      await pool.watched('the build to have its node', () =>
        pool.pods.some(
          ({ metadata, spec }) => metadata?.name === 'build' && spec?.nodeName === pool.nodeName('p'),
        ),
      );
      expect(await acts.set(0, 'night', pool.signal)).toMatchObject({ kind: 'set' });
      expect((await pool.cluster.get<V1Deployment>(target, pool.signal)).spec?.replicas).toBe(0);
    } finally {
      await pool.cluster.remove(target, {}, pool.signal);
      await pool.cluster.remove({ resource: priorities, name }, {}, pool.signal);
    }
  });

  it('one of two replicas leads, by a real Lease', async () => {
    const options = { namespace: pool.namespace, name: 'lead', termMs: 4_000 };
    const stops = [new AbortController(), new AbortController()];
    const leading = new Set<number>();
    let most = 0;
    const ended = stops.map(({ signal }, index) =>
      new Leadership({ clock, cluster: pool.cluster, log }, { ...options, replica: `r${index}` }).run(
        (lost) =>
          new Promise((resolve) => {
            leading.add(index);
            most = Math.max(most, leading.size);
            const stop = (): void => {
              leading.delete(index);
              resolve();
            };
            lost.addEventListener('abort', stop);
          }),
        signal,
      ),
    );
    await pool.eventually('one to lead', () => Promise.resolve(leading.size === 1));
    const [first = 0] = leading;
    stops[first]?.abort();
    await pool.eventually('the other to lead', () => Promise.resolve(leading.has(1 - first)));
    for (const stop of stops) stop.abort();
    await Promise.all(ended);
    expect(most).toBe(1);
  });
});

/** Keeps a static pool's nodes as Karpenter does, with fake ones: replaces up to the limit, removes a node with its claim. */
class Engine {
  readonly harm: string[] = [];
  taken = 0;
  readonly #pool: FakePool;
  readonly #name: string;
  #nodes = 0;

  constructor(pool: FakePool, name: string) {
    this.#pool = pool;
    this.#name = name;
  }

  async make(replicas: number): Promise<void> {
    const nodeClassRef = { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: 'none' };
    const template = { spec: { nodeClassRef, requirements: [] } };
    const head = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool', metadata: { name: this.#name } };
    const object = { ...head, spec: { replicas, template } };
    await this.#pool.eventually('the kind to be served', async () => {
      await this.#pool.cluster.create<Pool>({ resource: ACT_RESOURCE.nodePools }, object, this.#pool.signal);
      return true;
    });
    for (let node = 0; node < replicas; node += 1) await this.#addNode();
    await this.#tell(replicas);
    await this.#pool.nodesReady();
  }

  spec = async (): Promise<{ replicas?: number; limits?: { nodes?: string } }> => {
    const target = { resource: ACT_RESOURCE.nodePools, name: this.#name };
    return (await this.#pool.cluster.get<Pool>(target, this.#pool.signal)).spec;
  };

  async claims(): Promise<readonly string[]> {
    const selection = { labelSelector: `karpenter.sh/nodepool=${this.#name}` };
    const { items } = await this.#pool.cluster.list(
      { resource: ACT_RESOURCE.nodeClaims },
      selection,
      this.#pool.signal,
    );
    return items.map(({ metadata }) => metadata?.name ?? '');
  }

  async work(): Promise<void> {
    const claims = await this.claims();
    const nodes = (await this.#pool.nodes()).map(({ metadata }) => metadata?.name ?? '');
    for (const name of nodes) if (!claims.includes(name)) await this.#takeDown(name);
    const { replicas = 0, limits = {} } = await this.spec();
    if (claims.length > replicas)
      this.harm.push(`the engine chose: ${claims.length} claims, ${replicas} wanted`);
    const most = Math.min(replicas, Number(limits.nodes ?? Number.POSITIVE_INFINITY));
    for (let running = claims.length; running < most; running += 1) await this.#addNode();
    await this.#tell(claims.length);
  }

  async remove(): Promise<void> {
    const { cluster, signal } = this.#pool;
    for (const name of await this.claims())
      await cluster.remove({ resource: ACT_RESOURCE.nodeClaims, name }, {}, signal);
    await cluster.remove({ resource: ACT_RESOURCE.nodePools, name: this.#name }, {}, signal);
  }

  async #takeDown(name: string): Promise<void> {
    const target = { resource: RESOURCE.pods, namespace: this.#pool.namespace };
    const { items } = await this.#pool.cluster.list(target, {}, this.#pool.signal);
    const builds = blockingPods(items, name).map(({ metadata }) => metadata?.name);
    if (builds.length > 0) this.harm.push(`${builds.join(', ')} on ${name}`);
    this.taken += 1;
    await this.#pool.removeNode(name);
  }

  async #addNode(): Promise<void> {
    const { cluster, signal } = this.#pool;
    const node = `k${this.#nodes++}`;
    const name = this.#pool.nodeName(node);
    await this.#pool.addNode(node, NODE);
    const nodeClassRef = { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: 'none' };
    const metadata = { name, labels: { 'karpenter.sh/nodepool': this.#name } };
    const head = { apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim', metadata };
    const claim = { ...head, spec: { nodeClassRef, requirements: [] } };
    await cluster.create<Pool>({ resource: ACT_RESOURCE.nodeClaims }, claim, signal);
    const target = { resource: ACT_RESOURCE.nodeClaims, name, subresource: 'status' };
    await cluster.patch(target, { status: { nodeName: name } }, 'merge', signal);
  }

  async #tell(nodes: number): Promise<void> {
    const target = { resource: ACT_RESOURCE.nodePools, name: this.#name, subresource: 'status' };
    await this.#pool.cluster.patch(target, { status: { nodes } }, 'merge', this.#pool.signal);
  }
}

describe('shrinking an own pool, with the real scheduler', () => {
  let pool: FakePool;
  let engine: Engine;
  beforeAll(async () => {
    pool = await FakePool.open(real, 'shrinking');
    engine = new Engine(pool, pool.namespace);
    await engine.make(9);
  });
  afterAll(async () => {
    await engine.remove();
    await pool.close();
  });

  it('removes nodes while builds start and end, and none with a build', async () => {
    const object = new NodePoolObject(pool.cluster, pool.namespace, 'ci/hangar');
    const { recorder, trail } = recording(pool);
    let view = await poolNodes(pool);
    const acts = new StaticNodePool(
      { clock, cluster: pool.cluster, log, recorder, object },
      { ...rules(), ...REMOVAL_RULES, emptyForMs: 0, batch: 3 },
      { nodes: () => view, bootMs: () => 60_000 },
    );
    const arrivals = new AbortController();
    const busy = arrive(pool, arrivals.signal);
    try {
      await pool.eventually('the pool to be small', async () => {
        view = await poolNodes(pool);
        const { kind } = await acts.set(4, 'evening', pool.signal);
        await engine.work();
        return kind === 'unchanged' && (await engine.spec()).replicas === 4;
      });
    } finally {
      arrivals.abort();
      await busy;
    }
    expect(engine.harm).toEqual([]);
    expect(engine.taken).toBe(5);
    expect(await engine.spec()).toMatchObject({ replicas: 4 });
    expect((await engine.spec()).limits?.nodes).toBeUndefined();
    const left = (await pool.nodes()).flatMap(({ spec }) => (spec?.taints ?? []).map(({ key }) => key));
    expect(new Set(left)).toEqual(new Set([pool.fence.key]));
    expect(trail.entries.some(({ kind }) => kind === 'set')).toBe(true);
  });
});

/** Builds without end, each for a moment, never more than fit on three nodes: so that some nodes empty and fill again all the time. */
async function arrive(pool: FakePool, signal: AbortSignal): Promise<void> {
  const alive: string[] = [];
  for (let number = 0; !signal.aborted; number += 1) {
    const name = `build-${number}`;
    await pool.createPod(name, BUILD_POD_SPEC);
    alive.push(name);
    await pool.decided(name);
    if (alive.length > 2 * BUILDS_A_NODE) await pool.removePods(alive.splice(0, 1 + (number % 4)));
    await clock.sleep(60, signal);
  }
}
