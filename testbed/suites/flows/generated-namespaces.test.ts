import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { Child } from '@hangar/shared/testing/child-process';
import type { V1Namespace } from '@kubernetes/client-node';
import { expect, it, onTestFinished } from 'vitest';
import { startPracticeServer } from '../../parts/drone/practice-server.ts';
import { freePort } from '../../parts/free-port.ts';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import { PREVIOUS_LACKS, startEmbedded } from './start-embedded.ts';

const TIMEOUT_MS = 60_000;
const SECRET = 'generated';
const DOOR = join(import.meta.dirname, '../../../runner/bin/hangar-runner.mjs');

it(
  "a restarted daemon with the previous runner's permissions finishes its build in a generated namespace, and removes that",
  async () => {
    const { cluster, access } = await startEmbedded();
    for (const denial of PREVIOUS_LACKS)
      if (denial.resource !== 'namespaces') cluster.permissions.deny(denial);
    // Of namespaces, the previous runner creates and deletes those that it generates.
    cluster.permissions.deny({ resource: 'namespaces', verb: 'get' });
    cluster.permissions.deny({ resource: 'namespaces', verb: 'watch' });
    const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
    const connection = await connectByText(access.adminKubeconfig);
    const folder = mkdtempSync(join(tmpdir(), 'hangar-generated-'));
    const children: Child[] = [];
    onTestFinished(async () => {
      for (const child of children) await child.end('SIGKILL');
      await drone.close();
      await connection.close();
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    });
    writeFileSync(join(folder, 'kubeconfig'), access.kubeconfig);
    const start = async (): Promise<Child> => {
      const child = new Child(process.execPath, [DOOR, 'daemon'], {
        folder,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          DRONE_RPC_HOST: drone.host,
          DRONE_RPC_SECRET: SECRET,
          DRONE_SERVER_PORT: `127.0.0.1:${await freePort()}`,
          DRONE_KUBERNETES_CONFIG: join(folder, 'kubeconfig'),
          DRONE_NAMESPACE_DEFAULT: 'drone-',
          POD_NAME: 'previous',
          POD_UID: 'pod-1',
          ...access.env,
        },
      });
      children.push(child);
      return child;
    };
    const generated = async (): Promise<number> => {
      const admin = new HttpCluster(systemClock(), connection);
      const { items } = await admin.list<V1Namespace>(
        { resource: RESOURCE.namespaces },
        {},
        AbortSignal.timeout(TIMEOUT_MS),
      );
      return items.filter(({ metadata }) => metadata?.name?.startsWith('drone-')).length;
    };

    const first = await start();
    const { id } = drone.createBuild({ yaml: pipeline(step('long', ['sleep 4']) + step('after', ['true'])) });
    await drone.waitUntil(
      'it runs',
      { timeoutMs: TIMEOUT_MS },
      () => drone.step(id, 'long')?.status === 'running',
    );
    expect(await generated()).toBe(1);
    await first.end('SIGKILL');
    await start();

    expect(stepResults(await drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS }))).toEqual([
      ['clone', 'success', 0],
      ['long', 'success', 0],
      ['after', 'success', 0],
    ]);
    await until('the namespace to go', TIMEOUT_MS, async () => (await generated()) === 0);
  },
  2 * TIMEOUT_MS,
);
