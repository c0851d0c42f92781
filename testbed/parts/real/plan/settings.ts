import { CNI_FOLDER, RUNC_PATH } from '../../../machine/needs.ts';
import { cluster, type Layout, registryAddress, serverUrl, statePaths } from './layout.ts';

/** Secrets made anew for each cluster, by who holds them. */
export interface Tokens {
  readonly admin: string;
  readonly kubelet: string;
  readonly scheduler: string;
  readonly controllerManager: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** The API server's token file: one line a client, with the user and groups that Kubernetes' own roles know. */
export function tokenFile(tokens: Tokens): string {
  return [
    `${tokens.admin},hangar-admin,hangar-admin,"system:masters"`,
    `${tokens.kubelet},system:node:${cluster.nodeName},kubelet,"system:nodes"`,
    `${tokens.scheduler},system:kube-scheduler,scheduler`,
    `${tokens.controllerManager},system:kube-controller-manager,controller-manager`,
    '',
  ].join('\n');
}

/** A kubeconfig for one bearer of a token. JSON, which is YAML too. */
export function kubeconfig(token: string, authority: string, namespace = 'default'): string {
  return json({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'hangar-testbed',
        cluster: {
          server: serverUrl,
          'certificate-authority-data': Buffer.from(authority).toString('base64'),
        },
      },
    ],
    users: [{ name: 'holder', user: { token } }],
    contexts: [{ name: 'hangar-testbed', context: { cluster: 'hangar-testbed', user: 'holder', namespace } }],
    'current-context': 'hangar-testbed',
  });
}

/** The kubelet's configuration; why each line is there: testbed §2. */
export function kubeletConfiguration(layout: Layout): string {
  const paths = statePaths(layout);
  return json({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port: cluster.ports.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: '127.0.0.1',
    healthzPort: cluster.ports.kubeletHealth,
    tlsCertFile: `${paths.keys}/serving.crt`,
    tlsPrivateKeyFile: `${paths.keys}/serving.key`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: `${paths.keys}/ca.crt` },
    },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cluster.cgroup}`,
    failSwapOn: false,
    failCgroupV1: false,
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    featureGates: { ImageVolume: true },
    maxPods: 250,
    oomScoreAdj: 0,
    podLogsDir: paths.podLogs,
    volumePluginDir: `${paths.kubelet}/volume-plugins`,
    // Connections there are refused at once: a look-up in a Pod fails instead of leaving the machine.
    clusterDNS: [cluster.gateway],
    clusterDomain: 'cluster.local',
    // A full disk of the developer's is no reason to throw away images that no public registry has.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { 'memory.available': '200Mi', 'nodefs.available': '2%', 'imagefs.available': '2%' },
    logging: { verbosity: 2 },
  });
}

/** containerd's configuration (version 3): everything in one folder, plain http to loopback registries. */
export function containerdConfiguration(layout: Layout): string {
  const paths = statePaths(layout);
  return `version = 3
root = '${paths.containerd}/root'
state = '${paths.containerd}/state'

[grpc]
  address = '${paths.containerdSocket}'

[ttrpc]
  address = '${paths.containerdSocket}.ttrpc'

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '${cluster.pauseImage}'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '${paths.certs}'

[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  # The machine's root may lack CAP_SYS_RESOURCE: without this no sandbox starts.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['${CNI_FOLDER}']
    conf_dir = '${paths.cni}'
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = '${RUNC_PATH}'
        Root = '${paths.containerd}/runc'
        SystemdCgroup = false
`;
}

/** The Pods' network: a bridge without a default route, so that no Pod reaches anything beyond it. */
export function podNetwork(layout: Layout): string {
  return json({
    cniVersion: '0.4.0',
    name: 'hangar',
    plugins: [
      {
        type: 'bridge',
        bridge: cluster.bridge,
        isGateway: true,
        isDefaultGateway: false,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: statePaths(layout).addresses,
          ranges: [[{ subnet: cluster.subnet, gateway: cluster.gateway }]],
        },
      },
    ],
  });
}

/** Public registries whose names pipelines use; all of them lead to the registry on loopback. */
const publicRegistries = ['docker.io', 'quay.io', 'gcr.io', 'ghcr.io', 'registry.k8s.io', 'public.ecr.aws'];

/** `hosts.toml` files below containerd's `config_path`, by relative path: plain http, and nothing leaves the machine. */
export function registryHosts(): Readonly<Record<string, string>> {
  const text = `server = 'http://${registryAddress}'\n`;
  const folders = [...publicRegistries, registryAddress];
  return Object.fromEntries(folders.map((folder) => [`${folder}/hosts.toml`, text]));
}

/** docker-registry's configuration: files in the state folder, deletable, on loopback. */
export function registryConfiguration(layout: Layout): string {
  return json({
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: statePaths(layout).registry },
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: registryAddress, secret: 'loopback only' },
    health: { storagedriver: { enabled: false } },
  });
}

/** All settings files by path relative to the configuration folder; needs no secret. */
export function settingsFiles(layout: Layout): Readonly<Record<string, string>> {
  const hosts = Object.entries(registryHosts()).map(([path, text]) => [`certs.d/${path}`, text] as const);
  return {
    'kubelet.json': kubeletConfiguration(layout),
    'containerd.toml': containerdConfiguration(layout),
    'registry.yml': registryConfiguration(layout),
    'cni/10-hangar.conflist': podNetwork(layout),
    ...Object.fromEntries(hosts),
  };
}
