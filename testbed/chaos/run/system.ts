import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANNOTATION, LABEL } from '@hangar/runner/compiled';
import type { Clock } from '@hangar/shared/clock';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { KubeObject } from '../../parts/embedded/api/objects.ts';
import type { ChangeType } from '../../parts/embedded/api/store.ts';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { startEmbedded } from '../../suites/flows/start-embedded.ts';
import { FaultProxy } from './proxy.ts';
import { Replica } from './replica.ts';

const SECRET = 'chaos-secret';
const NODES = ['node-1', 'node-2', 'node-3'].map((name) => ({ name, cpu: '16', memory: '32Gi', pods: 250 }));
const IMAGE_COMMANDS = new URL('../../demo/image-commands.yml', import.meta.url).pathname;

/** Settings of every replica, for fast takeovers and for waiting out temporary faults. */
const SETTINGS = {
  DRONE_RPC_SECRET: SECRET,
  DRONE_RPC_PROTO: 'http',
  DRONE_RUNNER_CAPACITY: '40',
  DRONE_SERVER_PORT: '127.0.0.1:0',
  HANGAR_LEASE_TERM: '6s',
  HANGAR_NODE_LOST_PATIENCE: '60s',
  HANGAR_IMAGE_COMMANDS: IMAGE_COMMANDS,
  // No server listens there, so a step whose image's command line is not listed is swapped.
  HANGAR_REGISTRY_MIRRORS: 'docker.io:127.0.0.1:1',
};

/** The key of Leases in the store. */
const LEASES = 'leases.coordination.k8s.io';

/** A Pod of a build. */
export interface BuildPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly buildId: number;
}

/** The embedded cluster, the practice server, and replicas that use both through proxies. */
export class ChaosSystem {
  readonly folder = mkdtempSync(join(tmpdir(), 'hangar-chaos-'));
  readonly clock: Clock;
  readonly drone: PracticeServer;
  readonly cluster: EmbeddedCluster;
  readonly replicas: Replica[] = [];
  readonly nodes = NODES;
  /** For each Pod by name: when it was first stopped or gone. Milliseconds since 1970. */
  readonly podStoppedMs = new Map<string, number>();
  readonly #proxies: FaultProxy[] = [];

  private constructor(clock: Clock, drone: PracticeServer, cluster: EmbeddedCluster) {
    this.clock = clock;
    this.drone = drone;
    this.cluster = cluster;
    mkdirSync(join(this.folder, 'effects'));
    cluster.api.store.subscribe(({ resource, type, object }) => {
      if (resource !== 'pods') return;
      const { deletionTimestamp, annotations } = object.metadata;
      const isConcluded = annotations?.[ANNOTATION.conclusion] !== undefined;
      const isStopped = type === 'DELETED' || deletionTimestamp !== undefined || isConcluded;
      if (isStopped) this.#podStopped(type, object);
    });
  }

  /** Starts everything but the replicas' processes. */
  static async start(clock: Clock, replicas: number, maxBuilds: number): Promise<ChaosSystem> {
    const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000, maxBuilds });
    const { cluster, access } = await startEmbedded({ nodes: NODES });
    const system = new ChaosSystem(clock, drone, cluster);
    for (let index = 1; index <= replicas; index += 1)
      system.replicas.push(await system.#replica(index, access.env));
    return system;
  }

  /** The file in which the steps of a build record their starts and ends. */
  effectsFile(buildNumber: number): string {
    return join(this.folder, 'effects', `build-${buildNumber}`);
  }

  /** All Pods of builds. */
  pods(): readonly BuildPod[] {
    return this.cluster.api.store.list('pods', 'hangar').map(podOf);
  }

  /**
   * Objects of the runner in the cluster. The Lease of a running replica is no leftover.
   *
   * @param running names of running replicas; undefined: none runs, and the last one does not delete its own Lease
   */
  leftovers(running: readonly string[] | undefined): readonly string[] {
    const { store } = this.cluster.api;
    const isOurs = ({ metadata }: KubeObject): boolean =>
      metadata.labels?.[LABEL.managedBy] === LABEL.managedByValue;
    const isRunning = ({ metadata }: KubeObject): boolean =>
      running === undefined || running.some((one) => metadata.name.endsWith(one));
    const leases = store.list(LEASES, 'hangar').filter((one) => !isRunning(one));
    const namespaces = store.list('namespaces').filter(isOurs);
    return [
      ...store.list('pods', 'hangar').map(({ metadata }) => `Pod ${metadata.name}`),
      ...store.list('secrets', 'hangar').map(({ metadata }) => `Secret ${metadata.name}`),
      ...leases.map(({ metadata }) => `Lease ${metadata.name}`),
      ...namespaces.map(({ metadata }) => `Namespace ${metadata.name}`),
    ];
  }

  /** @param keepsFolder whether the logs of the daemons are kept */
  async close(keepsFolder: boolean): Promise<void> {
    await Promise.all(this.replicas.map((one) => one.close('SIGKILL')));
    await this.drone.close();
    await this.cluster.close();
    await Promise.all(this.#proxies.map((one) => one.close()));
    if (!keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  async #replica(index: number, env: Readonly<Record<string, string>>): Promise<Replica> {
    const { clock, cluster, drone, folder } = this;
    const [kubernetes, toDrone] = [
      new FaultProxy(clock, 'kubernetes', cluster.url),
      new FaultProxy(clock, 'drone', drone.url),
    ];
    this.#proxies.push(kubernetes, toDrone);
    await Promise.all([kubernetes.listen(), toDrone.listen()]);
    return new Replica(clock, {
      ...{ index, folder, kubernetes, drone: toDrone },
      kubeconfig: cluster.kubeconfig().replace(cluster.url, kubernetes.url),
      env: {
        ...{ ...env, ...SETTINGS, DRONE_RPC_HOST: drone.host },
        ...{ DRONE_NAMESPACE_DEFAULT: 'hangar', HANGAR_LEASE_NAMESPACE: 'hangar' },
      },
    });
  }

  #podStopped(type: ChangeType, object: KubeObject): void {
    const { name, deletionTimestamp = '-' } = object.metadata;
    if (this.podStoppedMs.has(name)) return;
    this.podStoppedMs.set(name, this.clock.now());
    const line = `${new Date(this.clock.now()).toISOString()} ${type} ${name} ${deletionTimestamp}\n`;
    appendFileSync(join(this.folder, 'stopped-pods.log'), line);
  }
}

function podOf(object: KubeObject): BuildPod {
  const { namespace = '', name, labels = {} } = object.metadata;
  const { nodeName = '' } = Object(object['spec']) as { nodeName?: string };
  return { namespace, name, node: nodeName, buildId: Number(labels[LABEL.buildId]) };
}
