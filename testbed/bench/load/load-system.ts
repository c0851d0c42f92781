import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { Child } from '@hangar/shared/testing/child-process';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { imageEnvironment } from '../../parts/images/program-image.ts';
import type { RealCluster } from '../../parts/real/facts.ts';
import { runnerAccountIn } from '../../parts/real/runner-account.ts';
import { until } from '../../parts/until.ts';
import { pipeline, step } from '../../suites/flows/pipelines.ts';
import { OwnNamespace } from '../../suites/real-flows/own-namespace.ts';
import { cpuMs, residentMib } from '../process-counters.ts';
import { FakeNode } from './fake-node.ts';

const SECRET = 'bench-secret';
const MAX_CALLS = 200_000;
/** More than any part offers: a build that has ended is looked at until all have. */
const MAX_BUILDS = 10_000;
const PATIENCE_MS = 900_000;

/** One run of `bench load`. */
export interface LoadRun {
  readonly clock: Clock;
  readonly cluster: RealCluster;
  readonly quick: boolean;
  readonly say: (text: string) => void;
  readonly stop: AbortSignal;
}

/** A replica of the runner as a process, bundled as in its image. */
export class LoadReplica {
  readonly #child: Child;
  readonly #address: string;

  constructor(child: Child, address: string) {
    this.#child = child;
    this.#address = address;
  }

  residentMib(): Promise<number> {
    return residentMib(this.#child.pid);
  }

  cpuMs(): Promise<number> {
    return cpuMs(this.#child.pid);
  }

  /** The 99th percentile of the delay of its event loop since the last call. */
  async eventLoopMs(): Promise<number> {
    const text = await (await fetch(`${this.#address}/metrics`)).text();
    return Number(/^hangar_runner_event_loop_lag_seconds(?:\{.*\})? (\S+)$/m.exec(text)?.[1]) * 1000;
  }

  /** Hands over, as on SIGTERM; resolves when the process has ended. */
  async end(): Promise<void> {
    await this.#child.end();
  }

  /** Is lost without a word, as by kill -9. */
  async kill(): Promise<void> {
    await this.#child.end('SIGKILL');
  }
}

/** A namespace with a fake node and a practice server, and replicas of the runner. */
export interface LoadSystem {
  readonly drone: PracticeServer;
  readonly node: FakeNode;
  readonly space: OwnNamespace;
  startReplica(name: string, env?: Readonly<Record<string, string>>): Promise<LoadReplica>;
  /** Offers that many builds at once. @returns their ids */
  readonly offer: (count: number) => readonly number[];
  /** Resolves when the server knows the end of each; rejects when one did not succeed. */
  ended(builds: readonly number[]): Promise<void>;
  /** Resolves when it holds. */
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
}

/** Pipelines of one step, for the fake node alone. */
function yamlFor({ taint }: FakeNode): string {
  const { key, value = '' } = taint;
  const tolerations = [{ key, operator: 'Equal', value, effect: 'NoSchedule' }];
  const place = [
    'clone: { disable: true }',
    `node_selector: ${JSON.stringify({ [key]: value })}`,
    `tolerations: ${JSON.stringify(tolerations)}`,
  ];
  return pipeline(step('build', ['true']), place.join('\n'));
}

/** Sets everything up for the work, and removes it afterwards, whatever happens. */
export async function withinLoad<T>(run: LoadRun, work: (system: LoadSystem) => Promise<T>): Promise<T> {
  const { clock, cluster, stop } = run;
  const space = await OwnNamespace.make(await readFile(cluster.adminKubeconfig, 'utf8'), 'load');
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-bench-'));
  const kubeconfig = join(folder.path, 'kubeconfig');
  await writeFile(kubeconfig, await runnerAccountIn(cluster.layout, space.name));
  const node = await FakeNode.open(clock, space, cluster.layout);
  const drone = await startPracticeServer({ secret: SECRET, maxCalls: MAX_CALLS, maxBuilds: MAX_BUILDS });
  const image = await imageEnvironment(cluster.layout.repository, 'runner');
  const replicas: LoadReplica[] = [];
  const startReplica: LoadSystem['startReplica'] = async (name, env = {}) => {
    const settings = {
      PATH: process.env['PATH'],
      ...image,
      DRONE_KUBERNETES_CONFIG: kubeconfig,
      DRONE_RPC_HOST: drone.host,
      DRONE_RPC_PROTO: 'http',
      DRONE_RPC_SECRET: SECRET,
      DRONE_RUNNER_NAME: name,
      POD_NAME: name,
      DRONE_SERVER_PORT: '127.0.0.1:0',
      DRONE_NAMESPACE_DEFAULT: space.name,
      DRONE_RUNNER_CAPACITY: '2000',
      DRONE_KUBE_CLIENT_QPS: '10000',
      DRONE_KUBE_CLIENT_BURST: '10000',
      HANGAR_LEASE_NAMESPACE: space.name,
      HANGAR_GATE_IMAGE: 'fake',
      // The fake node runs no init containers.
      HANGAR_GATE_VOLUME: 'image',
      ...env,
    };
    const program = `${cluster.layout.repository}/runner/bundle/main.js`;
    const child = new Child(process.execPath, [program, 'daemon'], { env: settings });
    const [, address = ''] = await child.says(/"address":"(http:[^"]+)"/);
    await child.says(/polling the Drone server/);
    const replica = new LoadReplica(child, address);
    replicas.push(replica);
    return replica;
  };
  const yaml = yamlFor(node);
  try {
    return await work({
      ...{ drone, node, space, startReplica },
      offer: (count) => Array.from({ length: count }, () => drone.createBuild({ yaml }).id),
      ended: async (builds) => {
        const done = await Promise.all(
          builds.map((id) => drone.waitForBuild(id, { timeoutMs: PATIENCE_MS })),
        );
        const bad = done.find(({ status }) => status !== 'success');
        if (bad) throw new Error(`build ${bad.id} ended as ${bad.status}: ${bad.stages[0]?.error ?? ''}`);
      },
      until: async (what, holds) => {
        await until(what, PATIENCE_MS, () => stop.aborted || holds());
        stop.throwIfAborted();
      },
    });
  } finally {
    await Promise.all(replicas.map((replica) => replica.end()));
    await drone.close();
    await space.admin.remove(
      { resource: RESOURCE.pods, namespace: space.name },
      { gracePeriodSeconds: 0 },
      new AbortController().signal,
    );
    await node.close();
    await space.remove();
  }
}
