import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assemble, draftParts } from './assemble.ts';
import { loadConfig } from './config/load.ts';
import type { RunnerConfig } from './config/runner-config.ts';
import { fakeRegistry } from './edges/testing/fake-registry.ts';
import { ScriptedServer } from './edges/testing/scripted-server.ts';
import { LeaseLost } from './lease/lease-validity.ts';
import { RunnerMetrics } from './metrics/runner-metrics.ts';
import { aStage } from './supervise/testing/fake-ci-server.ts';

function configOf(env: Readonly<Record<string, string>> = {}): RunnerConfig {
  const loaded = loadConfig(
    { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RPC_SECRET: 'bea26a2221fd8090', ...env },
    () => '',
    { hostname: 'pod-1', version: '0.1.0', namespace: 'ci' },
  );
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
}

it('image look-ups never go to the API server of the connection, though every registry is allowed', async () => {
  await using apiServer = await fakeRegistry({ login: 'none' });
  await using registry = await fakeRegistry({ login: 'none' });
  const { prepare } = draftParts(configOf(), {
    clock: new FakeClock(),
    random: () => 0.5,
    readFile: () => Promise.resolve(''),
    connection: { server: apiServer.url },
  });
  const find = ({ port }: { readonly port: number }) =>
    prepare.images.find(
      { image: `127.0.0.1:${port}/team/tool:1`, os: 'linux', arch: 'amd64', variant: '' },
      [],
    );

  expect(await find(apiServer)).toMatchObject({ kind: 'unknown' });
  expect(apiServer.seen).toEqual([]);
  expect(await find(registry)).toMatchObject({ kind: 'found' });
});

/** Writes are refused at two thirds of the Lease's term of 15 s. */
const SAFE_MS = 10_000;
const never = new AbortController().signal;
const POD = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const LEASE = { resource: RESOURCE.leases, namespace: 'ci', name: 'hangar-runner-pod-1' };

/** A runner that holds its Lease, between an API server and a Drone server on loopback that answer everything. */
async function withLease(env: Readonly<Record<string, string>> = {}) {
  const apiServer = await ScriptedServer.playing({ status: 200, body: '{}' });
  const drone = await ScriptedServer.answering(({ url }) => ({
    status: 200,
    body: /ping|upload/.test(url) ? '' : '{"id":63,"version":2}',
  }));
  const clock = new FakeClock();
  const dispatcher = new Agent();
  const metrics = new RunnerMetrics(clock, { version: '0.1.0', machine: 'm1', capacity: 5 });
  const config = configOf({
    ...{ ...env, HANGAR_LEASE_TERM: '15s' },
    ...{ DRONE_RPC_PROTO: 'http', DRONE_RPC_HOST: `127.0.0.1:${drone.port}` },
  });
  const runner = assemble(config, {
    ...{ clock, random: () => 0.5, log: silentLogger, events: metrics, observer: metrics },
    connection: {
      ...{ server: apiServer.url, namespace: 'ci', dispatcher },
      headers: () => Promise.resolve({}),
      close: () => dispatcher.destroy(),
    },
    readFile: () => Promise.resolve(''),
    print: () => undefined,
    holder: { replica: 'pod-1', podUid: '', instance: '1' },
    serverAnswered: () => undefined,
  });
  runner.validity.begin();
  runner.validity.renewed(clock.monotonicMs());
  onTestFinished(async () => {
    await runner.close();
    await Promise.all([apiServer[Symbol.asyncDispose](), drone[Symbol.asyncDispose]()]);
  });
  const { cluster, ciServer } = runner.parts;
  return { clock, apiServer, drone, cluster, ciServer };
}

type Runner = Awaited<ReturnType<typeof withLease>>;

describe('a runner whose Lease has expired while its process was stopped', () => {
  const KUBERNETES_WRITES: readonly [string, (runner: Runner) => Promise<unknown>][] = [
    ['create', ({ cluster }) => cluster.create({ resource: RESOURCE.pods, namespace: 'ci' }, {}, never)],
    ['replace', ({ cluster }) => cluster.replace(POD, {}, never)],
    ['patch', ({ cluster }) => cluster.patch(POD, {}, 'merge', never)],
    ['remove', ({ cluster }) => cluster.remove(POD, {}, never)],
  ];
  const DRONE_WRITES: readonly [string, (runner: Runner) => Promise<unknown>][] = [
    ['accept', ({ ciServer }) => ciServer.accept(aStage().id, 'me', never)],
    ['updateStage', ({ ciServer }) => ciServer.updateStage(aStage(), never)],
    ['uploadLog', ({ ciServer }) => ciServer.uploadLog(7, [], never)],
  ];

  it.each(KUBERNETES_WRITES)(
    'sends no %s to Kubernetes; while it holds the Lease, it does',
    async (_, write) => {
      const runner = await withLease();
      runner.clock.sleepThrough(SAFE_MS - 1);
      await write(runner);
      expect(runner.apiServer.seen).toHaveLength(1);
      runner.clock.sleepThrough(1);
      await expect(write(runner)).rejects.toThrow(LeaseLost);
      expect(runner.apiServer.seen).toHaveLength(1);
    },
  );

  it.each(DRONE_WRITES)('sends no %s to Drone; while it holds the Lease, it does', async (_, write) => {
    const runner = await withLease();
    runner.clock.sleepThrough(SAFE_MS - 1);
    await write(runner);
    expect(runner.drone.seen).toHaveLength(1);
    runner.clock.sleepThrough(1);
    await expect(write(runner)).rejects.toThrow(LeaseLost);
    expect(runner.drone.seen).toHaveLength(1);
  });

  it('still reads, and writes its Lease, by which it may take part again', async () => {
    const { clock, cluster, ciServer, apiServer, drone } = await withLease();
    clock.sleepThrough(SAFE_MS);
    await cluster.get(POD, never);
    await cluster.patch(LEASE, {}, 'merge', never);
    await ciServer.ping(never);
    expect([apiServer.seen.map(({ method }) => method), drone.seen.length]).toEqual([['GET', 'PATCH'], 1]);
  });
});

describe('a write that waits for its turn in the rate limit', () => {
  /** One call a second: the first one is sent at once, the write waits for so many others. */
  async function waitFor(reads: number) {
    const runner = await withLease({ DRONE_KUBE_CLIENT_QPS: '1', DRONE_KUBE_CLIENT_BURST: '1' });
    const sent = Array.from({ length: reads }, () => runner.cluster.get(POD, never));
    const written = runner.cluster.patch(POD, {}, 'merge', never).then(
      () => 'sent',
      (error: unknown) => error,
    );
    for (let turn = 0; turn < reads; turn += 1) {
      await runner.clock.step(1_000);
      await settle();
    }
    await Promise.all(sent);
    const end = await written;
    return { end, methods: runner.apiServer.seen.map(({ method }) => method) };
  }

  it('is sent if the Lease is still held then', async () => {
    const { end, methods } = await waitFor(SAFE_MS / 1_000 - 1);
    expect([end, methods.at(-1), methods.length]).toEqual(['sent', 'PATCH', SAFE_MS / 1_000]);
  });

  it('is refused if the Lease has expired by then, and nothing is sent', async () => {
    const { end, methods } = await waitFor(SAFE_MS / 1_000);
    expect(end).toBeInstanceOf(LeaseLost);
    expect(methods).toEqual(Array.from({ length: SAFE_MS / 1_000 }, () => 'GET'));
  });
});
