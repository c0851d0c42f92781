import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACT_RESOURCE } from '@hangar/autoscaler/act/resources';
import type { ServiceFeature } from '@hangar/autoscaler/permissions';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { CoreV1Event, KubernetesObject, V1Node } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { type ProgramProcess, startAutoscalerProcess } from '../flows/program-process.ts';
import { AutoscalerAccount } from './autoscaler-account.ts';
import { BUILD_POD_SPEC, FakePool, isReady } from './fake-pool.ts';
import { KarpenterEngine, makeBuffer } from './karpenter-engine.ts';

const FEATURES: ReadonlySet<ServiceFeature> = new Set([
  'read-only',
  'advise',
  'lead',
  'place',
  'events',
  'capacity-buffer',
  'node-pool',
]);

type StaticPool = KubernetesObject & { readonly spec: { readonly replicas?: number } };

interface Told {
  readonly decisions: readonly { readonly outcome: string; readonly note: string }[];
}

/** The program as it is installed, with exactly its rights, beside the real Karpenter. */
describe('the assembled service with the real Karpenter', () => {
  let real: RealCluster;
  let pool: FakePool;
  let engine: KarpenterEngine;
  let account: AutoscalerAccount;
  let folder: string;
  let service: ProgramProcess | undefined;
  let builds = 0;

  beforeAll(async () => {
    real = await connectRealCluster();
    folder = await mkdtemp(join(tmpdir(), 'hangar-acting-'));
    pool = await FakePool.open(real, 'autoscaler');
    engine = await KarpenterEngine.start(real, pool, 2);
    account = await AutoscalerAccount.make(real.layout, pool.namespace, FEATURES);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${await standing()}\n`);
    await service?.end();
    await pool.removePods(pool.pods.map(({ metadata }) => metadata?.name ?? ''));
  });
  afterAll(async () => {
    try {
      await engine.close();
    } finally {
      await account.remove();
      await pool.close();
      await rm(folder, { recursive: true });
    }
  });

  /** Nodes of a test have a taint of their own: others are ignored. */
  const taintOf = (name: string) => ({ key: `${name}.hangar.test/builds`, effect: 'NoSchedule' as const });

  const serve = async (
    name: string,
    actuator: string,
    env: Record<string, string>,
  ): Promise<ProgramProcess> => {
    service = await startAutoscalerProcess({
      folder,
      kubeconfig: account.kubeconfig,
      name,
      env: {
        POD_NAMESPACE: pool.namespace,
        HANGAR_AUTOSCALER_ACT: 'on',
        HANGAR_AUTOSCALER_MAX_NODES: '1000',
        HANGAR_AUTOSCALER_PLACE: 'on',
        HANGAR_AUTOSCALER_ACTUATORS: `${name}=${actuator}`,
        HANGAR_AUTOSCALER_POOL_SHAPES: `${name}=cpu=4,memory=8Gi`,
        HANGAR_AUTOSCALER_POOL_LABEL: 'karpenter.sh/nodepool',
        HANGAR_AUTOSCALER_POOL_TAINT: taintOf(name).key,
        HANGAR_AUTOSCALER_POD_SELECTOR: `hangar.test/builds=${name}`,
        HANGAR_AUTOSCALER_LEASE_NAME: name,
        HANGAR_AUTOSCALER_FORECAST: 'false',
        HANGAR_AUTOSCALER_TICK: '500ms',
        HANGAR_AUTOSCALER_COOL_DOWN: '0s',
        HANGAR_AUTOSCALER_LOWER_PACE: '0s',
        HANGAR_AUTOSCALER_MARK_PACE: '0s',
        HANGAR_AUTOSCALER_EMPTY_FOR: '1s',
        ...env,
      },
    });
    return service;
  };

  const build = async (name: string): Promise<string> => {
    const pod = `build-${builds++}`;
    const tolerations = [{ key: taintOf(name).key, operator: 'Exists' }];
    await pool.createPod(pod, { ...BUILD_POD_SPEC, tolerations }, { labels: { 'hangar.test/builds': name } });
    return pod;
  };
  const bound = (names: readonly string[]) => (): boolean =>
    names.every((name) => pool.pods.some((one) => one.metadata?.name === name && one.spec?.nodeName));

  /** Which Pod it is, where it is, and whether it is being deleted. */
  const whereabouts = (name: string) => {
    const { metadata, spec } = pool.pods.find((one) => one.metadata?.name === name) ?? {};
    return [metadata?.uid, spec?.nodeName, metadata?.deletionTimestamp];
  };
  const eventsOf = async (name: string): Promise<readonly (string | undefined)[]> => {
    const target = { resource: RESOURCE.events, namespace: 'default' };
    const { items } = await pool.cluster.list<CoreV1Event>(target, {}, pool.signal);
    return items.filter(({ involvedObject }) => involvedObject.name === name).map(({ reason }) => reason);
  };
  const nodesOf = async (name: string): Promise<readonly V1Node[]> =>
    (await pool.nodes()).filter(({ metadata }) => metadata?.labels?.['karpenter.sh/nodepool'] === name);
  const tainted = (nodes: readonly V1Node[], key: string): number =>
    nodes.filter(({ spec }) => (spec?.taints ?? []).some((taint) => taint.key === key)).length;
  const sizeOf = async (name: string): Promise<number | undefined> => {
    const target = { resource: ACT_RESOURCE.nodePools, name };
    return (await pool.cluster.get<StaticPool>(target, pool.signal)).spec.replicas;
  };
  /** For the message of a failed test. */
  const standing = async (): Promise<string> => {
    const at = service;
    if (at === undefined) return '';
    const paths = ['/api/v1/recommendations', '/api/v1/decisions', '/readyz'];
    const reported = await Promise.all(paths.map((path) => at.text(path)));
    return [...reported, at.stderrText].join('\n');
  };
  const outcome = async (): Promise<string> => {
    const { decisions = [] } = (await service?.json<Told>('/api/v1/decisions')) ?? {};
    return `${decisions[0]?.outcome}: ${decisions[0]?.note}`;
  };

  it('raises a static NodePool for builds that wait, marks surplus nodes, and takes an empty one, never a build', async () => {
    const name = `${pool.namespace}-own`;
    await engine.makeNodePool(name, { taints: [taintOf(name)], spec: { replicas: 0 } });
    const own = await serve(name, `node-pool:${name}`, {
      HANGAR_AUTOSCALER_BUFFER_Z: '0',
      HANGAR_AUTOSCALER_BUFFER_FLOOR: '12',
    });
    const names = await Promise.all(Array.from({ length: 5 }, () => build(name)));
    await pool.watched('all builds to have a node', bound(names));
    // Five builds and room for twelve more, three to a node.
    await pool.eventually('six nodes', async () => (await nodesOf(name)).length === 6);
    await pool.eventually('surplus nodes to be marked', async () => {
      return tainted(await nodesOf(name), 'hangar.dev/surplus') > 0;
    });

    const [kept = ''] = names;
    const before = whereabouts(kept);
    await pool.removePods(names.slice(1));
    await pool.eventually('the empty node to be gone', async () => {
      return (await sizeOf(name)) === 5 && (await nodesOf(name)).length === 5;
    });
    expect(whereabouts(kept)).toEqual(before);
    expect(await eventsOf(name)).toEqual(expect.arrayContaining(['Scaled', 'Shrinking']));
    expect(own.stderrText).not.toMatch(/forbidden|a right is missing|could not be/);

    await service?.end();
    expect(tainted(await nodesOf(name), 'hangar.dev/closing')).toBe(0);
  });

  it('leaves the size to another client that sets it too, and reports that', async () => {
    const name = `${pool.namespace}-theirs`;
    await engine.makeNodePool(name, { taints: [taintOf(name)], spec: { replicas: 0 } });
    await serve(name, `node-pool:${name}`, {
      HANGAR_AUTOSCALER_BUFFER_Z: '0',
      HANGAR_AUTOSCALER_BUFFER_FLOOR: '3',
    });
    await pool.eventually('it to be scaled', async () => (await sizeOf(name)) === 1);
    await pool.eventually('its node', async () => (await nodesOf(name)).length === 1);
    await runOrThrow(real.kubectl, [
      ...['--kubeconfig', real.adminKubeconfig],
      ...['scale', `nodepools.karpenter.sh/${name}`, '--replicas=3'],
    ]);
    await pool.eventually('it to be said', async () =>
      (await outcome()).includes('foreign-owner: spec.replicas was set by kubectl after Hangar'),
    );
    expect(await sizeOf(name)).toBe(3);
  });

  it('raises a CapacityBuffer with demand, and Karpenter has the nodes there before the builds', async () => {
    const name = `${pool.namespace}-room`;
    const { namespace, cluster, signal } = pool;
    const taint = taintOf(name);
    await engine.makeNodePool(name, { taints: [taint], spec: { disruption: { consolidateAfter: '0s' } } });
    await makeBuffer(pool, {
      name: 'room',
      requests: { cpu: '3500m', memory: '6Gi' },
      nodePool: name,
      tolerations: [{ key: taint.key, operator: 'Exists' }],
    });
    const asked = async (): Promise<number | undefined> => {
      const at = { resource: ACT_RESOURCE.capacityBuffers, namespace, name: 'room' };
      return (await cluster.get<StaticPool>(at, signal)).spec.replicas;
    };
    await serve(name, `capacity-buffer:${namespace}/room`, {
      HANGAR_AUTOSCALER_BUFFER_Z: '2',
      HANGAR_AUTOSCALER_BUFFER_FLOOR: '3',
      HANGAR_AUTOSCALER_PLACE: 'off',
    });
    await pool.eventually('room for one push', async () => (await asked()) === 1);
    await pool.eventually('its node', async () => {
      const [node] = await nodesOf(name);
      return node !== undefined && isReady(node);
    });

    const names = await Promise.all(Array.from({ length: 9 }, () => build(name)));
    // 2·√9 + 3 Pods, three to a node.
    await pool.eventually('room for more', async () => (await asked()) === 3);
    await pool.watched('all builds to have a node', bound(names));
    await pool.eventually(
      'six nodes: three with builds, three that stand ready',
      async () => (await nodesOf(name)).length === 6,
    );
    expect(pool.pods.filter(({ metadata }) => metadata?.deletionTimestamp)).toEqual([]);
  });
});
