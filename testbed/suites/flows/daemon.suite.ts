import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { Child } from '@hangar/shared/testing/child-process';
import type { V1Pod } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { freePort } from '../../parts/free-port.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import type { Role } from './start-embedded.ts';
import type { TestClusterAccess } from './test-system.ts';

const SECRET = 'daemon-secret';
const DOOR = join(import.meta.dirname, '../../../runner/bin/hangar-runner.mjs');

/** The runner as the process that people run: `hangar-runner daemon`, killed and stopped. @param role `previous`: nobody takes over */
export function daemonSuite(
  where: string,
  open: () => Promise<{ access: TestClusterAccess; close: () => Promise<void> }>,
  timeoutMs: number,
  role: Role = 'hangar',
): void {
  describe(`the daemon on ${where}`, () => {
    let drone: PracticeServer;
    let access: TestClusterAccess;
    let close: () => Promise<void>;
    let folder: string;
    let port: number;
    const children: Child[] = [];

    beforeEach(async () => {
      ({ access, close } = await open());
      drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
      folder = mkdtempSync(join(tmpdir(), 'hangar-daemon-'));
      writeFileSync(join(folder, 'kubeconfig'), access.kubeconfig);
      port = await freePort();
    });
    afterEach(async () => {
      for (const child of children.splice(0)) await child.end('SIGKILL');
      // The next test has another server that counts from 1 again: nothing of this one's may be adopted for it.
      await removePods(access);
      await drone.close();
      await close();
      rmSync(folder, { recursive: true, force: true });
    });

    const start = (env: Readonly<Record<string, string>> = {}): Child => {
      const child = new Child(process.execPath, [DOOR, 'daemon'], {
        folder,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          DRONE_RPC_HOST: drone.host,
          DRONE_RPC_SECRET: SECRET,
          DRONE_RUNNER_NAME: 'daemon',
          DRONE_SERVER_PORT: `127.0.0.1:${port}`,
          DRONE_KUBERNETES_CONFIG: join(folder, 'kubeconfig'),
          DRONE_NAMESPACE_DEFAULT: access.namespace,
          HANGAR_LEASE_NAMESPACE: access.namespace,
          // As in a Pod whose container is started anew.
          POD_UID: 'pod-1',
          ...access.env,
          ...env,
        },
      });
      children.push(child);
      return child;
    };
    const running = (id: number, name: string) =>
      drone.waitUntil(`${name} runs`, { timeoutMs }, () => drone.step(id, name)?.status === 'running');
    const yaml = pipeline(
      step('long', ['echo begun', 'sleep 4', 'echo done']) + step('after', ['echo after']),
    );
    const allWell = async (id: number) => {
      expect(stepResults(await drone.waitForBuild(id, { timeoutMs }))).toEqual([
        ['clone', 'success', 0],
        ['long', 'success', 0],
        ['after', 'success', 0],
      ]);
      expect(drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 4\n+ echo done\ndone\n');
      expect(drone.complaints).toEqual([]);
    };

    it('reports all problems of its configuration, and exits with 78', async () => {
      const child = start({ DRONE_RPC_SECRET: '', DRONE_RUNNER_CAPACITY: 'many', HANGAR_HARDENING: 'very' });
      expect(await child.exit).toMatchObject({ code: 78 });
      expect(child.errors).toContain('DRONE_RUNNER_CAPACITY');
      expect(child.errors).toContain('HANGAR_HARDENING');
    });

    it('serves metrics and readiness while it works', async () => {
      start();
      const { id } = drone.createBuild({ yaml: pipeline(step('one', ['echo one'])) });
      await drone.waitForBuild(id, { timeoutMs });
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect(ready.status).toBe(200);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toMatch(/hangar_runner_builds_total\{event="push"\} 1\n/);
      // Names of repositories are private, and anybody who reaches the port may read metrics.
      expect(metrics).not.toContain('acme');
    });

    if (role === 'previous') {
      it('runs beside one of its name, and touches no build of the other, which is lost with it', async () => {
        const first = start({ POD_NAME: 'same' });
        const { id } = drone.createBuild({ yaml: pipeline(step('long', ['sleep 600'])) });
        await running(id, 'long');
        const second = start({
          POD_NAME: 'same',
          POD_UID: 'pod-2',
          DRONE_SERVER_PORT: `127.0.0.1:${await freePort()}`,
        });
        await second.says(/polling the Drone server/);
        expect(first.isRunning).toBe(true);
        await first.end('SIGKILL');
        const next = drone.createBuild({ yaml });
        await allWell(next.id);
        expect(drone.step(id, 'long')?.status).toBe('running');
      });
      return;
    }

    it('a killed daemon loses nothing: the next one finishes its build', async () => {
      const first = start();
      const { id } = drone.createBuild({ yaml });
      await running(id, 'long');
      await first.end('SIGKILL');
      start();
      await allWell(id);
    });

    it('known issue 55: on SIGTERM it exits with 0 at once, and the next one finishes its build', async () => {
      const first = start();
      const { id } = drone.createBuild({ yaml });
      await running(id, 'long');
      expect(await first.end('SIGTERM', timeoutMs)).toMatchObject({ code: 0 });
      start();
      await allWell(id);
    });

    /** Ends one daemon after the other, each while the server keeps the details of the stage back. */
    async function endWhilePreparing(signals: readonly NodeJS.Signals[]): Promise<number> {
      const { id } = drone.createBuild({ yaml });
      for (const signal of signals) {
        const held = drone.faults.hold('detail', 'before');
        const child = start();
        await held.reached;
        await child.end(signal, timeoutMs);
        held.release();
      }
      start();
      return id;
    }

    it(
      'a stage that three daemons in a row do not survive before its Pod exists ends with an error (issue 12, 1.4)',
      async () => {
        const id = await endWhilePreparing(['SIGKILL', 'SIGKILL', 'SIGKILL']);
        const [stage] = (await drone.waitForBuild(id, { timeoutMs })).stages;
        expect(stage?.status).toBe('error');
        expect(stage?.error).toMatch(/3 runners in a row were lost .* make the pipeline file smaller/s);
        const next = drone.createBuild({ yaml });
        await allWell(next.id);
      },
      timeoutMs + 120_000,
    );

    it(
      'a stage whose daemons stop in order meanwhile runs, however often that was, and so does one that ended two',
      async () => {
        const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGTERM', 'SIGKILL'];
        await allWell(await endWhilePreparing(signals));
      },
      timeoutMs + 180_000,
    );

    it('does not share a name with a running one: it reports how to set its own, and exits with 78', async () => {
      const env = { HANGAR_LEASE_TERM: '12s' };
      const first = start(env);
      const { id } = drone.createBuild({ yaml });
      await running(id, 'long');
      const second = start({ ...env, POD_UID: 'pod-2', DRONE_SERVER_PORT: `127.0.0.1:${await freePort()}` });
      expect(await second.exit).toMatchObject({ code: 78 });
      expect(second.errors).toContain('POD_NAME');
      await allWell(id);
      expect(first.isRunning).toBe(true);
    });
  });
}

async function removePods({ adminKubeconfig, namespace }: TestClusterAccess): Promise<void> {
  const connection = await connectByText(adminKubeconfig);
  const admin = new HttpCluster(systemClock(), connection);
  const { signal } = new AbortController();
  const ours = { labelSelector: RUNNER_SELECTOR };
  const { items } = await admin.list<V1Pod>({ resource: RESOURCE.pods, namespace }, ours, signal);
  for (const { metadata } of items)
    await admin.remove(
      { resource: RESOURCE.pods, namespace, name: metadata?.name ?? '' },
      { gracePeriodSeconds: 0 },
      signal,
    );
  await connection.close();
}
