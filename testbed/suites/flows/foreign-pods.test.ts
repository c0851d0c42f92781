import { RUNNER_LABEL } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { expect, it, onTestFinished } from 'vitest';
import { BUSYBOX, pipeline, step, stepResults } from './pipelines.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem, type TestSystem } from './test-system.ts';

const within = { timeoutMs: 60_000 };
const ONE = { HANGAR_BUDGET_PODS: '1', HANGAR_REPOSITORY_PIPELINES: '1' };
const YAML = (seconds: number) => pipeline(step('works', [`sleep ${seconds}`, 'echo worked']));
const ALL_WELL = [
  ['clone', 'success', 0],
  ['works', 'success', 0],
];

async function open(): Promise<TestSystem> {
  const { cluster, access } = await startEmbedded();
  const system = await startTestSystem(access, { env: ONE });
  onTestFinished(async () => {
    await system.close();
    await cluster.close();
  });
  return system;
}

it('a Pod with the labels and annotations of a build takes nothing of the budget if no runner made it', async () => {
  const { admin, namespace, drone, runner } = await open();
  const { signal } = new AbortController();
  const foreign: V1Pod = {
    metadata: {
      name: 'drone-of-somebody',
      labels: { [RUNNER_LABEL.key]: RUNNER_LABEL.value, 'hangar.dev/stage-id': '77' },
      annotations: {
        'io.drone.repo.slug': 'acme/widget',
        'hangar.dev/owner': `${namespace}/hangar-runner-a`,
      },
    },
    spec: {
      containers: [{ name: 'step-1', image: BUSYBOX, command: ['sleep', '600'] }],
      restartPolicy: 'Never',
    },
  };
  await admin.create<V1Pod>({ resource: RESOURCE.pods, namespace }, foreign, signal);
  const seen = () => runner.assembly.parts.podWatch.pods.length === 1;
  await drone.waitUntil('the runner sees it', within, seen);
  const { id } = drone.createBuild({ yaml: YAML(0) });
  expect(stepResults(await drone.waitForBuild(id, within))).toEqual(ALL_WELL);
  expect(await runner.http.metrics.text()).toContain('\nhangar_runner_orphaned_pods 0\n');
  const target = { resource: RESOURCE.pods, namespace, name: 'drone-of-somebody' };
  expect((await admin.get<V1Pod>(target, signal)).metadata?.deletionTimestamp).toBeUndefined();
});

it('the Pod of another replica takes its part: a build waits until that one has ended', async () => {
  const system = await open();
  const { drone, runner } = system;
  const other = await system.startRunner('runner-b');
  const { id: first } = drone.createBuild({ yaml: YAML(3) });
  await drone.waitUntil('the first runs', within, () => drone.step(first, 'works')?.status === 'running');
  const { id: second } = drone.createBuild({ yaml: YAML(0) });
  const waits = () =>
    [runner, other].some(({ http }) => http.stages().some(({ phase }) => phase === 'waiting'));
  await drone.waitUntil('the second waits', within, waits);
  expect(drone.step(first, 'works')?.status).toBe('running');
  for (const id of [first, second])
    expect(stepResults(await drone.waitForBuild(id, within))).toEqual(ALL_WELL);
  const [ended, begun] = [
    drone.step(first, 'works')?.stopped ?? 0,
    drone.step(second, 'clone')?.started ?? 0,
  ];
  expect(begun).toBeGreaterThanOrEqual(ended);
});
