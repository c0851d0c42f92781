import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Node } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import { applyRole, ROLES, type Role, startEmbedded } from './start-embedded.ts';
import { startTestSystem, type TestSystem } from './test-system.ts';

const within = { timeoutMs: 60_000 };
const { signal } = new AbortController();
const ALL_WELL = [
  ['clone', 'success', 0],
  ['works', 'success', 0],
];
const TWO_NODES = ['n1', 'n2'].map((name) => ({ name, cpu: '2', memory: '4Gi' }));

interface Nodes extends TestSystem {
  readonly cluster: EmbeddedCluster;
  /** A build that requests so many millicores and sleeps so long. */
  build(millicores: number, seconds: number): number;
  runs(id: number): Promise<unknown>;
  /** Resolves when its log states why it waits. */
  waits(id: number, why: RegExp): Promise<unknown>;
}

/** Two nodes of 2 CPU, and a runner that looks at them. */
async function open(role: Role = 'hangar', more: Readonly<Record<string, string>> = {}): Promise<Nodes> {
  const { cluster, access } = await startEmbedded({ nodes: TWO_NODES });
  applyRole(cluster, role);
  const env = { HANGAR_BUDGET_NODES: 'true', HANGAR_LEASE_TERM: '3s', ...more };
  const system = await startTestSystem(access, { role, env });
  onTestFinished(async () => {
    await system.close();
    await cluster.close();
  });
  const { drone } = system;
  return {
    ...system,
    cluster,
    build: (millicores, seconds) => {
      const resources = `resources:\n  requests:\n    cpu: ${millicores}\n    memory: 64MiB`;
      const yaml = pipeline(step('works', [`sleep ${seconds}`, 'echo worked']), resources);
      return drone.createBuild({ yaml }).id;
    },
    runs: (id) => drone.waitUntil(`${id} runs`, within, () => drone.step(id, 'works')?.status === 'running'),
    waits: (id, why) =>
      drone.waitUntil(`the log of ${id} states why it waits`, within, () =>
        drone.liveLog(id, 'clone')?.some(({ out }) => why.test(out)),
      ),
  };
}

/** What the scheduler said of Pods that no node had room for. */
const unscheduled = ({ cluster, namespace }: Nodes): readonly string[] =>
  cluster.api.store
    .list('events', namespace)
    .filter((event) => event['reason'] === 'FailedScheduling')
    .map((event) => String(event['message']));

describe.each(ROLES)('nodes of a fixed number, Role: %s', (role) => {
  it('a stage waits while no single node has room, whatever the sum is, and its log states that', async () => {
    const system = await open(role);
    const { drone, runner } = system;
    const first = system.build(1_200, 600);
    const second = system.build(1_200, 600);
    for (const id of [first, second]) await system.runs(id);
    const large = system.build(1_500, 0);
    await system.waits(
      large,
      /waiting to be admitted: this pipeline needs 1\.5 CPU and 64 MiB of memory on one node, and none of the 2 nodes that can hold it has so much free/,
    );
    expect(unscheduled(system)).toEqual([]);
    expect(
      runner.http
        .stages()
        .map(({ phase }) => phase)
        .sort(),
    ).toEqual(['running', 'running', 'waiting']);
    for (const id of [first, second]) drone.cancel(id);
    expect(stepResults(await drone.waitForBuild(large, within))).toEqual(ALL_WELL);
    expect(await runner.http.metrics.text()).toContain(
      '\nhangar_runner_admission_waits_total{reason="budget-nodes"} 1\n',
    );
    expect(drone.complaints).toEqual([]);
  });
});

describe('nodes of a fixed number', () => {
  it('hold what two replicas admit: no Pod ever waits for a node', async () => {
    // Neither replica can take all builds.
    const system = await open('hangar', { DRONE_RUNNER_CAPACITY: '2', HANGAR_LOOK_AHEAD: '2' });
    const { drone, runner } = system;
    const other = await system.startRunner('runner-b');
    const builds = Array.from({ length: 8 }, () => system.build(1_500, 1));
    const bothWait = () =>
      [runner, other].every(({ http }) => http.stages().some(({ phase }) => phase === 'waiting'));
    await drone.waitUntil('both have stages that wait', within, bothWait);
    for (const id of builds) expect(stepResults(await drone.waitForBuild(id, within))).toEqual(ALL_WELL);
    expect(unscheduled(system)).toEqual([]);
  });

  it('a stage waits while the nodes are cordoned, not ready or gone, and runs on what comes back', async () => {
    const system = await open();
    const { admin, cluster, drone } = system;
    const cordon = (unschedulable: boolean) =>
      admin.patch<V1Node>(
        { resource: RESOURCE.nodes, name: 'n1' },
        { spec: { unschedulable } },
        'merge',
        signal,
      );
    await cordon(true);
    cluster.setNodeReady('n2', false);
    const why = /needs 1\.5 CPU .* and none of the nodes that can hold it is ready and schedulable/;
    const first = system.build(1_500, 0);
    await system.waits(first, why);
    await cordon(false);
    expect(stepResults(await drone.waitForBuild(first, within))).toEqual(ALL_WELL);

    for (const { name } of TWO_NODES) cluster.loseNode(name);
    const second = system.build(1_500, 0);
    await system.waits(second, why);
    cluster.addNode({ name: 'n3', cpu: '2', memory: '4Gi' });
    expect(stepResults(await drone.waitForBuild(second, within))).toEqual(ALL_WELL);
  });

  it('a stage that no node can hold fails at once, and one of just the size of a node runs', async () => {
    const system = await open();
    const { drone } = system;
    const huge = await drone.waitForBuild(system.build(2_001, 0), within);
    expect(huge.stages[0]?.error).toBe(
      'the pipeline requests 2.001 CPU and 64 MiB of memory, more than any of the 2 nodes that it may be scheduled to can hold',
    );
    expect(stepResults(await drone.waitForBuild(system.build(2_000, 0), within))).toEqual(ALL_WELL);
  });

  it('nothing is admitted while the API server is away, and it goes on after that', async () => {
    const system = await open();
    const { cluster, drone } = system;
    await cluster.faults.outage(4_000);
    expect(stepResults(await drone.waitForBuild(system.build(1_500, 0), within))).toEqual(ALL_WELL);
    const lease = cluster.faults.fail({
      path: /leases\/hangar-runner-budget/,
      status: 503,
      times: 1_000_000,
    });
    const build = system.build(1_500, 0);
    await system.waits(build, /the shared budget could not be read or updated/);
    lease.cancel();
    expect(stepResults(await drone.waitForBuild(build, within))).toEqual(ALL_WELL);
  });
});
