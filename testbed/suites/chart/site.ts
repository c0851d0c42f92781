import { readFile } from 'node:fs/promises';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesListObject, KubernetesObject, V1Pod } from '@kubernetes/client-node';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { ProgramName } from '../../parts/images/bundle.ts';
import { runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { adminApi } from '../../parts/real/kubernetes.ts';
import { cluster } from '../../parts/real/plan/layout.ts';
import { makeBridge } from '../../parts/site/bridge.ts';
import { type Forwarder, forward } from '../../parts/site/forwarder.ts';
import { offerPrograms, type ProgramImages } from '../../parts/site/program-images.ts';
import { siteValues } from '../../parts/site/site-values.ts';
import { until } from '../../parts/until.ts';
import { OwnNamespace } from '../real-flows/own-namespace.ts';
import { CHART, type ChartValues, Helm, laidOver } from './helm.ts';

const SECRET = 'chart-secret';
const PATIENCE_MS = 120_000;

/** What a site is made of. */
interface SiteParts {
  readonly real: RealCluster;
  readonly helm: Helm;
  readonly drone: PracticeServer;
  /** Of the release; takes only Pods that Pod Security "restricted" allows. */
  readonly release: OwnNamespace;
  /** Of the pipelines' Pods. */
  readonly jobs: OwnNamespace;
  readonly images: ProgramImages;
  readonly forwarders: Readonly<Record<'api' | 'drone' | 'registry', Forwarder>>;
}

/** A namespace of the real cluster with all that an operator has before an install: server, Secret, images on the node. */
export class Site {
  readonly drone: PracticeServer;
  /** Of the release. */
  readonly namespace: string;
  /** Of the pipelines' Pods. */
  readonly jobs: string;
  readonly #parts: SiteParts;

  private constructor(parts: SiteParts) {
    this.#parts = parts;
    this.drone = parts.drone;
    this.namespace = parts.release.name;
    this.jobs = parts.jobs.name;
  }

  static async open(): Promise<Site> {
    const real = await connectRealCluster();
    const helm = await Helm.open(real.layout, real.adminKubeconfig);
    const images = await offerPrograms(real.layout);
    const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
    const admin = await readFile(real.adminKubeconfig, 'utf8');
    const jobs = await OwnNamespace.make(admin, 'site-jobs');
    const label = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const release = await OwnNamespace.make(admin, 'site', label);
    const secret = { metadata: { name: 'drone-rpc' }, stringData: { DRONE_RPC_SECRET: SECRET } };
    // A Deployment of the previous runner is beside its builds.
    for (const space of [release, jobs]) await space.create(RESOURCE.secrets, secret);
    await makeBridge(await adminApi(real.layout), jobs.name, real.images.busybox);
    const forwarders = {
      api: await forward(cluster.ports.apiServer),
      drone: await forward(Number(drone.host.split(':')[1])),
      registry: await forward(cluster.ports.registry),
    };
    return new Site({ real, helm, drone, release, jobs, images, forwarders });
  }

  /** Values for this machine, with pipelines in their own namespace. */
  values(more: ChartValues = {}): ChartValues {
    const { real, images, forwarders } = this.#parts;
    const { clone, busybox } = real.images;
    const all = { ...images, gate: real.gateImage ?? '', clone, busybox };
    const base = siteValues({ nodeName: real.nodeName, images: all, addresses: forwarders });
    return laidOver({ ...base, jobs: { namespace: this.jobs } }, more);
  }

  /** Image of a program, as it is on the node. */
  imageOf(program: ProgramName): string {
    return this.#parts.images[program];
  }

  /** `helm install` and the like, with `--wait`; throws with Helm's message. */
  install(values: ChartValues, ...flags: readonly string[]): Promise<string> {
    return this.#parts.helm.run(['install', 'hangar', CHART, ...this.#flags(), ...flags], values);
  }

  upgrade(values: ChartValues): Promise<string> {
    return this.#parts.helm.run(
      ['upgrade', 'hangar', CHART, ...this.#flags(), '--wait', '--timeout', '3m'],
      values,
    );
  }

  /** Helm with the namespace of the site. */
  helmRun(...args: readonly string[]): Promise<string> {
    return this.#parts.helm.run([...args, ...this.#flags()]);
  }

  #flags(): readonly string[] {
    return ['-n', this.namespace];
  }

  /** kubectl with the namespace of the site. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.#kubectl(['-n', this.namespace, ...args], input);
  }

  /** kubectl with the namespace of the pipelines' Pods. */
  kubectlInJobs(args: readonly string[], input?: string): Promise<string> {
    return this.#kubectl(['-n', this.jobs, ...args], input);
  }

  #kubectl(args: readonly string[], input = ''): Promise<string> {
    const { kubectl, adminKubeconfig } = this.#parts.real;
    return runOrThrow(kubectl, ['--kubeconfig', adminKubeconfig, ...args], { input });
  }

  /** Objects of that kind in the namespace of the release, or of the jobs. */
  async list<T extends KubernetesObject>(
    kind: string,
    selector = '',
    namespace = this.namespace,
  ): Promise<readonly T[]> {
    const text = await this.#kubectl(['get', kind, '-n', namespace, '-o', 'json', '-l', selector]);
    return (JSON.parse(text) as KubernetesListObject<T>).items;
  }

  pods(component: 'runner' | 'autoscaler'): Promise<readonly V1Pod[]> {
    return this.list<V1Pod>('pods', `app.kubernetes.io/component=${component}`);
  }

  /** Pods of pipelines. */
  builds(): Promise<readonly V1Pod[]> {
    return this.list<V1Pod>('pods', RUNNER_SELECTOR, this.jobs);
  }

  /** Resolves when a Pod of the component is as wanted, with that Pod. */
  async podThat(
    component: 'runner' | 'autoscaler',
    what: string,
    is: (pod: V1Pod) => boolean | Promise<boolean>,
  ): Promise<V1Pod> {
    let found: V1Pod | undefined;
    await until(what, PATIENCE_MS, async () => {
      for (const pod of await this.pods(component)) if (await is(pod)) found = pod;
      return found !== undefined;
    });
    if (found === undefined) throw new Error(`no Pod of the ${component}: ${what}`);
    return found;
  }

  logs(pod: V1Pod, ...flags: readonly string[]): Promise<string> {
    return this.kubectl(['logs', pod.metadata?.name ?? '', ...flags]);
  }

  /** What a program answers over HTTP, by way of the API server. */
  async ask(component: 'runner' | 'autoscaler', port: number, path: string): Promise<string> {
    const pod = await this.podThat(component, `the ${component} to be ready`, takesTraffic);
    const base = `/api/v1/namespaces/${this.namespace}/pods/${pod.metadata?.name}:${port}/proxy`;
    return this.#kubectl(['get', '--raw', `${base}${path}`]);
  }

  async close(): Promise<void> {
    const { helm, release, jobs, forwarders } = this.#parts;
    const patience = ['--wait', '--timeout', '1m'];
    await helm.attempt(['uninstall', 'hangar', ...this.#flags(), '--ignore-not-found', ...patience]);
    await this.#kubectl(['delete', 'pods', '--all', '-n', jobs.name, '--grace-period=0', '--force']);
    await Promise.all([release, jobs].map((one) => one.remove()));
    await Promise.all(Object.values(forwarders).map((one) => one.close()));
    await this.drone.close();
  }
}

/** Whether it takes work. */
export const takesTraffic = ({ metadata, status }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: word }) => type === 'Ready' && word === 'True');
