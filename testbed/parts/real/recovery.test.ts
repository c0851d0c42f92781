import { access, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { ourGroups, podProcesses } from './cgroups.ts';
import { down, up } from './cluster.ts';
import { attempt } from './command.ts';
import { connectRealCluster, type RealCluster } from './facts.ts';
import { adminApi, expectStatus } from './kubernetes.ts';
import { cluster, statePaths } from './plan/layout.ts';
import { findProcesses, signal } from './process.ts';
import { allStatuses, stopService } from './services.ts';
import { mountsBelow } from './teardown.ts';

const silent = () => undefined;
const pods = '/api/v1/namespaces/default/pods';
const ourPrograms = [
  'etcd',
  'docker-registry',
  'containerd',
  'containerd-shim-runc-v2',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubelet',
];

let facts: RealCluster;

const ourProcesses = () => findProcesses(ourPrograms, `${facts.layout.state}/`);

async function startSleeper(name: string): Promise<void> {
  const api = await adminApi(facts.layout);
  const container = {
    name: 'main',
    image: 'busybox',
    imagePullPolicy: 'IfNotPresent',
    command: ['sleep', '600'],
  };
  const spec = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] };
  expectStatus(await api('POST', pods, { metadata: { name }, spec }), [201], `making Pod ${name}`);
  await until(`Pod ${name} to run`, 90_000, async () => {
    const { body } = await api('GET', `${pods}/${name}`);
    return (JSON.parse(body) as { status: { phase: string } }).status.phase === 'Running';
  });
}

async function healthOfAll(): Promise<readonly string[]> {
  return (await allStatuses(facts.layout)).map(({ name, health }) => `${name} ${health}`);
}

async function nothingIsLeft(): Promise<void> {
  expect(await ourProcesses()).toEqual([]);
  expect(await podProcesses()).toEqual([]);
  expect(await mountsBelow(facts.layout.state)).toEqual([]);
  expect((await attempt('ip', ['link', 'show', cluster.bridge])).exitCode).not.toBe(0);
  await expect(access(facts.layout.state)).rejects.toThrow();
  expect(await ourGroups()).toEqual([]);
  const links = await readdir('/var/log/containers').catch(() => []);
  const targets = await Promise.all(links.map((name) => readlink(`/var/log/containers/${name}`)));
  expect(targets.filter((target) => target.startsWith(facts.layout.state))).toEqual([]);
}

beforeAll(async () => {
  facts = await connectRealCluster();
});

afterAll(async () => {
  await up(facts.layout, silent);
});

describe('after a crash', () => {
  it('up restarts a process that died alone, and no other', async () => {
    const before = await allStatuses(facts.layout);
    await stopService(facts.layout, 'kube-scheduler', 0);

    expect(await up(facts.layout, silent)).toBe('repaired');

    const changed = (await allStatuses(facts.layout)).filter(
      ({ process }, place) => process?.pid !== before[place]?.process?.pid,
    );
    expect(changed.map(({ name, health }) => [name, health])).toEqual([['kube-scheduler', 'healthy']]);
  });

  it('up makes a new cluster after kill -9 of every process, a running Pod and its shim among them', async () => {
    await startSleeper('killed');
    const killed = [...(await ourProcesses()).map(({ pid }) => pid), ...(await podProcesses())];
    for (const pid of killed) signal(pid, 'SIGKILL');

    expect(await up(facts.layout, silent)).toBe('started');

    const health = await healthOfAll();
    expect(health.filter((line) => !line.endsWith(' healthy'))).toEqual([]);
    await startSleeper('alive-again');
  });

  it('down leaves no process, mount, bridge, control group or file when only a part still runs', async () => {
    await startSleeper('half-dead');
    await stopService(facts.layout, 'containerd', 0);
    await stopService(facts.layout, 'kube-apiserver', 0);

    await down(facts.layout, silent);

    await nothingIsLeft();
  });

  it('down twice is no error, and a pid file whose pid belongs to another process by now kills nothing', async () => {
    await mkdir(statePaths(facts.layout).pids, { recursive: true });
    const stranger = { pid: process.pid, startTicks: '1', startedAt: '' };
    await writeFile(`${statePaths(facts.layout).pids}/etcd`, JSON.stringify(stranger));

    await down(facts.layout, silent);

    await nothingIsLeft();
    await rm(facts.layout.state, { recursive: true, force: true });
  });

  it('up starts from nothing, and down ends a healthy cluster with a running Pod', async () => {
    expect(await up(facts.layout, silent)).toBe('started');
    await startSleeper('ended');
    const forwarding = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
    expect(forwarding.trim()).toBe('1');

    await down(facts.layout, silent);

    await nothingIsLeft();
  });
});
