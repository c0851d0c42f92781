import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Node } from '@kubernetes/client-node';
import { expect, it, onTestFinished } from 'vitest';
import { up } from '../../parts/real/cluster.ts';
import { stopService } from '../../parts/real/services.ts';
import { until } from '../../parts/until.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { CacheBuilds, caching, MANY_FILES, PATIENCE } from '../kubelet/cache-builds.ts';
import { FakePool } from './fake-pool.ts';
import { ownNamespaceAccess } from './real-cluster-access.ts';

/** Kubernetes evicts the Pod as soon as it knows that the node is lost, and not five minutes later. */
const EVICTED_AT_ONCE = `tolerations: ${JSON.stringify(
  ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    toleration_seconds: 0,
  })),
)}`;

it('a node that goes away while it saves a cache ends the build, and leaves the former cache to the next one', async () => {
  const never = new AbortController().signal;
  const storage = mkdtempSync(join(tmpdir(), 'hangar-cache-node-'));
  onTestFinished(() => rmSync(storage, { recursive: true, force: true }));
  const { cluster, ground } = await ownNamespaceAccess('cache-node');
  const system = await startTestSystem(ground, { env: { HANGAR_CACHE: storage } });
  onTestFinished(() => system.close());
  const builds = new CacheBuilds(system, storage, 'acme/widget');
  // Nothing is evicted while no node of a cluster answers.
  const others = await FakePool.open(cluster, 'hangar-cache-node');
  onTestFinished(() => others.close());
  await others.addNode('other', { cpu: '1', memory: '1Gi', pods: 1 });
  await others.nodesReady();
  const comesBack = async (): Promise<void> => {
    await up(cluster.layout, () => undefined);
    await until('the node to be ready', PATIENCE.timeoutMs, async () => {
      const target = { resource: RESOURCE.nodes, name: cluster.nodeName };
      const { spec } = await system.admin.get<V1Node>(target, never);
      return !spec?.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'));
    });
  };

  expect(await builds.found('good')).toBe('nothing');
  const id = builds.offer(`${caching(MANY_FILES, 'echo lost > /cache/who')}${EVICTED_AT_ONCE}\n`);
  const save = await builds.stoppedSave();
  onTestFinished(comesBack);
  await stopService(cluster.layout, 'kubelet', 0);
  save.kill();
  const { status, stages } = await system.drone.waitForBuild(id, PATIENCE);
  expect([status, stages[0]?.error]).toEqual([
    'error',
    expect.stringMatching(/^the Pod was disrupted: DeletionByTaintManager: /),
  ]);

  await comesBack();
  await system.cleaned(PATIENCE.timeoutMs);
  await builds.saveEnded();
  expect(await builds.found('next')).toBe('good');
  expect(builds.files()).toEqual(['packages.tar']);
  await system.cleaned(PATIENCE.timeoutMs);
});
