import { createHash, randomBytes } from 'node:crypto';
import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import type { KubernetesListObject, KubernetesObject, V1Pod } from '@kubernetes/client-node';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import { archive, type NamedImage } from '../../parts/images/image.ts';
import { compilePrograms, nodeLayer, type Program, programImage } from '../../parts/images/program-image.ts';
import { until } from '../../parts/until.ts';
import { run } from '../../parts/real/command.ts';
import { ctr, importArchive } from '../../parts/real/ctr.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { cluster } from '../../parts/real/plan/layout.ts';
import { type Forwarder, forward } from './forwarder.ts';
import { CHART, type ChartValues, Helm, laidOver } from './helm.ts';

const SECRET = 'chart-secret';
const PATIENCE_MS = 120_000;

/** A namespace of the real cluster with all that an operator has before an install: server, Secret, images on the node. */
export class Site {
  readonly real: RealCluster;
  readonly helm: Helm;
  /** Of the release; takes only Pods that Pod Security "restricted" allows. */
  readonly namespace: string;
  /** Of the pipelines' Pods. */
  readonly jobs: string;
  readonly drone: PracticeServer;
  readonly #images: Readonly<Record<Program, string>>;
  readonly #forwarders: Readonly<Record<'api' | 'drone' | 'registry', Forwarder>>;

  private constructor(parts: SiteParts) {
    this.real = parts.real;
    this.helm = parts.helm;
    this.namespace = parts.namespace;
    this.jobs = `${parts.namespace}-jobs`;
    this.drone = parts.drone;
    this.#images = parts.images;
    this.#forwarders = parts.forwarders;
  }

  static async open(): Promise<Site> {
    const real = await connectRealCluster();
    const helm = await Helm.open(real.layout, real.adminKubeconfig);
    const namespace = `site-${randomBytes(3).toString('hex')}`;
    const images = await offerPrograms(real);
    const drone = await startPracticeServer({ secret: SECRET, longPollMs: 5_000 });
    const kubectl = kubectlOf(real);
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    for (const name of [namespace, `${namespace}-jobs`]) await kubectl(['create', 'namespace', name]);
    await kubectl(['label', 'namespace', namespace, label]);
    await kubectl([
      'create',
      'secret',
      'generic',
      'drone-rpc',
      '-n',
      namespace,
      `--from-literal=DRONE_RPC_SECRET=${SECRET}`,
    ]);
    await makeBridge(kubectl, `${namespace}-jobs`, real.images.busybox);
    const forwarders = {
      api: await forward(cluster.ports.apiServer),
      drone: await forward(Number(drone.host.split(':')[1])),
      registry: await forward(cluster.ports.registry),
    };
    return new Site({ real, helm, namespace, drone, images, forwarders });
  }

  /** What an operator would write, and what this machine needs besides: no DNS and no routes for Pods, and fake nodes of others. */
  values(more: ChartValues = {}): ChartValues {
    const { api, drone, registry } = this.#forwarders;
    const here = {
      nodeSelector: { 'kubernetes.io/hostname': this.real.nodeName },
      hostAliases: [{ ip: api.host, hostnames: ['kubernetes.default.svc'] }],
      extraEnv: [
        { name: 'KUBERNETES_SERVICE_HOST', value: 'kubernetes.default.svc' },
        { name: 'KUBERNETES_SERVICE_PORT', value: `${api.port}` },
      ],
    };
    const mirror = `${registry.host}:${registry.port}`;
    const config = {
      DRONE_RPC_HOST: `${drone.host}:${drone.port}`,
      DRONE_IMAGE_CLONE: this.real.images.clone,
      DRONE_NODE_SELECTOR_DEFAULT: here.nodeSelector,
      HANGAR_REGISTRY_MIRRORS: { 'docker.io': mirror },
      HANGAR_REGISTRY_PLAIN_HTTP: [mirror],
    };
    const base = {
      runner: {
        ...here,
        image: imageOf(this.#images.runner),
        gateImage: imageOf(this.real.gateImage ?? ''),
        rpcSecret: { existingSecret: 'drone-rpc' },
        config,
      },
      autoscaler: {
        ...here,
        image: imageOf(this.#images.autoscaler),
        persistence: { enabled: false },
        rbac: { look: true },
      },
      jobs: { namespace: this.jobs },
      test: { image: this.real.images.busybox },
    };
    return laidOver(base, more);
  }

  /** `helm install` and the like, with `--wait`; throws with Helm's words. */
  install(values: ChartValues, ...flags: readonly string[]): Promise<string> {
    return this.helm.run(['install', 'hangar', CHART, ...this.#flags(), ...flags], values);
  }

  upgrade(values: ChartValues): Promise<string> {
    return this.helm.run(['upgrade', 'hangar', CHART, ...this.#flags(), '--wait', '--timeout', '3m'], values);
  }

  /** Helm with the namespace of the site. */
  helmRun(...args: readonly string[]): Promise<string> {
    return this.helm.run([...args, ...this.#flags()]);
  }

  #flags(): readonly string[] {
    return ['-n', this.namespace];
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectlOf(this.real)(['-n', this.namespace, ...args], input);
  }

  /** Objects of that kind in the namespace of the release, or of the jobs. */
  async list<T extends KubernetesObject>(
    kind: string,
    selector = '',
    namespace = this.namespace,
  ): Promise<readonly T[]> {
    const text = await kubectlOf(this.real)(['get', kind, '-n', namespace, '-o', 'json', '-l', selector]);
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
    const pod = await this.podThat(component, `the ${component} to be ready`, isReady);
    const base = `/api/v1/namespaces/${this.namespace}/pods/${pod.metadata?.name}:${port}/proxy`;
    return kubectlOf(this.real)(['get', '--raw', `${base}${path}`]);
  }

  async close(): Promise<void> {
    const patience = ['--wait', '--timeout', '1m'];
    await this.helm.attempt(['uninstall', 'hangar', ...this.#flags(), '--ignore-not-found', ...patience]);
    const kubectl = kubectlOf(this.real);
    await kubectl(['delete', 'pods', '--all', '-n', this.jobs, '--grace-period=0', '--force']);
    await kubectl(['delete', 'namespace', this.namespace, this.jobs, '--wait=false']);
    await Promise.all(Object.values(this.#forwarders).map((one) => one.close()));
    await this.drone.close();
  }
}

interface SiteParts extends Pick<Site, 'real' | 'helm' | 'namespace' | 'drone'> {
  readonly images: Readonly<Record<Program, string>>;
  readonly forwarders: Readonly<Record<'api' | 'drone' | 'registry', Forwarder>>;
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

const kubectlOf =
  (real: RealCluster): Kubectl =>
  (args, input) =>
    run(real.kubectl, ['--kubeconfig', real.adminKubeconfig, ...args], input === undefined ? {} : { input });

/** Whether it takes work. */
export const isReady = ({ metadata, status }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: word }) => type === 'Ready' && word === 'True');

/** A full name as the chart's values have it. */
function imageOf(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** The bridge of the Pods is there as soon as one has run. */
async function makeBridge(kubectl: Kubectl, namespace: string, image: string): Promise<void> {
  const overrides = JSON.stringify({
    spec: { nodeSelector: { 'kubernetes.io/hostname': cluster.nodeName } },
  });
  await kubectl([
    'run',
    'bridge',
    '-n',
    namespace,
    `--image=${image}`,
    '--restart=Never',
    `--overrides=${overrides}`,
    '--image-pull-policy=IfNotPresent',
    '--',
    'true',
  ]);
  await kubectl([
    'wait',
    'pod/bridge',
    '-n',
    namespace,
    '--for=jsonpath={.status.phase}=Succeeded',
    '--timeout=120s',
  ]);
}

/** Compiles both programs and puts their images on the node, named by what is in them. */
async function offerPrograms({ layout }: RealCluster): Promise<Readonly<Record<Program, string>>> {
  await compilePrograms(layout.repository);
  const node = await nodeLayer();
  const named = async (program: Program): Promise<NamedImage> => {
    const image = await programImage(layout.repository, program, node);
    const tag = createHash('sha256').update(image.manifest.digest).digest('hex').slice(0, 12);
    return { name: `docker.io/hangar/${program}:${tag}`, image };
  };
  const [runner, autoscaler] = [await named('runner'), await named('autoscaler')];
  const present = new Set((await ctr(layout, ['images', 'ls', '-q'])).split('\n'));
  const missing = [runner, autoscaler].filter(({ name }) => !present.has(name));
  if (missing.length > 0) await importArchive(layout, archive(missing));
  return { runner: runner.name, autoscaler: autoscaler.name };
}
