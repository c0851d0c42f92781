import { REGISTRY_PATH } from '../../../machine/needs.ts';
import { cluster, type Layout, partFolder, programPath, registryAddress, statePaths } from './layout.ts';

/** A process of the cluster. */
export type ServiceName =
  | 'etcd'
  | 'registry'
  | 'containerd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kwok'
  | 'kubelet';

/** All processes in starting order; they are stopped the other way round, but see `stopOrder`. */
export const serviceNames: readonly ServiceName[] = [
  'etcd',
  'registry',
  'containerd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubelet',
];

/** Stopping order: kubelet and containerd last. */
export const stopOrder: readonly ServiceName[] = [
  'kwok',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-apiserver',
  'etcd',
  'registry',
  'kubelet',
  'containerd',
];

/** How to see that a process does its work: a URL that answers 200, or a socket that takes a connection. */
export type Probe =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'socket'; readonly path: string };

/** How a process is started and probed. */
export interface ServiceSpec {
  readonly name: ServiceName;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly probe: Probe;
}

type Command = Omit<ServiceSpec, 'name' | 'environment'> & {
  readonly environment?: ServiceSpec['environment'];
};

const loopback = (port: number, path: string, scheme: 'http' | 'https' = 'http'): Probe => ({
  kind: 'url',
  url: `${scheme}://127.0.0.1:${port}${path}`,
});

function etcd(layout: Layout): Command {
  const { etcd: client, etcdPeer } = cluster.ports;
  return {
    program: programPath(layout, 'etcd', 'etcd'),
    arguments: [
      '--name=hangar',
      `--data-dir=${statePaths(layout).etcd}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${etcdPeer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${etcdPeer}`,
      `--initial-cluster=hangar=http://127.0.0.1:${etcdPeer}`,
      // A test cluster need not survive a power cut, and its writes shouldn't wait for the disk.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    probe: loopback(client, '/health'),
  };
}

function registry(layout: Layout): Command {
  return {
    program: REGISTRY_PATH,
    arguments: ['serve', `${statePaths(layout).config}/registry.yml`],
    environment: { OTEL_TRACES_EXPORTER: 'none' },
    probe: { kind: 'url', url: `http://${registryAddress}/v2/` },
  };
}

function containerd(layout: Layout): Command {
  const { config, containerdSocket } = statePaths(layout);
  return {
    program: programPath(layout, 'containerd', 'containerd'),
    arguments: ['--config', `${config}/containerd.toml`],
    // The shim is found by PATH: ours must precede Debian's, which loses output.
    environment: {
      PATH: `${partFolder(layout, 'containerd')}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    probe: { kind: 'socket', path: containerdSocket },
  };
}

function apiServer(layout: Layout): Command {
  const { keys } = statePaths(layout);
  return {
    program: programPath(layout, 'kubernetes', 'kube-apiserver'),
    arguments: [
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${cluster.ports.apiServer}`,
      `--etcd-servers=http://127.0.0.1:${cluster.ports.etcd}`,
      // Without it a server on loopback alone is refused.
      '--endpoint-reconciler-type=none',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--token-auth-file=${keys}/tokens.csv`,
      `--client-ca-file=${keys}/ca.crt`,
      `--tls-cert-file=${keys}/serving.crt`,
      `--tls-private-key-file=${keys}/serving.key`,
      `--kubelet-client-certificate=${keys}/client.crt`,
      `--kubelet-client-key=${keys}/client.key`,
      `--kubelet-certificate-authority=${keys}/ca.crt`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${keys}/accounts.key`,
      `--service-account-signing-key-file=${keys}/accounts.key`,
      '--service-cluster-ip-range=10.198.0.0/16',
      // Beta, and off by default before Kubernetes 1.35: a gate that comes by image volume.
      '--feature-gates=ImageVolume=true',
      '--profiling=false',
    ],
    probe: loopback(cluster.ports.apiServer, '/readyz', 'https'),
  };
}

const servedSecurely = (layout: Layout, port: number): readonly string[] => [
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  `--tls-cert-file=${statePaths(layout).keys}/serving.crt`,
  `--tls-private-key-file=${statePaths(layout).keys}/serving.key`,
  '--leader-elect=false',
  '--profiling=false',
];

function controllerManager(layout: Layout): Command {
  const { keys } = statePaths(layout);
  return {
    program: programPath(layout, 'kubernetes', 'kube-controller-manager'),
    arguments: [
      ...servedSecurely(layout, cluster.ports.controllerManager),
      `--kubeconfig=${keys}/controller-manager.kubeconfig`,
      `--service-account-private-key-file=${keys}/accounts.key`,
      `--root-ca-file=${keys}/ca.crt`,
      '--use-service-account-credentials=true',
      `--flex-volume-plugin-dir=${statePaths(layout).kubelet}/volume-plugins`,
      // Load tests create and delete thousands of simulated nodes and Pods.
      '--kube-api-qps=300',
      '--kube-api-burst=600',
    ],
    probe: loopback(cluster.ports.controllerManager, '/healthz', 'https'),
  };
}

function scheduler(layout: Layout): Command {
  return {
    program: programPath(layout, 'kubernetes', 'kube-scheduler'),
    arguments: [
      ...servedSecurely(layout, cluster.ports.scheduler),
      `--kubeconfig=${statePaths(layout).keys}/scheduler.kubeconfig`,
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
    ],
    probe: loopback(cluster.ports.scheduler, '/readyz', 'https'),
  };
}

function kwok(layout: Layout): Command {
  return {
    program: programPath(layout, 'kwok', 'kwok'),
    arguments: [
      `--kubeconfig=${statePaths(layout).adminKubeconfig}`,
      `--config=${statePaths(layout).config}/kwok-stages.yaml`,
      '--manage-all-nodes=false',
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${cluster.ports.kwok}`,
      '--cidr=10.197.0.0/16',
      '--node-ip=127.0.0.1',
    ],
    probe: loopback(cluster.ports.kwok, '/healthz'),
  };
}

function kubelet(layout: Layout): Command {
  const paths = statePaths(layout);
  return {
    program: programPath(layout, 'kubernetes', 'kubelet'),
    arguments: [
      `--config=${paths.config}/kubelet.json`,
      `--kubeconfig=${paths.keys}/kubelet.kubeconfig`,
      `--root-dir=${paths.kubelet}`,
      `--cert-dir=${paths.keys}/kubelet`,
      `--hostname-override=${cluster.nodeName}`,
      // Leaves the node's addresses to us: 127.0.0.1, so that logs and exec stay on loopback.
      '--cloud-provider=external',
    ],
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    probe: loopback(cluster.ports.kubeletHealth, '/healthz'),
  };
}

const commands: Readonly<Record<ServiceName, (layout: Layout) => Command>> = {
  etcd,
  registry,
  containerd,
  'kube-apiserver': apiServer,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  kwok,
  kubelet,
};

/** How that process is started in that layout. */
export function serviceNamed(layout: Layout, name: ServiceName): ServiceSpec {
  return { environment: {}, ...commands[name](layout), name };
}

/** What is found of a process: `ill` runs but doesn't answer its probe. */
export type ServiceHealth = 'healthy' | 'ill' | 'stopped';

/** What `up` has to do. `repair` restarts the named processes in place; `rebuild` clears away the rest first. */
export type BringUp =
  | { readonly kind: 'leave' }
  | { readonly kind: 'repair'; readonly services: readonly ServiceName[] }
  | { readonly kind: 'rebuild'; readonly reason: string };

/** Those that carry the state of all others: when one is gone, the cluster is made anew. */
const foundations: ReadonlySet<ServiceName> = new Set(['etcd', 'containerd', 'kube-apiserver']);

/** What is recorded about the running cluster, and what it would be if it were started now. */
export interface Generation {
  readonly bootId: string;
  readonly settingsHash: string;
}

/** Decides what `up` does about a cluster found in that health. */
export function bringUp(
  health: Readonly<Record<ServiceName, ServiceHealth>>,
  recorded: Generation | undefined,
  wanted: Generation,
): BringUp {
  if (recorded === undefined) return { kind: 'rebuild', reason: 'no cluster here yet' };
  if (recorded.bootId !== wanted.bootId)
    return { kind: 'rebuild', reason: 'the machine was restarted since' };
  if (recorded.settingsHash !== wanted.settingsHash)
    return { kind: 'rebuild', reason: 'versions or settings changed' };
  const broken = serviceNames.filter((name) => health[name] !== 'healthy');
  const gone = broken.find((name) => foundations.has(name));
  if (gone !== undefined) return { kind: 'rebuild', reason: `${gone} is ${health[gone]}` };
  return broken.length === 0 ? { kind: 'leave' } : { kind: 'repair', services: broken };
}
