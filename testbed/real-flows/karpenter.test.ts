import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Announcer } from '@hangar/autoscaler/act/announcer';
import { AuditTrail } from '@hangar/autoscaler/act/audit';
import { CapacityBufferObject } from '@hangar/autoscaler/act/capacity-buffer';
import { GuardedActuator } from '@hangar/autoscaler/act/guarded-actuator';
import { NodePoolObject } from '@hangar/autoscaler/act/own-pool/node-pool-object';
import { occupants } from '@hangar/autoscaler/act/own-pool/occupants';
import { StaticNodePool, TAKE_RULES } from '@hangar/autoscaler/act/own-pool/static-node-pool';
import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import type { Taint } from '@hangar/autoscaler/capacity/scheduling';
import type { PoolNode } from '@hangar/autoscaler/place/pool-node';
import { systemClock } from '@hangar/shared/clock';
import type { Resource } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import type { KubernetesObject, V1Node } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../real/command.ts';
import { connectRealCluster, karpenter, type RealCluster } from '../real/facts.ts';
import { FakePool } from './fake-pool.ts';

const clock = systemClock();
const log = silentLogger;
const NODE_CLASSES: Resource = { base: '/apis/karpenter.kwok.sh/v1alpha1', plural: 'kwoknodeclasses' };
const POD_TEMPLATES: Resource = { base: '/api/v1', plural: 'podtemplates' };
const TYPE = 'four-cpus';
const REQUESTS = { cpu: '1150m', memory: '1700Mi' };
const BUILD = { containers: [{ name: 'step', image: 'fake', resources: { requests: REQUESTS } }] };
const RULES = { self: 'ci/hangar', dryRun: false, lowerPaceMs: 0, mostNodes: 9 };

type Any = KubernetesObject & { readonly spec?: unknown };

/** One type of machine, as Karpenter's kwok provider reads it. */
const instanceTypes = [
  {
    name: TYPE,
    offerings: [
      {
        Price: 0.2,
        Available: true,
        Requirements: [
          { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] },
          { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-a'] },
        ],
      },
    ],
    architecture: 'amd64',
    operatingSystems: ['linux'],
    resources: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '50Gi', pods: '110' },
  },
];

function poolNodeOf({ metadata = {}, spec = {}, status = {} }: V1Node, builds: number): PoolNode {
  const { name = '', uid = '', resourceVersion = '' } = metadata;
  const taints = (spec.taints ?? []) as readonly Taint[];
  const ready = (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  const emptySinceMs = builds > 0 ? undefined : Number.NEGATIVE_INFINITY;
  return {
    name,
    uid,
    resourceVersion,
    taints,
    ready,
    unschedulable: false,
    builds,
    room: 3 - builds,
    emptySinceMs,
  };
}

describe('with the real Karpenter', () => {
  let real: RealCluster;
  let pool: FakePool;
  let engine: ChildProcess;
  let folder: string;
  const made: { resource: Resource; name: string }[] = [];

  const make = async (resource: Resource, object: Any): Promise<void> => {
    made.push({ resource, name: object.metadata?.name ?? '' });
    await pool.eventually(`${resource.plural} to be served`, async () => {
      await pool.cluster.create<Any>({ resource }, object, pool.signal);
      return true;
    });
  };

  async function startEngine(): Promise<ChildProcess> {
    const { program, crdFolders } = await karpenter(real.layout);
    for (const crds of crdFolders)
      await run(real.kubectl, [
        '--kubeconfig',
        real.adminKubeconfig,
        ...['apply', '--server-side', '--force-conflicts', '-f', crds],
      ]);
    const types = join(folder, 'types.json');
    await writeFile(types, JSON.stringify(instanceTypes));
    const output = openSync(join(folder, 'karpenter.log'), 'w');
    return spawn(
      program,
      [
        '--disable-leader-election',
        '--feature-gates=CapacityBuffer=true,StaticCapacity=true',
        `--instance-types-file-path=${types}`,
        '--metrics-port=18480',
        '--health-probe-port=18481',
      ],
      {
        env: { KUBECONFIG: real.adminKubeconfig, SYSTEM_NAMESPACE: pool.namespace, PATH: '/usr/bin:/bin' },
        stdio: ['ignore', output, output],
      },
    );
  }

  const nodePool = (name: string, more: object): Any => ({
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      template: {
        metadata: { labels: { 'hangar.dev/fake': pool.namespace } },
        spec: {
          nodeClassRef: { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: pool.namespace },
          requirements: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: [TYPE] }],
          taints: [pool.fence],
        },
      },
      ...more,
    },
  });

  const nodesOf = async (name: string): Promise<readonly PoolNode[]> =>
    (await pool.nodes())
      .filter(({ metadata }) => metadata?.labels?.['karpenter.sh/nodepool'] === name)
      .map((node) => poolNodeOf(node, occupants(pool.pods, node.metadata?.name ?? '').length));

  const announcer = () => new Announcer({ clock, cluster: pool.cluster, log, trail: new AuditTrail() });

  beforeAll(async () => {
    real = await connectRealCluster();
    folder = await mkdtemp(join(tmpdir(), 'hangar-karpenter-'));
    pool = await FakePool.open(real, 'karpenter');
    engine = await startEngine();
    const head = { apiVersion: 'karpenter.kwok.sh/v1alpha1', kind: 'KWOKNodeClass' };
    await make(NODE_CLASSES, {
      ...head,
      metadata: { name: pool.namespace },
      spec: { nodeRegistrationDelay: '1s' },
    });
  });

  afterAll(async () => {
    try {
      await pool.removePods(pool.pods.map(({ metadata }) => metadata?.name ?? ''));
      // Pools first, while Karpenter is there to take their nodes away.
      const pools = made.filter(({ resource }) => resource === ACT_RESOURCE.nodePools);
      for (const target of [...pools, ...made]) await pool.cluster.remove(target, {}, pool.signal);
      await pool.eventually('all nodes to be gone', async () => (await pool.nodes()).length === 0);
    } finally {
      engine.kill();
      if (engine.exitCode === null && engine.signalCode === null) await once(engine, 'exit');
      await pool.close();
      await rm(folder, { recursive: true });
    }
  });

  it('a static pool grows, and shrinks by the empty nodes that we chose: Karpenter replaces none of them', async () => {
    const name = `${pool.namespace}-static`;
    await make(ACT_RESOURCE.nodePools, nodePool(name, { replicas: 0 }));
    const object = new NodePoolObject(pool.cluster, name, RULES.self);
    let view: readonly PoolNode[] = [];
    const acts = new StaticNodePool(
      { clock, cluster: pool.cluster, log, announcer: announcer(), object },
      { ...RULES, ...TAKE_RULES, emptyForMs: 0 },
      { nodes: () => view, bootMs: () => 60_000 },
    );
    const everSeen = new Set<string>();
    const tick = async (nodes: number): Promise<string> => {
      for (const { metadata } of await object.claims(pool.signal)) everSeen.add(metadata?.name ?? '');
      view = await nodesOf(name);
      return (await acts.set(nodes, 'test', pool.signal)).word;
    };
    await tick(3);
    await pool.eventually('three nodes', async () => {
      await tick(3);
      return view.length === 3 && view.every(({ ready }) => ready) && everSeen.size === 3;
    });
    await pool.createPod('build', BUILD);
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
    await make(ACT_RESOURCE.nodePools, nodePool(name, { disruption: { consolidateAfter: '0s' } }));
    const { key, value = '' } = pool.fence;
    const template = {
      spec: {
        containers: [{ name: 'room', image: 'fake', resources: { requests: { cpu: '3', memory: '5Gi' } } }],
        nodeSelector: { 'karpenter.sh/nodepool': name },
        tolerations: [{ key, operator: 'Equal', value }],
      },
    };
    const { namespace, cluster, signal } = pool;
    const metadata = { name: 'node-sized' };
    const templateObject = { apiVersion: 'v1', kind: 'PodTemplate', metadata, template };
    await cluster.create({ resource: POD_TEMPLATES, namespace }, templateObject, signal);
    const head = { apiVersion: 'autoscaling.x-k8s.io/v1beta1', kind: 'CapacityBuffer' };
    const spec = { podTemplateRef: { name: 'node-sized' }, replicas: 0 };
    const buffer: Any = { ...head, metadata: { name: 'builds' }, spec };
    await cluster.create<Any>({ resource: ACT_RESOURCE.capacityBuffers, namespace }, buffer, signal);
    const object = new CapacityBufferObject(cluster, { namespace, name: 'builds', chunksPerNode: 1 });
    const acts = new GuardedActuator({ clock, announcer: announcer(), object }, RULES, {
      bootMs: () => 60_000,
      nodes: () => 0,
    });
    const set = (nodes: number) =>
      pool.eventually(
        `${nodes} to stand in it`,
        async () => (await acts.set(nodes, 'test', signal)).word === 'unchanged',
      );
    await set(2);
    await pool.eventually('two nodes', async () => (await nodesOf(name)).length === 2);
    await pool.eventually('the buffer to be served', async () => {
      const seen = await acts.observe(signal);
      return seen.word === 'found' && seen.service === 'served';
    });
    await set(0);
  });
});
