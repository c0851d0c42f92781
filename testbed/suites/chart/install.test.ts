import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { type ChartValues, laidOver } from './helm.ts';
import { Site, takesTraffic } from './site.ts';

interface Recommended {
  readonly stale: boolean;
  readonly demand: { readonly runningPods: number };
  readonly shapes: readonly { readonly nodesNow: number; readonly because: string }[];
}

const PATIENCE = { timeoutMs: 120_000 };
const WAIT = ['--wait', '--timeout', '3m'] as const;

let site: Site;
/** On this machine, for the one volume. */
let folder: string;
beforeAll(async () => {
  site = await Site.open();
  folder = mkdtempSync(join(tmpdir(), 'hangar-chart-'));
  chmodSync(folder, 0o777);
  await site.kubectl(['create', '-f', '-'], JSON.stringify(volume()));
});
afterAll(async () => {
  await site.close();
  await site.kubectl(['delete', 'persistentvolume', site.namespace, '--wait=false']);
  rmSync(folder, { recursive: true, force: true });
});

const volume = (): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: site.namespace },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: site.namespace,
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: folder },
  },
});
const values = (more: ChartValues = {}): ChartValues =>
  site.values(
    laidOver(
      { autoscaler: { persistence: { enabled: true, storageClass: site.namespace, size: '1Gi' } } },
      more,
    ),
  );

const quick = pipeline(step('hello', ['echo hello']));
/** Long enough for an upgrade in between. */
const slow = pipeline(step('long', ['echo begun', 'sleep 12', 'echo done']) + step('after', ['echo after']));

const allWell = async (id: number, steps: readonly string[]): Promise<void> => {
  const build = await site.drone.waitForBuild(id, PATIENCE);
  expect(stepResults(build)).toEqual(['clone', ...steps].map((name) => [name, 'success', 0]));
};

/** Builds that run while the work is done; all of them must end well, with every line once. */
async function underLoad(work: () => Promise<void>): Promise<void> {
  const ids = Array.from({ length: 3 }, () => site.drone.createBuild({ yaml: slow }).id);
  for (const id of ids)
    await site.drone.waitUntil(
      `build ${id} runs`,
      PATIENCE,
      () => site.drone.step(id, 'long')?.status === 'running',
    );
  await work();
  for (const id of ids) {
    await allWell(id, ['long', 'after']);
    expect(site.drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 12\n+ echo done\ndone\n');
  }
  expect(site.drone.complaints).toEqual([]);
}

const runnerNames = async (): Promise<readonly string[]> =>
  (await site.pods('runner')).filter(takesTraffic).map(({ metadata }) => metadata?.name ?? '');

describe('the chart on a real cluster', () => {
  it('installs, waits until both programs are ready, and prints the next steps', async () => {
    const said = await site.install(values(), ...WAIT);
    expect(said).toContain('STATUS: deployed');
    expect(said).toContain(`helm test hangar -n ${site.namespace}`);
    expect(said).not.toContain('does not exist');
    expect((await site.pods('runner')).every(takesTraffic)).toBe(true);
    expect((await site.pods('autoscaler')).every(takesTraffic)).toBe(true);
  });

  it.each(['runner', 'autoscaler'])('the %s is a command of its name in its Pod', async (program) => {
    const command = ['exec', `deployment/hangar-${program}`, '--', `hangar-${program}`, '--version'];
    expect(await site.kubectl(command)).toMatch(new RegExp(`^hangar-${program} \\d`));
  });

  it('doctor finds server, permissions and image of the gate in order from the Pod of the runner', async () => {
    const said = await site.kubectl(['exec', 'deployment/hangar-runner', '--', 'hangar-runner', 'doctor']);
    for (const what of ['Drone server', 'Kubernetes', 'Gate image'])
      expect(said).toMatch(new RegExp(`^${what}: ok$`, 'm'));
    expect(said).toMatch(/^(Passed|Incomplete): /m);
  });

  it('takes builds from the server, and runs them hardened, under an account without a token', async () => {
    const { id } = site.drone.createBuild({ yaml: pipeline(step('hello', ['echo hello', 'sleep 3'])) });
    await site.drone.waitUntil(
      'the step runs',
      PATIENCE,
      () => site.drone.step(id, 'hello')?.status === 'running',
    );
    const [pod] = await site.builds();
    expect(pod?.spec?.serviceAccountName).toBe('hangar-job');
    expect(JSON.stringify(pod?.spec?.volumes)).not.toContain('serviceAccountToken');
    const steps = (pod?.spec?.containers ?? []).map((one) => one.securityContext);
    expect(steps.every((one) => one?.allowPrivilegeEscalation === false)).toBe(true);
    await allWell(id, ['hello']);
  });

  it('the autoscaler sees the runner and its Pods, and recommends how many nodes of which shape', async () => {
    await until('the runner to be asked', 60_000, async () =>
      /hangar_autoscaler_targets\{state="answered"\} 1\n/.test(
        await site.ask('autoscaler', 3001, '/metrics'),
      ),
    );
    const { id } = site.drone.createBuild({ yaml: slow });
    await until('a recommendation that counts the Pod', 60_000, async () => {
      const answer = JSON.parse(await site.ask('autoscaler', 3001, '/api/v1/recommendations')) as Recommended;
      return answer.demand.runningPods > 0;
    });
    const { stale, shapes } = JSON.parse(
      await site.ask('autoscaler', 3001, '/api/v1/recommendations'),
    ) as Recommended;
    expect(stale).toBe(false);
    expect(shapes.length).toBeGreaterThanOrEqual(2);
    for (const { nodesNow, because } of shapes)
      expect([nodesNow > 0, because.length > 0]).toEqual([true, true]);
    await allWell(id, ['long', 'after']);
  });

  it('helm test runs a real pipeline', async () => {
    const said = await site.helmRun('test', 'hangar', '--logs', '--timeout', '3m');
    expect(said).toMatch(/Phase:\s+Succeeded/);
    expect(said).toContain('the pipeline of helm test runs');
  });

  it('is upgraded under load, and no pipeline is lost', async () => {
    const before = await runnerNames();
    await underLoad(async () => {
      await site.upgrade(values({ runner: { config: { DRONE_RUNNER_CAPACITY: 7 } } }));
    });
    const after = await runnerNames();
    expect(after).toHaveLength(before.length);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(await site.ask('runner', 3000, '/metrics')).toMatch(
      /hangar_runner_\w*capacity\w*(?:\{[^}]*\})? 7\b/,
    );
  });

  it('is rolled back under load, and no pipeline is lost', async () => {
    await underLoad(async () => {
      await site.helmRun('rollback', 'hangar', '1', ...WAIT);
    });
    expect(await site.ask('runner', 3000, '/metrics')).not.toMatch(
      /hangar_runner_\w*capacity\w*(?:\{[^}]*\})? 7\b/,
    );
    const { id } = site.drone.createBuild({ yaml: quick });
    await allWell(id, ['hello']);
  });

  it('an uninstall while a pipeline runs leaves that Pod with its Secrets, and what was learned; an install takes them up', async () => {
    const { id } = site.drone.createBuild({ yaml: slow });
    await site.drone.waitUntil('it runs', PATIENCE, () => site.drone.step(id, 'long')?.status === 'running');
    await site.helmRun('uninstall', 'hangar', ...WAIT);
    await until('the programs to end', 60_000, async () => (await site.list('pods')).length === 0);
    // Its Role went before it: the next runner removes the Lease.
    const leases = (await leftIn(site.namespace)).filter((name) => name.startsWith('Lease hangar-runner-'));
    expect(await leftIn(site.namespace)).toEqual([...leases, 'PersistentVolumeClaim hangar-autoscaler-data']);
    expect((await leftIn(site.jobs)).filter((name) => !name.startsWith('Secret drone-'))).toEqual([
      expect.stringMatching(/^Pod drone-/) as string,
    ]);
    const everywhere = await site.kubectl(['get', 'clusterroles,clusterrolebindings', '-o', 'name']);
    expect(everywhere).not.toContain(site.namespace);
    expect(readdirSync(folder)).not.toEqual([]);

    await site.install(values(), ...WAIT);
    await allWell(id, ['long', 'after']);
    await until('the Pod to be removed', 60_000, async () => (await site.builds()).length === 0);
    await until('the old Lease to be removed', 60_000, async () => {
      const now = await leftIn(site.namespace);
      return !leases.some((name) => now.includes(name));
    });
  });
});

/** Everything that the chart or the programs make; without what was there before, and what every namespace has. */
async function leftIn(namespace: string): Promise<readonly string[]> {
  const kinds = [
    'deployments,replicasets,pods,services,configmaps,secrets,serviceaccounts,roles,rolebindings',
    'networkpolicies,poddisruptionbudgets,leases,persistentvolumeclaims,resourcequotas',
  ];
  const found = await site.list<KubernetesObject>(kinds.join(','), '', namespace);
  return found
    .map(({ kind, metadata }) => `${kind} ${metadata?.name}`)
    .filter((name) => !/ (default|kube-root-ca\.crt|drone-rpc|bridge)$/.test(name))
    .sort();
}
