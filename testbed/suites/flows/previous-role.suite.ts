import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LABEL } from '@hangar/runner/compiled';
import { systemClock } from '@hangar/shared/clock';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { Child } from '@hangar/shared/testing/child-process';
import type { V1Pod } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { freePort } from '../../parts/free-port.ts';
import { Line } from '../../parts/line.ts';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import { ENVIRONMENT_BUILDS, environmentDifferences } from './previous-environment.ts';
import type { TestClusterAccess } from './test-system.ts';

const SECRET = 'previous-role';
const DOOR = join(import.meta.dirname, '../../../runner/bin/hangar-runner.mjs');
const never = new AbortController().signal;

/** The rules of the previous runner's Role (previous-runner §5.1), and nothing else. */
export const PREVIOUS_RULES = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
  {
    apiGroups: [''],
    resources: ['pods', 'pods/log'],
    verbs: ['get', 'create', 'delete', 'list', 'watch', 'update'],
  },
];

/** The address of the API server in a kubeconfig, YAML or JSON. */
const SERVER = /(?<=server"?: *"?)(https?):[^\s",}]+/;

const endedContainers = ({ status }: V1Pod): number =>
  (status?.containerStatuses ?? []).filter(({ state }) => state?.terminated !== undefined).length;

/** The daemon as the previous runner's Deployment starts it after only its image was exchanged: its Role, and none of Hangar's settings. */
export function previousRoleSuite(
  where: string,
  open: () => Promise<{ access: TestClusterAccess; close: () => Promise<void> }>,
  timeoutMs: number,
): void {
  describe(`the daemon with the previous runner's Role on ${where}`, () => {
    let drone: PracticeServer;
    let access: TestClusterAccess;
    let close: () => Promise<void>;
    let folder: string;
    const children: Child[] = [];

    beforeEach(async () => {
      ({ access, close } = await open());
      drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
      folder = mkdtempSync(join(tmpdir(), 'hangar-previous-'));
      writeFileSync(join(folder, 'kubeconfig'), access.kubeconfig);
    });
    afterEach(async () => {
      for (const child of children.splice(0)) await child.end('SIGKILL');
      await drone.close();
      await close();
      rmSync(folder, { recursive: true, force: true });
    });

    const start = async (env: Readonly<Record<string, string>> = {}): Promise<Child> => {
      const child = new Child(process.execPath, [DOOR, 'daemon'], {
        folder,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          DRONE_RPC_HOST: drone.host,
          DRONE_RPC_SECRET: SECRET,
          DRONE_SERVER_PORT: `127.0.0.1:${await freePort()}`,
          DRONE_KUBERNETES_CONFIG: join(folder, 'kubeconfig'),
          DRONE_NAMESPACE_DEFAULT: access.namespace,
          POD_NAME: 'previous',
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
    const ended = (id: number) => drone.waitForBuild(id, { timeoutMs });
    const long = pipeline(
      step('long', ['echo begun', 'sleep 4', 'echo done']) + step('after', ['echo after']),
    );
    const SUCCESS = [
      ['clone', 'success', 0],
      ['long', 'success', 0],
      ['after', 'success', 0],
    ];
    const asAdmin = async <T>(work: (cluster: HttpCluster) => Promise<T>): Promise<T> => {
      const connection = await connectByText(access.adminKubeconfig);
      try {
        return await work(new HttpCluster(systemClock(), connection));
      } finally {
        await connection.close();
      }
    };
    const pods = () =>
      asAdmin(async (cluster) => {
        const target = { resource: RESOURCE.pods, namespace: access.namespace };
        return (await cluster.list<V1Pod>(target, { labelSelector: RUNNER_SELECTOR }, never)).items;
      });

    it('runs builds to their end, and removes what it made', async () => {
      await start();
      const good = drone.createBuild({ yaml: long });
      const bad = drone.createBuild({ yaml: pipeline(step('fails', ['exit 3']) + step('never', ['true'])) });
      await running(good.id, 'long');
      expect((await pods()).map(({ metadata }) => metadata?.labels?.[LABEL.instance])).toContain('previous');

      expect(stepResults(await ended(good.id))).toEqual(SUCCESS);
      expect(stepResults(await ended(bad.id))).toEqual([
        ['clone', 'success', 0],
        ['fails', 'failure', 3],
        ['never', 'skipped', 0],
      ]);
      expect(drone.logText(good.id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 4\n+ echo done\ndone\n');
      expect(drone.complaints).toEqual([]);
      await until('the Pods to go', timeoutMs, async () => (await pods()).length === 0);
    });

    it('gives a step the environment of the previous runner, variable by variable, for each event', async () => {
      await start({ DRONE_RUNNER_ENVIRON: 'EVERYWHERE:yes' });
      const builds = Object.values(ENVIRONMENT_BUILDS).map(({ request, expected }) => ({
        id: drone.createBuild(request).id,
        expected: { ...expected, EVERYWHERE: 'yes' },
      }));
      for (const { id, expected } of builds) {
        expect(stepResults(await ended(id))).toEqual([
          ['clone', 'success', 0],
          ['show', 'success', 0],
        ]);
        expect(environmentDifferences(drone.logText(id, 'show') ?? '', expected)).toEqual([]);
      }
    });

    it('says at its start what is off, in one line each with the rule that turns it on', async () => {
      const child = await start();
      await child.says(/polling the Drone server/);
      for (const what of ['leases', 'secrets', 'pods', 'events'])
        expect(child.errors).toMatch(
          new RegExp(`optional: .*Add to a Role .*resources: \\[${what}\\], verbs`),
        );
      expect(child.errors).toContain('"coordination":"none"');
    });

    it('ends a cancelled build at once', async () => {
      await start();
      const { id } = drone.createBuild({ yaml: pipeline(step('long', ['sleep 600'])) });
      await running(id, 'long');
      drone.cancel(id);
      await until('the Pods to go', timeoutMs, async () => (await pods()).length === 0);
    });

    it('on SIGTERM takes nothing new, finishes its build, and exits with 0', async () => {
      const first = await start();
      const { id } = drone.createBuild({ yaml: long });
      await running(id, 'long');
      first.kill('SIGTERM');
      await first.says(/no new pipelines are accepted/);
      const next = drone.createBuild({ yaml: long });
      expect(stepResults(await ended(id))).toEqual(SUCCESS);
      expect(await first.exit).toMatchObject({ code: 0 });
      expect(drone.build(next.id).status).toBe('pending');
    });

    it('after a crash, in the same Pod, reports how its build ended, and shows no output that it can not mask', async () => {
      const first = await start();
      const { id } = drone.createBuild({ yaml: long });
      await running(id, 'long');
      await first.end('SIGKILL');
      await start();
      expect(stepResults(await ended(id))).toEqual(SUCCESS);
      expect(drone.logText(id, 'after')).toContain('the output of this step is not shown');
      expect(drone.logText(id, 'after')).not.toContain('+ echo after');
    });

    it('leaves the Pods of another replica alone, also of one that is gone', async () => {
      const first = await start();
      const { id } = drone.createBuild({ yaml: long });
      await running(id, 'long');
      await first.end('SIGKILL');
      await start({ POD_NAME: 'next', POD_UID: 'pod-2' });
      const own = drone.createBuild({ yaml: long });
      expect(stepResults(await ended(own.id))).toEqual(SUCCESS);
      await until('its own Pod to go', timeoutMs, async () => (await pods()).length === 1);
      const [left] = await pods();
      expect(left?.metadata?.labels?.[LABEL.instance]).toBe('previous');
      expect(left?.spec?.activeDeadlineSeconds).toBeGreaterThan(0);
      expect(drone.step(id, 'long')?.status).toBe('running');
    });

    it('a build that waits for a quota shows as running after its runner is lost, and no other replica runs it', async () => {
      const quotas = { resource: RESOURCE.resourceQuotas, namespace: access.namespace };
      const quota = { metadata: { name: 'few' }, spec: { hard: { pods: '1' } } };
      await asAdmin((cluster) => cluster.create(quotas, quota, never));
      const first = await start();
      const { id: holds } = drone.createBuild({ yaml: pipeline(step('long', ['sleep 600'])) });
      await running(holds, 'long');
      const { id: waits } = drone.createBuild({ yaml: long });
      await drone.waitUntil('it waits for the quota', { timeoutMs }, () =>
        drone.liveLog(waits, 'clone')?.some(({ out }) => out.includes('waiting for room in the quota')),
      );

      await first.end('SIGKILL');
      await start({ POD_NAME: 'next', POD_UID: 'pod-2' });
      const [pod] = await pods();
      const target = {
        resource: RESOURCE.pods,
        namespace: access.namespace,
        name: pod?.metadata?.name ?? '',
      };
      await asAdmin((cluster) => cluster.remove(target, { gracePeriodSeconds: 0 }, never));
      const own = drone.createBuild({ yaml: long });
      expect(stepResults(await ended(own.id))).toEqual(SUCCESS);
      expect(drone.build(waits).status).toBe('running');
      await until('no Pod to be left', timeoutMs, async () => (await pods()).length === 0);
    });

    it('goes on after outages of the Kubernetes API and of the Drone server in which steps end and a build waits', async () => {
      const [server = '', scheme = ''] = SERVER.exec(access.kubeconfig) ?? [];
      const line = new Line(new URL(server));
      const port = await line.open();
      onTestFinished(() => line.close());
      const behind = access.kubeconfig.replace(server, `${scheme}://127.0.0.1:${port}`);
      writeFileSync(join(folder, 'behind-the-line'), behind);
      await start({ DRONE_KUBERNETES_CONFIG: join(folder, 'behind-the-line') });
      const ids = Array.from({ length: 3 }, () => drone.createBuild({ yaml: long }).id);
      for (const id of ids) await running(id, 'long');

      line.cut();
      const away = drone.faults.answer('any', { status: 502 }, { times: Number.MAX_SAFE_INTEGER });
      const waiting = drone.createBuild({ yaml: long }).id;
      await until('all steps to end meanwhile', timeoutMs, async () =>
        (await pods()).every((pod) => endedContainers(pod) === 3),
      );
      expect(ids.map((id) => drone.build(id).status)).toEqual(['running', 'running', 'running']);
      line.mend();
      away.cancel();

      for (const id of [...ids, waiting]) {
        expect(stepResults(await ended(id))).toEqual(SUCCESS);
        expect(drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 4\n+ echo done\ndone\n');
        expect(drone.logText(id, 'after')).toBe('+ echo after\nafter\n');
      }
      await until('the Pods to go', timeoutMs, async () => (await pods()).length === 0);
    });

    it('does not start when coordination by Leases is required, and names the rule', async () => {
      const child = await start({ HANGAR_COORDINATION: 'leases' });
      expect(await child.exit).toMatchObject({ code: 78 });
      expect(child.errors).toContain('resources: [leases], verbs: [get, list, create, patch, delete]');
    });
  });
}
