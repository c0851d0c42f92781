import { ANNOTATION, LABEL } from '@hangar/runner/compiled';
import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { type RunningRunner, startRunner } from '../../suites/flows/runner-in-process.ts';
import type { ClusterAccess } from '../../suites/flows/test-system.ts';
import { PodTape } from './pod-tape.ts';

/** How the world of one bench differs from the usual. */
export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** 30 000 by default, as the real server's. */
  readonly longPollMs?: number;
}

/** A practice Drone server, one runner, and an admin who watches; all in this process. */
export interface BenchWorld {
  readonly clock: Clock;
  readonly drone: PracticeServer;
  readonly runner: RunningRunner;
  readonly admin: Cluster;
  readonly namespace: string;
  readonly tape: PodTape;
  /** When each stage's place became free, milliseconds since 1970, by stage id. */
  readonly freedMs: ReadonlyMap<number, number>;
  /** Resolves when it holds (looked at every 20 ms); rejects after the time, saying what was awaited. */
  until(what: string, holds: () => boolean, timeoutMs?: number): Promise<void>;
  /** Cancels what still runs, waits until the cluster is empty of it, and ends. */
  close(): Promise<void>;
}

const SECRET = 'bench-secret';
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

/** Opens a world on the ground; its runner has a name of its own, so that no other takes it for its former life. */
export async function openWorld(
  on: { readonly clock: Clock; readonly ground: ClusterAccess; readonly replica: string },
  options: WorldOptions,
): Promise<BenchWorld> {
  const { clock, ground, replica } = on;
  const { namespace } = ground;
  const drone = await startPracticeServer({ secret: SECRET, longPollMs: options.longPollMs ?? 30_000 });
  const connection = await connectByText(ground.adminKubeconfig);
  const admin = new HttpCluster(clock, connection);
  const labelSelector = `${LABEL.managedBy}=${LABEL.managedByValue}`;
  const isOurs = (pod: V1Pod): boolean =>
    pod.metadata?.annotations?.[ANNOTATION.owner]?.endsWith(replica) ?? false;
  const tape = new PodTape(clock, admin, { namespace, labelSelector, isOurs });
  await tape.open();
  const env = {
    DRONE_NAMESPACE_DEFAULT: namespace,
    HANGAR_LEASE_NAMESPACE: namespace,
    ...ground.env,
    ...options.env,
  };
  const { kubeconfig } = ground;
  const runner = await startRunner({ kubeconfig, droneHost: drone.host, secret: SECRET, replica, env });
  const until = waiter(clock);
  await until('the runner asks for work', () => drone.waitingPolls > 0);
  const close = async (): Promise<void> => {
    for (const build of drone.builds()) drone.cancel(build.id);
    await until('no stage is in work', () => runner.assembly.parts.registry.entries.length === 0);
    await runner.stop();
    await until('the Pods are gone', () => tape.pods.every(({ goneMs }) => goneMs !== undefined));
    // A Lease that was let go stays for whoever comes next: nobody of this name will.
    const [, name = ''] = runner.assembly.parts.lease.owner.split('/');
    await admin.remove({ resource: RESOURCE.leases, namespace, name }, {}, new AbortController().signal);
    tape.close();
    await drone.close();
    await connection.close();
  };
  return { clock, drone, runner, admin, namespace, tape, freedMs: watchPlaces(clock, runner), until, close };
}

function watchPlaces(clock: Clock, runner: RunningRunner): ReadonlyMap<number, number> {
  const { registry } = runner.assembly.parts;
  const freedMs = new Map<number, number>();
  let taken: readonly number[] = [];
  registry.listen(() => {
    for (const id of taken) if (!registry.has(id)) freedMs.set(id, clock.now());
    taken = registry.entries.map(({ stageId }) => stageId);
  });
  return freedMs;
}

function waiter(clock: Clock): BenchWorld['until'] {
  return async (what, holds, timeoutMs = PATIENCE_MS) => {
    for (const deadlineMs = clock.now() + timeoutMs; !holds(); await clock.sleep(LOOK_MS))
      if (clock.now() > deadlineMs) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
  };
}
