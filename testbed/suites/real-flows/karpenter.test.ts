import { ActRecorder } from '@hangar/autoscaler/act/act-recorder';
import { AuditTrail } from '@hangar/autoscaler/act/audit';
import { CapacityBufferObject } from '@hangar/autoscaler/act/capacity-buffer';
import { GuardedActuator } from '@hangar/autoscaler/act/guarded-actuator';
import { blockingPods } from '@hangar/autoscaler/act/static-node-pool/emptiness';
import { NodePoolObject } from '@hangar/autoscaler/act/static-node-pool/node-pool-object';
import { REMOVAL_RULES, StaticNodePool } from '@hangar/autoscaler/act/static-node-pool/static-node-pool';
import type { PoolNode } from '@hangar/autoscaler/capacity/pool-node';
import type { Taint } from '@hangar/autoscaler/capacity/scheduling';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { BUILD_POD_SPEC, FakePool, isReady } from './fake-pool.ts';
import { KarpenterEngine, makeBuffer } from './karpenter-engine.ts';

const clock = systemClock();
const log = silentLogger;
const RULES = { self: 'ci/hangar', dryRun: false, lowerPaceMs: 0, mostNodes: 9 };

function poolNodeOf(node: V1Node, builds: number): PoolNode {
  const { name = '', uid = '', resourceVersion = '' } = node.metadata ?? {};
  return {
    name,
    uid,
    resourceVersion,
    taints: (node.spec?.taints ?? []) as readonly Taint[],
    ready: isReady(node),
    unschedulable: false,
    builds,
    room: 3 - builds,
    emptySinceMs: builds > 0 ? undefined : Number.NEGATIVE_INFINITY,
  };
}

describe('with the real Karpenter', () => {
  let pool: FakePool;
  let engine: KarpenterEngine;

  const nodesOf = async (name: string): Promise<readonly PoolNode[]> =>
    (await pool.nodes())
      .filter(({ metadata }) => metadata?.labels?.['karpenter.sh/nodepool'] === name)
      .map((node) => poolNodeOf(node, blockingPods(pool.pods, node.metadata?.name ?? '').length));

  const recorder = () => new ActRecorder({ clock, cluster: pool.cluster, log, trail: new AuditTrail() });

  beforeAll(async () => {
    const real = await connectRealCluster();
    pool = await FakePool.open(real, 'karpenter');
    engine = await KarpenterEngine.start(real, pool, 1);
  });

  afterAll(async () => {
    await engine.close();
    await pool.close();
  });

  it('a static pool grows, and shrinks by the empty nodes that we chose: Karpenter replaces none of them', async () => {
    const name = `${pool.namespace}-static`;
    await engine.makeNodePool(name, { spec: { replicas: 0 } });
    const object = new NodePoolObject(pool.cluster, name, RULES.self);
    let view: readonly PoolNode[] = [];
    const acts = new StaticNodePool(
      { clock, cluster: pool.cluster, log, recorder: recorder(), object },
      { ...RULES, ...REMOVAL_RULES, emptyForMs: 0 },
      { nodes: () => view, bootMs: () => 60_000 },
    );
    const everSeen = new Set<string>();
    const tick = async (nodes: number): Promise<string> => {
      for (const { metadata } of await object.claims(pool.signal)) everSeen.add(metadata?.name ?? '');
      view = await nodesOf(name);
      return (await acts.set(nodes, 'test', pool.signal)).kind;
    };
    await tick(3);
    await pool.eventually('three nodes', async () => {
      await tick(3);
      return view.length === 3 && view.every(({ ready }) => ready) && everSeen.size === 3;
    });
    await pool.createPod('build', BUILD_POD_SPEC);
    await pool.watched('the build to have a node', () => pool.pods[0]?.spec?.nodeName !== undefined);
    const kept = pool.pods[0]?.spec?.nodeName;
    await pool.eventually(
      'the pool to be small',
      async () =>
        (await tick(1)) === 'unchanged' && view.length === 1 && (await object.read(pool.signal)).size === 1,
    );
    expect(view.map((node) => node.name)).toEqual([kept]);
    expect(everSeen.size).toBe(3);
    const { taking, limit } = await object.read(pool.signal);
    expect([taking, limit]).toEqual([undefined, null]);
  });

  it('a CapacityBuffer brings nodes before there is a build, and is seen to be served', async () => {
    const name = `${pool.namespace}-buffer`;
    await engine.makeNodePool(name, { spec: { disruption: { consolidateAfter: '0s' } } });
    const { namespace, cluster, signal, fence } = pool;
    const tolerations = [{ key: fence.key, operator: 'Equal', value: namespace }];
    await makeBuffer(pool, {
      name: 'builds',
      requests: { cpu: '3', memory: '5Gi' },
      nodePool: name,
      tolerations,
    });
    const object = new CapacityBufferObject(cluster, { namespace, name: 'builds', chunksPerNode: 1 });
    const acts = new GuardedActuator({ clock, recorder: recorder(), object }, RULES, {
      bootMs: () => 60_000,
      nodes: () => 0,
    });
    const set = (nodes: number) =>
      pool.eventually(
        `${nodes} to stand in it`,
        async () => (await acts.set(nodes, 'test', signal)).kind === 'unchanged',
      );
    await set(2);
    await pool.eventually('two nodes', async () => (await nodesOf(name)).length === 2);
    await pool.eventually('the buffer to be served', async () => {
      const seen = await acts.observe(signal);
      return seen.kind === 'found' && seen.service === 'served';
    });
    await set(0);
  });
});

const STAGES = 100;
const REGISTRATION_S = 20;
/** Karpenter gathers Pods for up to 10 s, and the scheduler may look at a Pod again only after 10 s. */
const BOOT_MS = (REGISTRATION_S + 20) * 1000;

describe('the invariant with the runner', () => {
  let pool: FakePool;
  let engine: KarpenterEngine;
  beforeAll(async () => {
    const real = await connectRealCluster();
    pool = await FakePool.open(real, 'invariant');
    engine = await KarpenterEngine.start(real, pool, REGISTRATION_S);
    await engine.makeNodePool(pool.namespace, { spec: { disruption: { consolidateAfter: '10m' } } });
  });
  afterAll(async () => {
    await engine.close();
    await pool.close();
  });

  /** As the runner makes them: held until they are admitted, several containers, never to be moved. */
  const stage = (name: string): Promise<V1Pod> =>
    pool.createPod(
      name,
      {
        restartPolicy: 'Never',
        schedulingGates: [{ name: 'hangar.dev/start' }],
        initContainers: [{ name: 'gate', image: 'fake' }],
        containers: [
          { name: 'step-1', image: 'fake', resources: { requests: { cpu: '1', memory: '1500Mi' } } },
          { name: 'step-2', image: 'fake', resources: { requests: { cpu: '150m', memory: '200Mi' } } },
        ],
      },
      {
        labels: { 'app.kubernetes.io/managed-by': 'hangar-runner' },
        annotations: {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          'karpenter.sh/do-not-disrupt': 'true',
        },
      },
    );

  it('100 stages on no node at all: every one runs within two boot times, without this service', async () => {
    const names = Array.from({ length: STAGES }, (_, nth) => `stage-${nth}`);
    for (const name of names) await stage(name);
    expect(await pool.nodes()).toEqual([]);
    const beganMs = clock.monotonicMs();
    for (const name of names) {
      const target = { resource: RESOURCE.pods, namespace: pool.namespace, name };
      await pool.cluster.patch(target, { spec: { schedulingGates: null } }, 'merge', pool.signal);
    }
    await pool.watched('all stages to have a node', () =>
      names.every((name) =>
        pool.pods.some(({ metadata, spec }) => metadata?.name === name && spec?.nodeName),
      ),
    );
    const tookMs = clock.monotonicMs() - beganMs;

    expect(pool.pods).toHaveLength(STAGES);
    expect(pool.pods.filter(({ metadata }) => metadata?.deletionTimestamp)).toEqual([]);
    expect(tookMs).toBeGreaterThan(REGISTRATION_S * 1000);
    expect(tookMs).toBeLessThan(2 * BOOT_MS);
    // Three to a node, and not a node for each.
    expect((await pool.nodes()).length).toBeLessThan(STAGES / 2);
  });
});
