import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { stopsSuite } from '../flows/stops.suite.ts';
import { startTestSystem } from '../flows/test-system.ts';
import { FakePool } from './fake-pool.ts';
import { ownNamespaceAccess, realClusterAccess } from './real-cluster-access.ts';

stopsSuite(
  'a real kubelet',
  async () => startTestSystem((await ownNamespaceAccess('stops')).ground),
  120_000,
);

describe('a node that stops answering', () => {
  it('ends its builds with a clear error, whether its Pods are evicted or stay', async () => {
    const { cluster, ground } = await realClusterAccess();
    const pool = await FakePool.open(cluster, 'hangar-node-lost');
    onTestFinished(() => pool.close());
    await pool.addNode('lost', { cpu: '4', memory: '8Gi', pods: 20, deaf: true });
    await pool.nodesReady();
    const { adminKubeconfig, env } = ground;
    const own = { kubeconfig: adminKubeconfig, adminKubeconfig, namespace: pool.namespace, env };
    const setup = await startTestSystem(own, { env: { HANGAR_NODE_LOST_PATIENCE: '3s' } });
    onTestFinished(() => setup.close());
    // One evicts its Pod at once, the other one's stays for five minutes, as Kubernetes has it.
    const [evicted, stays] = [0, 300].map((seconds) => {
      const yaml = pipeline(step('long', ['sleep 600']), placed(pool, seconds));
      return setup.drone.createBuild({ yaml }).id;
    });
    await pool.watched('both Pods to have their node', () => pool.pods.filter(hasNode).length === 2);
    for (const pod of pool.pods) await runs(pool, pod);
    const ends = [evicted, stays].map((id = 0) => setup.drone.waitForBuild(id, { timeoutMs: 120_000 }));
    const errors = (await Promise.all(ends)).map(({ status, stages }) => [status, stages[0]?.error]);
    expect(errors).toEqual([
      ['error', expect.stringMatching(/^the Pod was disrupted: DeletionByTaintManager: /)],
      ['error', `node ${pool.nodeName('lost')} stopped answering while the pipeline ran`],
    ]);
    expect(setup.drone.complaints).toEqual([]);
  });

  const hasNode = ({ spec }: V1Pod): boolean => Boolean(spec?.nodeName);

  /** The last status from that node: all containers of the Pod run. */
  async function runs(pool: FakePool, { metadata, spec }: V1Pod): Promise<void> {
    const now = new Date().toISOString();
    const containerStatuses = spec?.containers.map(({ name, image }) => {
      const state = { running: { startedAt: now } };
      return { name, image, imageID: '', ready: true, started: true, restartCount: 0, state };
    });
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => {
      return { type, status: 'True', lastTransitionTime: now };
    });
    const { name = '' } = metadata ?? {};
    const target = { resource: RESOURCE.pods, namespace: pool.namespace, name, subresource: 'status' };
    const status = { phase: 'Running', conditions, containerStatuses };
    await pool.cluster.patch(target, { status }, 'merge', pool.signal);
  }

  /** The toleration for the node that will be lost. */
  function placed(pool: FakePool, seconds: number): string {
    const { key, value = '' } = pool.fence;
    const lost = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' };
    const tolerations = [
      { key, operator: 'Equal', value, effect: 'NoSchedule' },
      { ...lost, toleration_seconds: seconds },
      { ...lost, key: 'node.kubernetes.io/not-ready', toleration_seconds: seconds },
    ];
    return [
      `node_selector: ${JSON.stringify({ 'hangar.dev/fake': pool.namespace })}`,
      `tolerations: ${JSON.stringify(tolerations)}`,
    ].join('\n');
  }
});

describe('the timeout of the repository', () => {
  it('kills the pipeline on a real kubelet after its minute', async () => {
    const setup = await startTestSystem((await ownNamespaceAccess('stops')).ground);
    onTestFinished(() => setup.close());
    const yaml = pipeline(step('long', ['echo begun', 'sleep 600']) + step('after', ['echo never']));
    const { id } = setup.drone.createBuild({ yaml, timeoutMinutes: 1 });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: 150_000 });
    expect(done.status).toBe('killed');
    expect(stepResults(done)).toEqual([
      ['clone', 'success', 0],
      ['long', 'killed', 137],
      ['after', 'skipped', 0],
    ]);
    // The server gets the report before the Pod is stopped, so the last lines arrive after the end.
    await setup.drone.waitUntil('the log is stored', { timeoutMs: 60_000 }, () =>
      setup.drone.log(id, 'long'),
    );
    expect(setup.drone.logText(id, 'long')).toContain('begun');
    await setup.cleaned(60_000);
  });
});
