import { folderName, type PartName, partNamed } from './parts.ts';

/** The three folders that everything else is derived from; absolute. */
export interface Layout {
  /** All that the running cluster writes. Short, because Unix sockets live here (108 bytes). */
  readonly state: string;
  /** What is built once: programs and images. Outlives the clone. */
  readonly cache: string;
  /** The clone: sources of the gate, the Role. */
  readonly repository: string;
}

/** What outlives a clone: `$HANGAR_TESTBED_CACHE`, or `~/.cache/hangar`. */
export const cacheFolder = (environment: Readonly<Record<string, string | undefined>>): string =>
  environment['HANGAR_TESTBED_CACHE'] ?? `${environment['HOME'] ?? '/root'}/.cache/hangar`;

/** Folders for this user: the cache, and `$HANGAR_TESTBED_STATE` or /var/lib/hangar-testbed. */
export function layoutFrom(
  environment: Readonly<Record<string, string | undefined>>,
  repository: string,
): Layout {
  const cache = cacheFolder(environment);
  const state = environment['HANGAR_TESTBED_STATE'] ?? '/var/lib/hangar-testbed';
  for (const [name, folder] of Object.entries({ HANGAR_TESTBED_CACHE: cache, HANGAR_TESTBED_STATE: state })) {
    if (!folder.startsWith('/')) throw new Error(`${name} must be an absolute folder, not "${folder}"`);
  }
  if (state.length > 40)
    throw new Error(`HANGAR_TESTBED_STATE is too long for Unix sockets: at most 40 characters`);
  if (state.split('/').filter(Boolean).length < 2)
    throw new Error(`HANGAR_TESTBED_STATE must be a folder of its own, such as /var/lib/hangar-testbed`);
  return { cache: `${cache}/testbed`, state: state.replace(/\/+$/, ''), repository };
}

/** Folder of a built part. */
export const partFolder = (layout: Layout, part: PartName): string =>
  `${layout.cache}/${folderName(partNamed(part))}`;

/** A built program. Throws when no part has one of that name. */
export function programPath(layout: Layout, part: PartName, program: string): string {
  if (!partNamed(part).programs.some((candidate) => candidate.name === program)) {
    throw new Error(`part ${part} has no program ${program}`);
  }
  return `${partFolder(layout, part)}/bin/${program}`;
}

/** Files and folders of the running cluster. */
export function statePaths(layout: Layout) {
  const inState = (path: string) => `${layout.state}/${path}`;
  return {
    record: inState('state.json'),
    keys: inState('keys'),
    config: inState('config'),
    logs: inState('log'),
    pids: inState('pid'),
    etcd: inState('etcd'),
    registry: inState('registry'),
    containerd: inState('containerd'),
    containerdSocket: inState('containerd/containerd.sock'),
    kubelet: inState('kubelet'),
    podLogs: inState('pods'),
    certs: inState('config/certs.d'),
    cni: inState('config/cni'),
    addresses: inState('addresses'),
    adminKubeconfig: inState('admin.kubeconfig'),
    runnerKubeconfig: inState('runner.kubeconfig'),
  } as const;
}

/** Fixed names and ports of the one cluster; every port is on 127.0.0.1. */
export const cluster = {
  nodeName: 'hangar-node',
  namespace: 'hangar',
  runnerAccount: 'hangar-runner',
  bridge: 'hangar0',
  subnet: '10.199.0.0/16',
  gateway: '10.199.0.1',
  cgroup: 'hangar-testbed',
  pauseImage: 'docker.io/local/pause:1',
  ports: {
    apiServer: 16443,
    etcd: 12379,
    etcdPeer: 12380,
    registry: 15000,
    kubelet: 10250,
    kubeletHealth: 10248,
    controllerManager: 10257,
    scheduler: 10259,
    kwok: 10247,
  },
} as const;

/** Address of the cluster's registry, as in image names. */
export const registryAddress = `127.0.0.1:${cluster.ports.registry}`;

/** URL of the API server. */
export const serverUrl = `https://127.0.0.1:${cluster.ports.apiServer}`;
