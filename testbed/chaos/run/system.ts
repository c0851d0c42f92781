import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANNOTATION } from '@hangar/runner/compiled';
import type { Clock } from '@hangar/shared/clock';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { Shape } from '../plan/shapes.ts';
import type { ChaosCluster, OpenCluster, PodChange } from './chaos-cluster.ts';
import { FaultProxy } from './proxy.ts';
import { Replica } from './replica.ts';

const SECRET = 'chaos-secret';
const IMAGE_COMMANDS = new URL('../../demo/image-commands.yml', import.meta.url).pathname;

/** Settings of every replica, for fast takeovers and for waiting out temporary faults. */
const SETTINGS = {
  DRONE_RPC_SECRET: SECRET,
  DRONE_RPC_PROTO: 'http',
  DRONE_RUNNER_CAPACITY: '40',
  DRONE_SERVER_PORT: '127.0.0.1:0',
  HANGAR_LEASE_TERM: '6s',
  HANGAR_NODE_LOST_PATIENCE: '60s',
  HANGAR_KEEP_FAILED_MAX: '1h',
  HANGAR_KEEP_FAILED_PODS: '1000',
  HANGAR_IMAGE_COMMANDS: IMAGE_COMMANDS,
  // No server listens there, so a step whose image's command line is not listed is swapped.
  HANGAR_REGISTRY_MIRRORS: 'docker.io:127.0.0.1:1',
};

/** What a system is made of. */
export interface SystemParts {
  readonly clock: Clock;
  readonly openCluster: OpenCluster;
  readonly replicas: number;
  readonly maxBuilds: number;
}

/** A cluster, the practice server, and replicas that use both through proxies. */
export class ChaosSystem {
  readonly folder = mkdtempSync(join(tmpdir(), 'hangar-chaos-'));
  readonly clock: Clock;
  readonly drone: PracticeServer;
  readonly cluster: ChaosCluster;
  readonly replicas: Replica[] = [];
  readonly #podUids = new Map<string, string>();
  /** For the latest Pod of each name: when it was first stopped or gone. Milliseconds since 1970. */
  readonly podStoppedMs = new Map<string, number>();
  readonly #proxies: FaultProxy[] = [];

  private constructor(clock: Clock, drone: PracticeServer, cluster: ChaosCluster) {
    this.clock = clock;
    this.drone = drone;
    this.cluster = cluster;
    mkdirSync(this.#effectsFolder);
    cluster.watchPods((change) => this.#podChanged(change));
  }

  /** Starts everything but the replicas' processes. */
  static async start({ clock, openCluster, replicas, maxBuilds }: SystemParts): Promise<ChaosSystem> {
    const cluster = await openCluster(clock);
    const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000, maxBuilds });
    const system = new ChaosSystem(clock, drone, cluster);
    for (let index = 1; index <= replicas; index += 1) system.replicas.push(await system.#replica(index));
    return system;
  }

  get #effectsFolder(): string {
    return join(this.folder, 'effects');
  }

  /** The pipeline of a build; its steps record their starts and ends in {@link effectsFile}. */
  yamlOf(shape: Shape, buildNumber: number): string {
    const volume = this.cluster.sharesFiles ? undefined : this.#effectsFolder;
    return shape.yaml(this.effectsFile(buildNumber), volume);
  }

  /** The file in which the steps of a build record their starts and ends. */
  effectsFile(buildNumber: number): string {
    return join(this.#effectsFolder, `build-${buildNumber}`);
  }

  /**
   * Objects of the runner in the cluster. The Lease of a running replica is no leftover.
   *
   * @param running names of running replicas; undefined: none runs, and the last one does not delete its own Lease
   */
  async leftovers(running: readonly string[] | undefined): Promise<readonly string[]> {
    const isRunning = (lease: string): boolean =>
      running === undefined || running.some((one) => lease.endsWith(one));
    const leases = (await this.cluster.leases()).filter((one) => !isRunning(one));
    return [...(await this.cluster.objects()), ...leases.map((name) => `Lease ${name}`)];
  }

  /** @param keepsFolder whether the logs of the daemons are kept */
  async close(keepsFolder: boolean): Promise<void> {
    await Promise.all(this.replicas.map((one) => one.close('SIGKILL')));
    await this.drone.close();
    await this.cluster.close();
    await Promise.all(this.#proxies.map((one) => one.close()));
    if (!keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  async #replica(index: number): Promise<Replica> {
    const { clock, cluster, drone, folder } = this;
    const { upstream, namespace, env } = cluster;
    const [kubernetes, toDrone] = [
      new FaultProxy(clock, 'kubernetes', upstream),
      new FaultProxy(clock, 'drone', { url: drone.url }),
    ];
    this.#proxies.push(kubernetes, toDrone);
    await Promise.all([kubernetes.listen(), toDrone.listen()]);
    return new Replica(clock, {
      ...{ index, folder, kubernetes, drone: toDrone },
      kubeconfig: cluster.kubeconfigFor(kubernetes.url),
      env: {
        ...{ ...env, ...SETTINGS, DRONE_RPC_HOST: drone.host },
        ...{ DRONE_NAMESPACE_DEFAULT: namespace, HANGAR_LEASE_NAMESPACE: namespace },
      },
    });
  }

  #podChanged({ isGone, isBeingDeleted, name, uid, annotations }: PodChange): void {
    // A Pod in which nothing ran may be made again, with the same name.
    if (this.#podUids.get(name) !== uid) this.podStoppedMs.delete(name);
    this.#podUids.set(name, uid);
    const isConcluded = annotations[ANNOTATION.conclusion] !== undefined;
    if (!(isGone || isBeingDeleted || isConcluded) || this.podStoppedMs.has(name)) return;
    this.podStoppedMs.set(name, this.clock.now());
    const how = isGone ? 'gone' : isBeingDeleted ? 'being deleted' : 'concluded';
    const line = `${new Date(this.clock.now()).toISOString()} ${name} ${how}\n`;
    appendFileSync(join(this.folder, 'stopped-pods.log'), line);
  }
}
